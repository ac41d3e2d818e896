// SPDX-License-Identifier: GPL-2.0-or-later
// A small network of the simulator to which anything happens, in any order: the bytes are a list of packets,
// faults, routes, flows and time, and after every step the simulator's invariants are looked at.
//
// A network is either sealed: its messages have a key that the packets from outside have not, but for genuine
// ones that are played again, so that every invariant holds; or open: whoever sends knows the key, and what
// he says may be untrue, so that those invariants are left which need nobody's word: a host's own tables. A
// sealed network is healed at the end, and must then be as good as new.
//
// With FUZZ_TIMELINE in the environment everything that happens is printed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "sim/check.h"
#include "sim/star.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPOKES    3
#define HOLD      30 ///< seconds
#define MAX_STEPS 80
#define MAX_FLOWS 4
#define MAX_TIME  (1000 * MONO_SECOND) ///< of the steps together
#define STRANGERS 0xcb007101U          ///< 203.0.113.1

/// What a host's tables must be like whatever it is told.
static const uint32_t always = 1U << INVARIANT_OVERRIDE | 1U << INVARIANT_SHORTCUT_BOUND |
			       1U << INVARIANT_TEMPORARY | 1U << INVARIANT_CLEAR | 1U << INVARIANT_KERNEL |
			       1U << INVARIANT_COUNTS | 1U << INVARIANT_LIMITS | 1U << INVARIANT_TIMERS;

struct bench {
	struct star star;
	struct network *network;
	struct tap tap;
	struct fuzz_choice choice;
	bool is_open;
};

static struct host *pick_host(const struct bench *bench, struct rd *rd)
{
	return bench->network->hosts[rd_u8(rd) % bench->network->host_count];
}

static struct host *pick_spoke(const struct bench *bench, struct rd *rd)
{
	return bench->star.spokes[rd_u8(rd) % SPOKES];
}

static bool is_stranger(struct addr nbma)
{
	return addr_to_ipv4(nbma) >> 8 == STRANGERS >> 8;
}

/// Only strangers change nothing at all.
static void send(struct bench *bench, struct addr from, struct addr to, const uint8_t *packet, size_t length)
{
	if (length == 0)
		return;
	if (!is_stranger(from) || bench->is_open)
		network_disturb(bench->network);
	underlay_forge(bench->network, from, to, packet, length);
}

static void do_message(struct bench *bench, struct rd *rd)
{
	uint8_t packet[NHRP_MAX_PACKET];
	const struct host *to = pick_host(bench, rd);
	struct addr from = fuzz_nbma(&bench->choice, rd);

	bench->choice.request_id = to->node ? to->node->next_request_id : 0;
	send(bench, from, to->public_nbma, packet, fuzz_message(&bench->choice, rd, packet));
}

static void do_raw(struct bench *bench, struct rd *rd)
{
	const struct host *to = pick_host(bench, rd);
	struct addr from = fuzz_nbma(&bench->choice, rd);
	size_t length;
	const uint8_t *bytes = fuzz_raw(rd, &length);

	if (bytes)
		send(bench, from, to->public_nbma, bytes, length);
}

/// Encodes what was changed again, with the key of whoever knows it.
static size_t sign(const struct bench *bench, uint8_t *packet, size_t length)
{
	uint8_t copy[NHRP_MAX_PACKET];
	struct nhrp_msg msg;

	memcpy(copy, packet, length);
	if (nhrp_msg_decode(copy, length, &msg, NULL) != NHRP_DECODE_OK)
		return length;
	return nhrp_auth_encode(&msg, &bench->choice.key, msg.src_protocol, packet, NHRP_MAX_PACKET);
}

/// One of the last genuine packets comes again, as it was or changed; from elsewhere only where it may lie.
static void do_again(struct bench *bench, struct rd *rd)
{
	uint8_t packet[NHRP_MAX_PACKET], how = rd_u8(rd);
	size_t count = bench->tap.count < TAP_PACKETS ? bench->tap.count : TAP_PACKETS;
	size_t at = count ? (bench->tap.count - 1 - how % count) % TAP_PACKETS : 0;
	size_t length = bench->tap.kept[at].length;
	struct addr from = bench->tap.kept[at].from, to = bench->tap.kept[at].to;

	if (count == 0)
		return;
	memcpy(packet, bench->tap.kept[at].packet, length);
	for (int i = how >> 3 & 3; i > 0; i--) {
		packet[rd_u8(rd) % length] = rd_u8(rd);
		nhrp_msg_seal(packet, length);
	}
	if (how & 0x20)
		to = pick_host(bench, rd)->public_nbma;
	if (bench->is_open) {
		if (how & 0x40)
			from = fuzz_nbma(&bench->choice, rd);
		if (how & 0x80)
			length = sign(bench, packet, length);
	}
	send(bench, from, to, packet, length);
}

