// SPDX-License-Identifier: GPL-2.0-or-later
// Every extension, in every message, with any content: the bytes are the message's type, the extension's and
// its data. A hub with two clients reads it, answers it or passes it on. Whatever comes out must decode.
#include <stdlib.h>

#include "base/rd.h"
#include "core/node.h"
#include "wire/nhrp_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IFACE  1
#define TUNNEL 10

static const uint16_t types[] = { NHRP_EXT_RESPONDER, NHRP_EXT_FORWARD_TRANSIT, NHRP_EXT_REVERSE_TRANSIT,
	NHRP_EXT_AUTHENTICATION, NHRP_EXT_VENDOR, NHRP_EXT_NAT_ADDRESS, 1, 2, 6, 10, 0x1234,
	NHRP_EXT_TYPE_MASK };

static void require(bool law)
{
	if (!law)
		abort();
}

static struct addr nbma(unsigned index)
{
	return addr_from_ipv4(0xac100001 + index);
}

static struct addr tunnel(unsigned index)
{
	return addr_from_ipv4(0x0a000001 + index);
}

static void drain(struct node *node)
{
	struct desired_item item;
	struct action *action;
	struct nhrp_msg msg;

	while ((action = node_pop_action(node)) != NULL) {
		require(action->type != ACTION_SEND ||
			nhrp_msg_decode(action->packet, action->send.length, &msg, NULL) == NHRP_DECODE_OK);
		free(action);
	}
	while (desired_pop_change(node_desired(node), &item))
		require(item.iface == IFACE);
}

static void send(struct node *node, unsigned from, const struct nhrp_msg *msg)
{
	const struct nhrp_auth_key none = { .kind = NHRP_AUTH_NONE };
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length = msg->extension_count > 0 && msg->extensions[0].type == NHRP_EXT_AUTHENTICATION
				? nhrp_msg_encode(msg, packet, sizeof(packet))
				: nhrp_auth_encode(msg, &none, msg->src_protocol, packet, sizeof(packet));

	if (length > 0)
		node_on_packet(node, IFACE, nbma(from), packet, length, (struct mono) { MONO_SECOND });
	drain(node);
}

static struct nhrp_msg message(uint8_t type, unsigned from, unsigned to)
{
	struct nhrp_msg msg = {
		.type = type,
		.hop_count = 8,
		.protocol_family = ADDR_IPV4,
		.request_id = 1,
		.src_nbma = nbma(from),
		.src_protocol = tunnel(from),
		.dst_protocol = tunnel(to),
	};

	if (type != NHRP_ERROR_INDICATION && type != NHRP_TRAFFIC_INDICATION) {
		msg.flags = NHRP_FLAG_NAT;
		msg.cie_count = 1;
		msg.cies[0] = (struct nhrp_cie) { .prefix_length = 32, .holding_time = 60 };
	}
	return msg;
}

/// The hub is 10.0.0.1, its clients are .2 and .3.
static struct node *make_hub(struct node_config *config, struct iface_config *iface)
{
	struct node *node;

	*iface = (struct iface_config) { .id = IFACE,
		.name = "tunnel1",
		.address = { tunnel(0), 24 },
		.network_id = 1,
		.holding_time = 60,
		.redirect = true,
		.shortcut = true,
		.multicast_dynamic = true,
		.max_send_packets = MAX_SEND_PACKETS_DEFAULT,
		.max_send_interval = MAX_SEND_INTERVAL_DEFAULT,
		.limits = limits_default() };
	*config = (struct node_config) { .ifaces = iface, .iface_count = 1 };
	node = node_new(config, 1, 1, (struct mono) { 1 });
	node_on_link(node, IFACE, true, TUNNEL, nbma(0), (struct mono) { 1 });
	node_on_route(node,
		&(struct rib_route) {
			.prefix = prefix_make(tunnel(0), 24), .kind = RIB_UNICAST, .device = TUNNEL },
		true, (struct mono) { 1 });
	for (unsigned client = 1; client <= 2; client++) {
		struct nhrp_msg msg = message(NHRP_REGISTRATION_REQUEST, client, 0);

		send(node, client, &msg);
	}
	return node;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd rd = rd_make(data, size);
	uint8_t type = (uint8_t)(1 + rd_u8(&rd) % (NHRP_TYPES - 1)), which = rd_u8(&rd), options = rd_u8(&rd);
	struct node_config config;
	struct iface_config iface;
	struct node *node;
	struct nhrp_msg msg;

	if (!rd_ok(&rd))
		return 0;
	node = make_hub(&config, &iface);
	// To the hub, or through it to the other client; replies to who asked, too.
	msg = message(type, options & 1 ? 2 : 1, options & 2 ? 0 : options & 1 ? 1 : 2);
	if (nhrp_ext_add(&msg, types[which % ARRAY_SIZE(types)], options & 4, rd_bytes(&rd, rd_left(&rd)),
		    size - 3))
		send(node, options & 1 ? 2 : 1, &msg);
	node_free(node);
	return 0;
}
