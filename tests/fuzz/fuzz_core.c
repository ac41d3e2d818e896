// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that can happen to a node, in any order: the bytes are a list of packets, ticks, misses, routes,
// links, use and traffic. One node has no authentication and no room, the other has both. Messages are mostly
// well-formed and of few addresses and request IDs, so that they mean something to the node.
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "wire/nhrp_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IFACE    1
#define TUNNEL   10
#define MAX_STEP 400 ///< inputs to a node from one file

struct bench {
	struct node *node;
	struct node_config config;
	struct iface_config iface;
	struct nhs_config servers[2];
	struct map_config map;
	struct mono now;
};

static void require(bool law)
{
	if (!law)
		abort();
}

/// 10.0.0.1 to .8 are on the tunnel, of which .1 is the node's; 192.168.n.7 is behind something.
static struct addr pick_protocol(struct rd *rd)
{
	uint8_t byte = rd_u8(rd);

	if (byte == 0xff)
		return (struct addr) { 0 };
	return byte < 128 ? addr_from_ipv4(0x0a000001 + byte % 8)
			  : addr_from_ipv4(0xc0a80007 + byte % 4 * 256);
}

static struct addr pick_nbma(struct rd *rd)
{
	return addr_from_ipv4(0xac100001 + rd_u8(rd) % 8);
}

static uint32_t pick_id(const struct bench *bench, struct rd *rd)
{
	return bench->node->next_request_id - rd_u8(rd) % 16;
}

static void add_cies(struct nhrp_msg *msg, struct rd *rd)
{
	msg->cie_count = rd_u8(rd) % 4;
	for (uint8_t i = 0; i < msg->cie_count; i++) {
		static const uint8_t lengths[] = { 0, 32, 24, 16, 0xff, 8, 30, 1 };

		msg->cies[i] = (struct nhrp_cie) {
			.code = rd_u8(rd) % 4 ? 0 : 12,
			.prefix_length = lengths[rd_u8(rd) % ARRAY_SIZE(lengths)],
			.holding_time = rd_u8(rd),
			.nbma = pick_nbma(rd),
			.protocol = pick_protocol(rd),
			.preference = rd_u8(rd),
		};
	}
}

static void add_extensions(struct nhrp_msg *msg, struct rd *rd, uint8_t *space, size_t capacity)
{
	static const uint16_t types[] = { NHRP_EXT_RESPONDER, NHRP_EXT_FORWARD_TRANSIT,
		NHRP_EXT_REVERSE_TRANSIT, NHRP_EXT_NAT_ADDRESS, 0x123 };
	uint8_t which = rd_u8(rd);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct nhrp_cie cie = { .nbma = pick_nbma(rd), .protocol = pick_protocol(rd) };
		size_t length = which & 0x80 ? nhrp_ext_append_cie(NULL, &cie, space, capacity) : 0;

		if (which & 1U << i)
			require(nhrp_ext_add(msg, types[i], which & 0x40, length ? space : NULL, length));
		space += length;
		capacity -= length;
	}
}

static size_t write_ip(struct rd *rd, uint8_t *buffer)
{
	struct addr src = pick_protocol(rd), dst = pick_protocol(rd);

	memset(buffer, 0, 20);
	buffer[0] = 0x45;
	memcpy(buffer + 12, src.bytes, 4);
	memcpy(buffer + 16, dst.bytes, 4);
	return 20 - rd_u8(rd) % 2;
}

/// A message that decodes.
static void do_message(struct bench *bench, struct rd *rd)
{
	uint8_t payload[64], space[512], packet[NHRP_MAX_PACKET];
	struct addr from = pick_nbma(rd);
	struct nhrp_msg msg = {
		.type = (uint8_t)(1 + rd_u8(rd) % 8),
		.hop_count = rd_u8(rd),
		.protocol_family = ADDR_IPV4,
		.request_id = pick_id(bench, rd),
		.src_nbma = pick_nbma(rd),
		.src_protocol = pick_protocol(rd),
		.dst_protocol = pick_protocol(rd),
	};
	size_t length;

	if (msg.type == NHRP_ERROR_INDICATION || msg.type == NHRP_TRAFFIC_INDICATION) {
		msg.payload = payload;
		msg.payload_length = write_ip(rd, payload);
	} else {
		msg.flags = (uint16_t)(rd_u8(rd) << 8 | 2);
		add_cies(&msg, rd);
	}
	if (msg.type != NHRP_ERROR_INDICATION)
		add_extensions(&msg, rd, space, sizeof(space));
	length = nhrp_auth_encode(&msg, &bench->iface.auth, msg.src_protocol, packet, sizeof(packet));
	if (length > 0)
		node_on_packet(bench->node, IFACE, from, packet, length, bench->now);
}