static void do_flow(struct bench *bench, struct rd *rd)
{
	struct network *network = bench->network;
	struct host *from = pick_spoke(bench, rd), *to = pick_spoke(bench, rd);
	uint8_t byte = rd_u8(rd);
	size_t running = 0;

	for (size_t i = 0; i < network->flow_count; i++)
		running += !network->flows[i]->stopped;
	if (byte & 0x80)
		for (size_t i = 0; i < network->flow_count; i++)
			network->flows[i]->stopped |= network->flows[i]->from == from;
	else if (running < MAX_FLOWS)
		network_flow(network, from, host_lan(to, 10), (1 + byte % 4) * 500 * MONO_MILLISECOND)
			->one_way = byte & 0x40;
}

static void do_host(struct bench *bench, struct rd *rd)
{
	struct host *host = pick_host(bench, rd);
	uint8_t byte = rd_u8(rd);

	switch (byte % 6) {
	case 0:
		host_stop(host, byte & 0x80);
		break;
	case 1:
		host_start(host);
		break;
	case 2:
		host_stop(host, byte & 0x80);
		host_start(host);
		break;
	case 3:
		host_cut(host, byte & 0x80);
		break;
	case 4:
		host_clear(host, byte & 0x80);
		break;
	case 5:
		network_block(bench->network, host, pick_host(bench, rd), byte & 0x80);
		break;
	}
	network_disturb(bench->network);
}

static void do_move(struct bench *bench, struct rd *rd)
{
	host_move(pick_spoke(bench, rd), addr_from_ipv4(0xac120001 + rd_u8(rd) % 8));
	network_disturb(bench->network);
}

/// A part of a spoke's LAN is beyond a hub, or another network behind itself.
static void do_route(struct bench *bench, struct rd *rd)
{
	struct host *spoke = pick_spoke(bench, rd);
	uint8_t byte = rd_u8(rd);
	struct prefix part = prefix_make(host_lan(spoke, (uint8_t)(64 + byte % 4 * 16)), 28);
	struct addr via = host_address(bench->star.hubs[0]);
	uint32_t device = TUNNEL_DEVICE;

	if (byte & 0x40) {
		part = prefix_make(addr_from_ipv4(0x0a960000 + byte % 4 * 256), 24);
		via = (struct addr) { 0 };
		device = LAN_DEVICE;
	}
	(byte & 0x80 ? host_add_route : host_remove_route)(spoke, part, via, device, 10);
	network_disturb(bench->network);
}

static void do_underlay(struct bench *bench, struct rd *rd)
{
	struct underlay_config *underlay = &bench->network->underlay;
	uint8_t byte = rd_u8(rd);

	underlay->loss = byte & 0x80 ? byte % 64U : 0;
	underlay->duplicate = rd_u8(rd) % 64;
	underlay->reorder = rd_u8(rd) % 32;
	underlay->dropped = byte & 0x40 ? 1U << byte % NHRP_TYPES : 0;
	network_disturb(bench->network);
}

static void do_time(struct bench *bench, struct rd *rd)
{
	static const int64_t units[] = { 10 * MONO_MILLISECOND, 100 * MONO_MILLISECOND, MONO_SECOND,
		10 * MONO_SECOND };
	uint8_t byte = rd_u8(rd);

	network_run(bench->network, units[byte % 4] * (1 + byte / 4 % 8));
}

static void do_miss(struct bench *bench, struct rd *rd)
{
	struct host *host = pick_host(bench, rd);
	struct addr next_hop = fuzz_protocol(&bench->choice, rd);

	if (!host->node || !addr_is_set(next_hop))
		return;
	node_on_neigh_miss(host->node, IFACE_ID, next_hop, bench->network->now);
	host_drain(host);
}

