// SPDX-License-Identifier: GPL-2.0-or-later
#include "bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"

struct addr ip(const char *text)
{
	char plain[ADDR_TEXT_SIZE];
	struct addr addr = { 0 };
	unsigned behind = 0;

	if (sscanf(text, "%45[^%]%%%u", plain, &behind) < 1 || !addr_parse(plain, &addr))
		fail_msg("not an address: %s", text);
	addr.behind = (uint16_t)behind;
	return addr;
}

struct prefix net(const char *text)
{
	struct prefix prefix = { 0 };

	if (!prefix_parse(text, &prefix))
		fail_msg("not a prefix: %s", text);
	return prefix;
}

static struct bed *make(const char *address, const char *nbma)
{
	struct bed *bed = alloc_zeroed(1, sizeof(*bed));
	struct iface_config *iface = &bed->iface_config;

	bed->now.us = 100 * MONO_SECOND;
	bed->nbma = ip(nbma);
	bed->config = (struct node_config) { .ifaces = iface, .iface_count = 1 };
	iface->id = BED_IFACE;
	snprintf(iface->name, sizeof(iface->name), "tunnel1");
	iface->address = (struct prefix) { .addr = ip(address), .length = 24 };
	iface->network_id = 1;
	iface->holding_time = 600;
	iface->redirect_timeout = REDIRECT_TIMEOUT_DEFAULT;
	iface->max_send_packets = MAX_SEND_PACKETS_DEFAULT;
	iface->max_send_interval = MAX_SEND_INTERVAL_DEFAULT;
	iface->limits = limits_default();
	return bed;
}

struct bed *bed_hub(void)
{
	struct bed *bed = make("10.0.0.1", "172.16.0.1");

	bed->iface_config.redirect = true;
	bed->iface_config.multicast_dynamic = true;
	return bed;
}

struct bed *bed_spoke(void)
{
	struct bed *bed = make("10.0.0.2", "172.16.0.2");

	bed->iface_config.shortcut = true;
	bed->iface_config.nhs = bed->servers;
	bed->iface_config.nhs_count = 1;
	bed->servers[0] = (struct nhs_config) {
		.protocol = ip("10.0.0.1"), .nbma = ip("172.16.0.1"), .multicast = true
	};
	return bed;
}

void bed_drain(struct bed *bed)
{
	struct action *action;

	while ((action = node_pop_action(bed->node)) != NULL) {
		if (action->type == ACTION_EVENT) {
			bed->events[action->event.type]++;
			bed->last[action->event.type] = action->event;
		} else if (action->type == ACTION_RENEW_SA) {
			bed->renewed++;
		} else if (action->type == ACTION_SEND) {
			struct bed_sent *sent = alloc_zeroed(1, sizeof(*sent));

			assert_true(bed->sent_count < BED_MAX_SENT);
			sent->nbma = action->send.nbma;
			sent->length = action->send.length;
			memcpy(sent->packet, action->packet, sent->length);
			assert_int_equal(nhrp_msg_decode(sent->packet, sent->length, &sent->msg, NULL),
				NHRP_DECODE_OK);
			bed->sent[bed->sent_count++] = sent;
		}
		free(action);
	}
}

void bed_start(struct bed *bed)
{
	bool is_spoke = bed->iface_config.nhs_count > 0;
	struct rib_route own = { .kind = RIB_LOCAL, .prefix = prefix_host(bed->iface_config.address.addr) };

	bed->node = node_new(&bed->config, 1, 1, bed->now);
	bed->iface = node_iface(bed->node, BED_IFACE);
	node_on_link(bed->node, BED_IFACE, true, BED_TUNNEL, bed->nbma, bed->now);
	node_on_route(bed->node, &own, true, bed->now);
	bed_route(bed, "10.0.0.0/24", NULL, BED_TUNNEL, true);
	if (is_spoke) {
		bed_route(bed, "192.168.2.0/24", NULL, BED_LAN, true);
		bed_route(bed, "192.168.0.0/16", "10.0.0.1", BED_TUNNEL, true);
	} else {
		bed_route(bed, "192.168.2.0/24", "10.0.0.2", BED_TUNNEL, true);
		bed_route(bed, "192.168.3.0/24", "10.0.0.3", BED_TUNNEL, true);
	}
}

void bed_free(struct bed *bed)
{
	bed_forget(bed);
	node_free(bed->node);
	free(bed);
}

void bed_forget(struct bed *bed)
{
	for (size_t i = 0; i < bed->sent_count; i++)
		free(bed->sent[i]);
	bed->sent_count = 0;
}

void bed_advance(struct bed *bed, int64_t us)
{
	struct mono end = mono_add(bed->now, us);

	while (!mono_before(end, node_next_wake(bed->node))) {
		bed->now = node_next_wake(bed->node);
		node_tick(bed->node, bed->now);
		bed_drain(bed);
	}
	bed->now = end;
}

const struct bed_sent *bed_find(const struct bed *bed, uint8_t type)
{
	for (size_t i = 0; i < bed->sent_count; i++) {
		if (bed->sent[i]->msg.type == type)
			return bed->sent[i];
	}
	return NULL;
}

size_t bed_count(const struct bed *bed, uint8_t type)
{
	size_t count = 0;

	for (size_t i = 0; i < bed->sent_count; i++)
		count += bed->sent[i]->msg.type == type;
	return count;
}

struct nhrp_msg bed_message(uint8_t type, const char *src_nbma, const char *src, const char *dst, uint32_t id)
{
	struct nhrp_msg msg = {
		.type = type,
		.hop_count = NHRP_DEFAULT_HOP_COUNT,
		.request_id = id,
		.protocol_family = ADDR_IPV4,
		.src_nbma = ip(src_nbma),
		.src_protocol = ip(src),
		.dst_protocol = ip(dst),
	};

