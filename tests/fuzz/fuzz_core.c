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
#include "message.h"

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
	struct fuzz_choice choice;
	struct mono now;
};

static void do_message(struct bench *bench, struct rd *rd)
{
	uint8_t packet[NHRP_MAX_PACKET];
	struct addr from = fuzz_nbma(&bench->choice, rd);
	size_t length;

	bench->choice.request_id = bench->node->next_request_id;
	length = fuzz_message(&bench->choice, rd, packet);
	if (length > 0)
		node_on_packet(bench->node, IFACE, from, packet, length, bench->now);
}

static void do_raw(struct bench *bench, struct rd *rd)
{
	struct addr from = fuzz_nbma(&bench->choice, rd);
	size_t length;
	const uint8_t *bytes = fuzz_raw(rd, &length);

	if (bytes)
		node_on_packet(bench->node, IFACE, from, bytes, length, bench->now);
}

static void do_route(struct bench *bench, struct rd *rd)
{
	static const uint8_t lengths[] = { 0, 16, 24, 25, 32 };
	static const uint32_t devices[] = { TUNNEL, 20, 20, TUNNEL };
	uint8_t byte = rd_u8(rd);
	struct rib_route route = {
		.prefix = prefix_make(
			fuzz_protocol(&bench->choice, rd), lengths[rd_u8(rd) % ARRAY_SIZE(lengths)]),
		.kind = byte & 0x20   ? RIB_UNREACHABLE
			: byte & 0x40 ? RIB_LOCAL
				      : RIB_UNICAST,
		.device = devices[byte % 4],
		.metric = byte >> 3 & 1,
	};

	if (!addr_is_set(route.prefix.addr))
		return;
	if (byte & 4)
		route.next_hop = fuzz_protocol(&bench->choice, rd);
	node_on_route(bench->node, &route, byte & 0x80, bench->now);
}

static void do_traffic(struct bench *bench, struct rd *rd)
{
	uint8_t packet[64];
	size_t length = fuzz_ip(&bench->choice, rd, packet);

	node_on_traffic(bench->node, IFACE, IFACE, packet, length, bench->now);
}

static void do_tick(struct bench *bench, struct rd *rd)
{
	static const int64_t units[] = { MONO_MILLISECOND, 100 * MONO_MILLISECOND, MONO_SECOND,
		10 * MONO_SECOND };
	uint8_t byte = rd_u8(rd);

	bench->now = mono_add(bench->now, units[byte % 4] * (1 + byte / 4));
	node_tick(bench->node, bench->now);
	fuzz_require(mono_before(bench->now, node_next_wake(bench->node)));
}

static void drain(struct bench *bench)
{
	struct desired_item item;
	struct action *action;

	while ((action = node_pop_action(bench->node)) != NULL) {
		struct nhrp_msg msg;

		fuzz_require(
			action->type != ACTION_SEND ||
			nhrp_msg_decode(action->packet, action->send.length, &msg, NULL) == NHRP_DECODE_OK);
		fuzz_require(action->type != ACTION_SEND || addr_is_set(action->send.nbma));
		free(action);
	}
	while (desired_pop_change(node_desired(bench->node), &item))
		fuzz_require(item.iface == IFACE);
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
		fuzz_require(binding->has_neighbour || binding->type == BINDING_DYNAMIC);
		neighbours += binding->has_neighbour;
		fuzz_require(!binding->has_neighbour ||
			     (desired_find(desired, DESIRED_NEIGHBOUR, IFACE, prefix_host(binding->protocol),
				      (struct addr) { 0 }, &item) &&
				     addr_equal(item.nbma, binding->peer->nbma)));
	}
	while ((shortcut = shortcut_next(iface, (struct prefix) { .addr.family = ADDR_IPV4 }, &cursor)) !=
		NULL) {
		cached++;
		fuzz_require(cache_find(iface, shortcut->next_hop) != NULL);
		fuzz_require(desired_find(
			desired, DESIRED_ROUTE, IFACE, shortcut->prefix, (struct addr) { 0 }, &item));
	}
	fuzz_require(desired->counts[DESIRED_NEIGHBOUR] == neighbours);
	fuzz_require(desired->counts[DESIRED_ROUTE] == iface->shortcuts.count);
	fuzz_require(dynamic == iface->dynamic_count && dynamic <= limits->registrations);
	fuzz_require(cached == iface->cached_count && cached <= limits->cached);
	fuzz_require(iface->requester_count <= limits->requesters);
	fuzz_require(HASH_COUNT(iface->resolutions) <= limits->resolutions);
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
		node_on_neigh_miss(bench->node, IFACE, fuzz_protocol(&bench->choice, rd), bench->now);
		break;
	case 3:
		do_route(bench, rd);
		break;
	case 4:
		node_on_link(
			bench->node, IFACE, byte < 200, TUNNEL, fuzz_nbma(&bench->choice, rd), bench->now);
		break;
	case 5:
		node_on_use(bench->node, IFACE, fuzz_nbma(&bench->choice, rd), true, byte & 0x80, bench->now);
		break;
	case 6:
		do_traffic(bench, rd);
		break;
	case 7:
		if (byte > 200)
			(void)node_clear(bench->node, fuzz_protocol(&bench->choice, rd), bench->now);
		drain(bench);
		break;
	default:
		do_message(bench, rd);
	}
}

/// 10.0.0.1 to .8 are on the tunnel, of which .1 is the node's; 192.168.n.7 is behind something.
static void choose(struct fuzz_choice *choice, const struct nhrp_auth_key *key)
{
	for (uint32_t i = 0; i < 8; i++) {
		choice->tunnel[i] = addr_from_ipv4(0x0a000001 + i);
		choice->behind[i % 4] = addr_from_ipv4(0xc0a80007 + i % 4 * 256);
		choice->nbma[i] = addr_from_ipv4(0xac100001 + i);
	}
	choice->key = *key;
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
	choose(&bench->choice, &iface->auth);
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