static void do_raw(struct bench *bench, struct rd *rd)
{
	struct addr from = pick_nbma(rd);
	size_t length = rd_u8(rd);
	const uint8_t *bytes;

	length = length < rd_left(rd) ? length : rd_left(rd);
	bytes = rd_bytes(rd, length);
	if (bytes)
		node_on_packet(bench->node, IFACE, from, bytes, length, bench->now);
}

static void do_route(struct bench *bench, struct rd *rd)
{
	static const uint8_t lengths[] = { 0, 16, 24, 25, 32 };
	static const uint32_t devices[] = { TUNNEL, 20, 20, TUNNEL };
	uint8_t byte = rd_u8(rd);
	struct rib_route route = {
		.prefix = prefix_make(pick_protocol(rd), lengths[rd_u8(rd) % ARRAY_SIZE(lengths)]),
		.kind = byte & 0x20   ? RIB_UNREACHABLE
			: byte & 0x40 ? RIB_LOCAL
				      : RIB_UNICAST,
		.device = devices[byte % 4],
		.metric = byte >> 3 & 1,
	};

	if (!addr_is_set(route.prefix.addr))
		return;
	if (byte & 4)
		route.next_hop = pick_protocol(rd);
	node_on_route(bench->node, &route, byte & 0x80, bench->now);
}

static void do_traffic(struct bench *bench, struct rd *rd)
{
	uint8_t packet[64];
	size_t length = write_ip(rd, packet);

	node_on_traffic(bench->node, IFACE, IFACE, packet, length, bench->now);
}

static void do_tick(struct bench *bench, struct rd *rd)
{
	static const int64_t units[] = { MONO_MILLISECOND, 100 * MONO_MILLISECOND, MONO_SECOND,
		10 * MONO_SECOND };
	uint8_t byte = rd_u8(rd);

	bench->now = mono_add(bench->now, units[byte % 4] * (1 + byte / 4));
	node_tick(bench->node, bench->now);
	require(mono_before(bench->now, node_next_wake(bench->node)));
}

static void drain(struct bench *bench)
{
	struct desired_item item;
	struct action *action;

	while ((action = node_pop_action(bench->node)) != NULL) {
		struct nhrp_msg msg;

		require(action->type == ACTION_EVENT ||
			nhrp_msg_decode(action->packet, action->send.length, &msg, NULL) == NHRP_DECODE_OK);
		require(action->type == ACTION_EVENT || addr_is_set(action->send.nbma));
		free(action);
	}
	while (desired_pop_change(node_desired(bench->node), &item))
		require(item.iface == IFACE);
}

static void check(struct bench *bench)
{
	struct iface *iface = node_iface(bench->node, IFACE);
	const struct limits_config *limits = &bench->iface.limits;
	const struct desired *desired = node_desired(bench->node);
	struct binding *binding, *next;
	struct shortcut *shortcut;
	struct prefix cursor = { 0 };
	struct desired_item item;
	uint32_t dynamic = 0, cached = 0, neighbours = 0;

	HASH_ITER(hh, iface->bindings, binding, next)
	{
		dynamic += binding->type == BINDING_DYNAMIC;
		cached += binding->type == BINDING_CACHED || binding->type == BINDING_TEMPORARY;
		require(binding->has_neighbour || binding->type == BINDING_DYNAMIC);
		neighbours += binding->has_neighbour;
		require(!binding->has_neighbour ||
			(desired_find(desired, DESIRED_NEIGHBOUR, IFACE, prefix_host(binding->protocol),
				 (struct addr) { 0 }, &item) &&
				addr_equal(item.nbma, binding->peer->nbma)));
	}
	while ((shortcut = shortcut_next(iface, (struct prefix) { .addr.family = ADDR_IPV4 }, &cursor)) !=
		NULL) {
		cached++;
		require(cache_find(iface, shortcut->next_hop) != NULL);
		require(desired_find(
			desired, DESIRED_ROUTE, IFACE, shortcut->prefix, (struct addr) { 0 }, &item));
	}
	require(desired->counts[DESIRED_NEIGHBOUR] == neighbours);
	require(desired->counts[DESIRED_ROUTE] == iface->shortcuts.count);
	require(dynamic == iface->dynamic_count && dynamic <= limits->registrations);
	require(cached == iface->cached_count && cached <= limits->cached);
	require(iface->requester_count <= limits->requesters);
	require(HASH_COUNT(iface->resolutions) <= limits->resolutions);
}