	assert_true(nhrp_ext_add(&msg, NHRP_EXT_RESPONDER, true, NULL, 0));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_FORWARD_TRANSIT, true, NULL, 0));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_REVERSE_TRANSIT, true, NULL, 0));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_NAT_ADDRESS, false, NULL, 0));
	return msg;
}

struct nhrp_cie *bed_cie(struct nhrp_msg *msg, uint8_t bits, uint16_t holding_time)
{
	struct nhrp_cie *cie = &msg->cies[msg->cie_count++];

	cie->prefix_length = bits;
	cie->holding_time = holding_time;
	return cie;
}

void bed_receive_bytes(struct bed *bed, const char *from, const uint8_t *packet, size_t length)
{
	node_on_packet(bed->node, BED_IFACE, ip(from), packet, length, bed->now);
	bed_drain(bed);
}

void bed_receive(struct bed *bed, const char *from, const struct nhrp_msg *msg)
{
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length =
		nhrp_auth_encode(msg, &bed->iface_config.auth, msg->src_protocol, packet, sizeof(packet));

	assert_true(length > 0);
	bed_receive_bytes(bed, from, packet, length);
}

void bed_sa(struct bed *bed, const char *nbma, enum sa_state state, const char *identity)
{
	node_on_sa(bed->node, BED_IFACE, ip(nbma), state, identity, bed->now);
	bed_drain(bed);
}

bool bed_wants_sa(struct bed *bed, const char *nbma, bool *ret_call)
{
	struct desired_item item = { 0 };
	bool wanted = desired_find(
		node_desired(bed->node), DESIRED_SA, BED_IFACE, (struct prefix) { 0 }, ip(nbma), &item);

	*ret_call = item.call;
	return wanted;
}

void bed_miss(struct bed *bed, const char *next_hop)
{
	node_on_neigh_miss(bed->node, BED_IFACE, ip(next_hop), bed->now);
	bed_drain(bed);
}

void bed_route(struct bed *bed, const char *prefix, const char *next_hop, uint32_t device, bool added)
{
	struct rib_route route = { .prefix = net(prefix), .kind = RIB_UNICAST, .device = device };

	if (next_hop)
		route.next_hop = ip(next_hop);
	node_on_route(bed->node, &route, added, bed->now);
	bed_drain(bed);
}

static int do_register(struct bed *bed, const char *nbma, const char *claimed, const char *protocol,
	uint16_t flags, uint32_t id)
{
	struct nhrp_msg msg = bed_message(NHRP_REGISTRATION_REQUEST, claimed, protocol, "10.0.0.1", id);
	const struct bed_sent *reply;

	msg.flags = flags;
	bed_cie(&msg, 0xff, 300);
	bed_forget(bed);
	bed_receive(bed, nbma, &msg);
	reply = bed_find(bed, NHRP_REGISTRATION_REPLY);
	return reply && reply->msg.cie_count == 1 ? reply->msg.cies[0].code : -1;
}

int bed_register(struct bed *bed, const char *nbma, const char *protocol, uint16_t flags, uint32_t id)
{
	return do_register(bed, nbma, nbma, protocol, flags, id);
}

int bed_register_behind(
	struct bed *bed, const char *nbma, const char *claimed, const char *protocol, uint32_t id)
{
	return do_register(bed, nbma, claimed, protocol, NHRP_FLAG_REG_UNIQUE, id);
}

void bed_answer_registration(struct bed *bed, uint8_t code)
{
	const struct bed_sent *request = NULL;
	struct nhrp_msg reply;

	for (size_t i = 0; i < bed->sent_count; i++) {
		if (bed->sent[i]->msg.type == NHRP_REGISTRATION_REQUEST)
			request = bed->sent[i];
	}
	assert_non_null(request);
	reply = request->msg;
	reply.type = NHRP_REGISTRATION_REPLY;
	reply.cies[0].code = code;
	bed_receive(bed, "172.16.0.1", &reply);
}

struct addr bed_neighbour(struct bed *bed, const char *protocol)
{
	struct desired_item item = { 0 };

	if (!desired_find(node_desired(bed->node), DESIRED_NEIGHBOUR, BED_IFACE, prefix_host(ip(protocol)),
		    (struct addr) { 0 }, &item))
		return (struct addr) { 0 };
	return item.nbma;
}

struct addr bed_ask_neighbour(struct bed *bed, const char *protocol)
{
	node_on_neigh_miss(bed->node, BED_IFACE, ip(protocol), bed->now);
	return bed_neighbour(bed, protocol);
}

bool bed_has_override(struct bed *bed, const char *prefix)
{
	struct desired_item item;

	return desired_find(
		node_desired(bed->node), DESIRED_ROUTE, BED_IFACE, net(prefix), (struct addr) { 0 }, &item);
}

struct bed *bed_registered_spoke(void)
{
	struct bed *bed = bed_spoke();

	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_forget(bed);
	return bed;
}

struct nhrp_msg bed_answer(struct bed *bed, const char *protocol, const char *nbma, uint8_t bits)
{
	const struct bed_sent *request = bed_find(bed, NHRP_RESOLUTION_REQUEST);
	struct nhrp_msg reply;

	assert_non_null(request);
	reply = request->msg;
	reply.type = NHRP_RESOLUTION_REPLY;
	reply.cie_count = 1;
	reply.cies[0] = (struct nhrp_cie) {
		.prefix_length = bits, .holding_time = 100, .nbma = ip(nbma), .protocol = ip(protocol)
	};
	return reply;
}
