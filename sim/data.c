// SPDX-License-Identifier: GPL-2.0-or-later
/// A packet finds its way by override, routing table and neighbour table, as in a kernel.
#include "sim/data.h"

#include <string.h>

#include "base/alloc.h"
#include "base/wr.h"
#include "sim/check.h"

#define HEADER_SIZE 40 ///< of IPv6, the longer one

void data_lose(struct host *host, const struct datagram *data, enum loss why)
{
	char source[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE];

	host->network->data_lost[why]++;
	data->flow->lost[why]++;
	if (host->network->trace->is_on)
		host_note(host, "x lost a packet %s > %s: %s", addr_format(data->source, source),
			addr_format(data->destination, destination), loss_name(why));
	check_loss(host, data, why);
}

static void note_use(struct host *host, struct addr nbma, bool sent)
{
	struct neighbour *use;

	HASH_FIND(hh, host->uses, &nbma, sizeof(nbma), use);
	if (!use) {
		use = alloc_zeroed(1, sizeof(*use));
		use->key = nbma;
		HASH_ADD(hh, host->uses, key, sizeof(use->key), use);
	}
	if (sent)
		use->sent = true;
	else
		use->received = true;
	if (!host->is_active) {
		host->is_active = true;
		host->next_active = host->network->active;
		host->network->active = host;
	}
}

static struct neighbour *find_neighbour(struct host *host, struct addr next_hop)
{
	struct neighbour *neighbour;

	HASH_FIND(hh, host->neighbours, &next_hop, sizeof(next_hop), neighbour);
	return neighbour;
}

/// The NBMA address of a next hop; the node is asked where the kernel has none.
static struct addr resolve(struct host *host, struct addr next_hop)
{
	struct neighbour *neighbour = find_neighbour(host, next_hop);

	if (addr_is_set(host->iface.destination))
		return host->iface.destination;
	if (!neighbour && host->node) {
		node_on_neigh_miss(host->node, IFACE_ID, next_hop, host->network->now);
		host_drain(host);
		neighbour = find_neighbour(host, next_hop);
	}
	return neighbour ? neighbour->nbma : (struct addr) { 0 };
}

/// The start of an IP header.
static size_t write_header(const struct datagram *data, uint8_t buffer[static HEADER_SIZE])
{
	struct wr wr = wr_make(buffer, HEADER_SIZE);
	bool ipv6 = data->source.family == ADDR_IPV6;

	wr_u8(&wr, ipv6 ? 0x60 : 0x45);
	wr_zeros(&wr, ipv6 ? 5 : 7);
	wr_u8(&wr, ipv6 ? 17 : 64);
	wr_u8(&wr, ipv6 ? 64 : 17);
	if (!ipv6)
		wr_zeros(&wr, 2);
	wr_addr(&wr, data->source);
	wr_addr(&wr, data->destination);
	return wr_finish(&wr);
}

static void forward(struct host *host, struct datagram *data, bool from_tunnel);

static void arrive_here(struct host *host, const struct datagram *data)
{
	struct network *network = host->network;
	struct flow *flow = data->flow;
	struct datagram answer = {
		.source = data->destination, .destination = data->source, .flow = flow, .is_answer = true
	};

	check_arrival(host, data);
	if (!data->is_answer) {
		memcpy(flow->trail, data->trail, sizeof(flow->trail));
		flow->trail_count = data->trail_count;
		flow->arrived_at = network->now;
	}
	if (data->is_answer || flow->one_way) {
		flow->arrived++;
		network->data_arrived++;
		return;
	}
	forward(host, &answer, false);
}

static bool was_here(const struct host *host, const struct datagram *data)
{
	for (size_t i = 0; i < data->trail_count; i++) {
		if (data->trail[i] == host->index)
			return true;
	}
	return false;
}

static void tell_traffic(struct host *host, const struct datagram *data)
{
	uint8_t header[HEADER_SIZE];
	size_t length = write_header(data, header);

	node_on_traffic(host->node, IFACE_ID, IFACE_ID, header, length, host->network->now);
	host_drain(host);
}

static void forward(struct host *host, struct datagram *data, bool from_tunnel)
{
	const struct desired_item *override = trie_longest(&host->overrides, data->destination);
	const struct rib_route *route = rib_lookup(&host->rib, data->destination);
	struct addr next_hop, nbma;

	if (was_here(host, data) || data->trail_count == MAX_TRAIL) {
		data_lose(host, data, LOSS_LOOP);
		return;
	}
	data->trail[data->trail_count++] = host->index;
	if (!route || route->kind == RIB_UNREACHABLE) {
		data_lose(host, data, LOSS_NO_ROUTE);
		return;
	}
	if (!override && (route->kind == RIB_LOCAL || route->device != TUNNEL_DEVICE)) {
		arrive_here(host, data);
		return;
	}
	next_hop = override                       ? override->next_hop
		   : addr_is_set(route->next_hop) ? route->next_hop
						  : data->destination;
	if (from_tunnel && host->node)
		tell_traffic(host, data);
	nbma = resolve(host, next_hop);
	if (!addr_is_set(nbma)) {
		data_lose(host, data, LOSS_NO_NEIGHBOUR);
		return;
	}
	note_use(host, nbma, true);
	data->next_hop = next_hop;
	data->sender = host;
	underlay_send(host, nbma, data, NULL, 0);
}

void data_arrive(struct host *host, struct addr from, const struct datagram *data)
{
	struct datagram copy = *data;

	note_use(host, from, false);
	check_visit(host, data);
	forward(host, &copy, true);
}

void data_send(struct host *host, struct flow *flow)
{
	struct datagram data = { .source = flow->source, .destination = flow->destination, .flow = flow };

	flow->sent++;
	host->network->data_sent++;
	forward(host, &data, false);
}