static void step(struct bench *bench, struct rd *rd)
{
	uint8_t byte = rd_u8(rd);

	switch (byte % 12) {
	case 0:
		do_raw(bench, rd);
		break;
	case 1:
		do_tick(bench, rd);
		break;
	case 2:
		node_on_neigh_miss(bench->node, IFACE, pick_protocol(rd), bench->now);
		break;
	case 3:
		do_route(bench, rd);
		break;
	case 4:
		node_on_link(bench->node, IFACE, byte < 200, TUNNEL, pick_nbma(rd), bench->now);
		break;
	case 5:
		node_on_use(bench->node, IFACE, pick_nbma(rd), true, byte & 0x80, bench->now);
		break;
	case 6:
		do_traffic(bench, rd);
		break;
	case 7:
		if (byte > 200)
			(void)node_clear(bench->node, pick_protocol(rd), bench->now);
		drain(bench);
		break;
	default:
		do_message(bench, rd);
	}
}

static void configure(struct bench *bench, bool is_tight)
{
	struct iface_config *iface = &bench->iface;

	bench->now.us = 100 * MONO_SECOND;
	bench->config = (struct node_config) { .ifaces = iface, .iface_count = 1 };
	*iface = (struct iface_config) {
		.id = IFACE,
		.name = "tunnel1",
		.address = { .addr = addr_from_ipv4(0x0a000001), .length = 24 },
		.network_id = 1,
		.holding_time = 60,
		.redirect = true,
		.shortcut = true,
		.redirect_timeout = 8,
		.multicast_dynamic = true,
		.max_send_packets = MAX_SEND_PACKETS_DEFAULT,
		.max_send_interval = MAX_SEND_INTERVAL_DEFAULT,
		.limits = limits_default(),
		.nhs = bench->servers,
		.nhs_count = 2,
		.maps = &bench->map,
		.map_count = 1,
	};
	bench->servers[0] = (struct nhs_config) {
		.protocol = addr_from_ipv4(0x0a000002), .nbma = addr_from_ipv4(0xac100002), .multicast = true
	};
	bench->servers[1] = (struct nhs_config) { .protocol = addr_from_ipv4(0x0a000003), .priority = 1 };
	bench->map.protocol = addr_from_ipv4(0x0a000003);
	bench->map.nbma = addr_from_ipv4(0xac100003);
	if (is_tight)
		iface->limits = (struct limits_config) {
			.registrations = 2, .cached = 3, .resolutions = 3, .requesters = 2, .redirects = 2
		};
	else
		iface->auth = (struct nhrp_auth_key) {
			.kind = NHRP_AUTH_HMAC_SHA256, .length = 6, .key = "s3cr3t"
		};
}

static void play(const uint8_t *data, size_t size, bool is_tight)
{
	struct bench bench = { 0 };
	struct rd rd = rd_make(data, size);

	configure(&bench, is_tight);
	bench.node = node_new(&bench.config, 1, 100, bench.now);
	node_on_link(bench.node, IFACE, true, TUNNEL, addr_from_ipv4(0xac100001), bench.now);
	for (int i = 0; i < MAX_STEP && rd_left(&rd) > 0; i++) {
		step(&bench, &rd);
		check(&bench);
	}
	if (size % 2)
		node_shutdown(bench.node, bench.now);
	if (size % 3)
		drain(&bench);
	node_free(bench.node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	play(data, size, true);
	play(data, size, false);
	return 0;
}
