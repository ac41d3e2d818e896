// SPDX-License-Identifier: GPL-2.0-or-later
/// The clients are numbers: their addresses follow from them, and their messages are made when they are sent.
#include "sim/swarm.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/node.h"
#include "sim/host.h"
#include "wire/nhrp_msg.h"

#define TUNNELS 0x0a000000U                    ///< 10.0.0.0/8
#define NBMAS   0x14000000U                    ///< 20.0.0.0/8
#define SPACING (20 * MONO_MILLISECOND / 1000) ///< 50,000 clients in a second of virtual time

static double now_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t rss_kib(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static size_t request(const struct host *hub, uint32_t client, uint32_t id, uint8_t *packet)
{
	struct nhrp_msg msg = {
		.type = NHRP_REGISTRATION_REQUEST,
		.hop_count = NHRP_DEFAULT_HOP_COUNT,
		.flags = NHRP_FLAG_NAT,
		.request_id = id,
		.protocol_family = ADDR_IPV4,
		.src_nbma = addr_from_ipv4(NBMAS + client),
		.src_protocol = addr_from_ipv4(TUNNELS + client),
		.dst_protocol = host_address(hub),
		.cie_count = 1,
	};

	msg.cies[0] = (struct nhrp_cie) { .prefix_length = 32, .holding_time = 600 };
	return nhrp_msg_encode(&msg, packet, NHRP_MAX_PACKET);
}

/// Takes what the hub wants done; whether a positive reply went to the client.
static bool drain(struct host *hub, struct addr client)
{
	struct action *action;
	struct desired_item item;
	struct nhrp_msg reply;
	bool accepted = false;

	while ((action = node_pop_action(hub->node)) != NULL) {
		if (action->type == ACTION_SEND && addr_equal(action->send.nbma, client) &&
			nhrp_msg_decode(action->packet, action->send.length, &reply, NULL) == NHRP_DECODE_OK)
			accepted |=
				reply.type == NHRP_REGISTRATION_REPLY && reply.cies[0].code == NHRP_CODE_OK;
		free(action);
	}
	// A kernel's neighbour table is not the hub's memory, and is not kept here.
	while (desired_pop_change(node_desired(hub->node), &item))
		;
	return accepted;
}

/// All clients once; how many were refused.
static size_t round_of(struct host *hub, size_t count, uint32_t id)
{
	struct network *network = hub->network;
	uint8_t packet[NHRP_MAX_PACKET];
	size_t refused = 0;

	for (uint32_t client = 0x100; client < 0x100 + count; client++) {
		struct addr from = addr_from_ipv4(NBMAS + client);
		size_t length = request(hub, client, id, packet);

		network->now = mono_add(network->now, SPACING);
		while (!mono_before(network->now, node_next_wake(hub->node)))
			node_tick(hub->node, network->now);
		node_on_packet(hub->node, IFACE_ID, from, packet, length, network->now);
		refused += !drain(hub, from);
	}
	return refused;
}

struct swarm_figures swarm_run(size_t count)
{
	struct network *network = network_new(1);
	struct host *hub = network_add(network, "hub1", "10.0.0.1/8", "172.16.0.1");
	struct swarm_figures figures = { 0 };
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double start;

	hub->iface.limits.registrations = (uint32_t)count;
	hub->iface.max_send_packets = UINT32_MAX;
	hub->iface.multicast_dynamic = true;
	host_start(hub);
	start = now_seconds();
	figures.refused = round_of(hub, count, 1);
	figures.cold_seconds = now_seconds() - start;
	start = now_seconds();
	figures.refused += round_of(hub, count, 2);
	figures.again_seconds = now_seconds() - start;
	figures.per_second = (double)count / figures.cold_seconds;
	figures.bindings = host_iface(hub)->dynamic_count;
	figures.rss_kib = rss_kib();
	if (figures.bindings > 0)
		figures.hub_bytes = (mallinfo2().uordblks + mallinfo2().hblkhd - before) / figures.bindings;
	network_free(network);
	return figures;
}