static void step(struct bench *bench, struct rd *rd)
{
	static void (*const steps[])(struct bench *, struct rd *) = { do_time, do_message, do_again, do_raw,
		do_flow, do_host, do_move, do_route, do_underlay, do_miss, do_message, do_again, do_time };

	steps[rd_u8(rd) % ARRAY_SIZE(steps)](bench, rd);
}

static void check(const struct bench *bench)
{
	const struct network *network = bench->network;
	uint32_t broken = network->violated & (bench->is_open ? always : UINT32_MAX);

	for (enum invariant i = 0; i < INVARIANTS; i++) {
		if (broken & 1U << i)
			fprintf(stderr, "broken: %s\n", invariant_text(i)->name);
	}
	if (broken)
		fprintf(stderr, "first: %s: %s\n", invariant_text(network->violation.invariant)->name,
			network->violation.text);
	fuzz_require(broken == 0);
}

/// Hubs and spokes, three strangers, and a tunnel address that nobody has.
static void choose(struct bench *bench)
{
	const struct network *network = bench->network;
	struct fuzz_choice *choice = &bench->choice;

	for (uint32_t i = 0; i < 8; i++) {
		const struct host *host = network->hosts[i % network->host_count];
		bool is_host = i < network->host_count;

		choice->tunnel[i] = is_host ? host_address(host) : addr_from_ipv4(0x0a000108 + i);
		choice->nbma[i] = is_host ? host->nbma : addr_from_ipv4(STRANGERS + i);
		choice->behind[i % 4] = host_lan(bench->star.spokes[i % SPOKES], 10);
	}
}

static void configure(struct bench *bench, uint8_t shape)
{
	const struct nhrp_auth_key key = { .kind = NHRP_AUTH_HMAC_SHA256, .length = 6, .key = "s3cr3t" };

	bench->is_open = shape & 0x20;
	if (bench->is_open)
		bench->choice.key = key;
	for (size_t i = 0; i < bench->network->host_count; i++) {
		struct iface_config *iface = &bench->network->hosts[i]->iface;

		iface->holding_time = HOLD;
		iface->auth = key;
		iface->protected = shape & 0x08;
		iface->registration_unique = shape & 0x10;
		if (shape & 0x40 && bench->is_open)
			iface->limits = (struct limits_config) { .registrations = 4,
				.cached = 4,
				.resolutions = 3,
				.requesters = 3,
				.redirects = 2 };
		if (bench->star.hub_count > 1)
			bench->network->hosts[i]->follows_servers = !bench->network->hosts[i]->is_hub;
	}
	bench->network->protected = shape & 0x08;
	bench->network->sa_delay = 200 * MONO_MILLISECOND;
	bench->network->goes_on = bench->is_open;
	network_set_bounds(bench->network);
}

static void make(struct bench *bench, uint8_t shape)
{
	static const enum star_routes routes[] = { STAR_SUMMARY, STAR_PHASE2, STAR_EXACT, STAR_DEFAULT };

	bench->star = star_make(1, routes[shape % 4], 1 + (shape >> 2 & 1), SPOKES);
	bench->network = bench->star.network;
	bench->network->tap = &bench->tap;
	if (getenv("FUZZ_TIMELINE")) {
		bench->network->trace->is_on = true;
		bench->network->trace->out = stderr;
	}
	configure(bench, shape);
	choose(bench);
	star_start(&bench->star);
	network_run(bench->network, 5 * MONO_SECOND);
}

static void heal(struct bench *bench)
{
	struct network *network = bench->network;

	network_heal(network);
	network_disturb(network);
	network_run(network, network->bounds.settled + 65 * MONO_SECOND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench bench = { 0 };
	struct rd rd = rd_make(data, size);
	struct mono end;

	make(&bench, rd_u8(&rd));
	end = mono_add(bench.network->now, MAX_TIME);
	for (int i = 0; i < MAX_STEPS && rd_left(&rd) > 0 && mono_before(bench.network->now, end); i++) {
		step(&bench, &rd);
		network_run(bench.network, 0);
		check(&bench);
	}
	if (!bench.is_open)
		heal(&bench);
	check_network(bench.network);
	check(&bench);
	star_done(&bench.star);
	return 0;
}
