// SPDX-License-Identifier: GPL-2.0-or-later
/// An NBMA address leads to a place: a host, or a port NAT with several hosts behind it. GRE has no ports, so
/// such a NAT tells its inside hosts apart by the outside address alone: for each, one inside host at a time.
#include "sim/underlay.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/data.h"
#include "sim/sa.h"

#define MAPPING_LIFE (180 * MONO_SECOND) ///< as of a GRE stream in Linux's connection tracking

struct delivery {
	struct timer timer;
	struct addr from; ///< as the receiver sees it
	struct addr to;
	bool is_data;
	struct datagram data;
	size_t length;
	uint8_t packet[];
};

/// An inside host of a port NAT talks to an outside address.
struct mapping {
	struct addr outside;
	struct host *host;
	struct mono used;
	UT_hash_handle hh;
};

struct place {
	struct addr nbma;
	struct host *host; ///< NULL: a port NAT
	struct mapping *mappings;
	size_t users;
	UT_hash_handle hh;
};

static struct place *find_place(const struct network *network, struct addr nbma)
{
	struct place *place;

	HASH_FIND(hh, network->places, &nbma, sizeof(nbma), place);
	return place;
}

static void forget_mappings(struct place *place, const struct host *host)
{
	struct mapping *mapping, *next;

	HASH_ITER(hh, place->mappings, mapping, next)
	{
		if (host && mapping->host != host)
			continue;
		HASH_DEL(place->mappings, mapping);
		free(mapping);
	}
}

void underlay_unplace(struct host *host)
{
	struct place *place = host->place;

	host->place = NULL;
	if (!place)
		return;
	forget_mappings(place, host);
	if (place->host == host)
		place->host = NULL;
	if (--place->users > 0)
		return;
	HASH_DEL(host->network->places, place);
	free(place);
}

void underlay_place(struct host *host, struct addr nbma, bool ports)
{
	struct network *network = host->network;
	struct place *place;

	underlay_unplace(host);
	place = find_place(network, nbma);
	if (place && !ports) {
		for (size_t i = 0, left = place->users; left > 0 && i < network->host_count; i++) {
			if (network->hosts[i]->place == place) {
				underlay_unplace(network->hosts[i]);
				left--;
			}
		}
		place = NULL;
	}
	if (!place) {
		place = alloc_zeroed(1, sizeof(*place));
		place->nbma = nbma;
		HASH_ADD(hh, network->places, nbma, sizeof(place->nbma), place);
	}
	place->users++;
	place->host = ports ? NULL : host;
	host->place = place;
}

static bool is_alive(const struct network *network, const struct mapping *mapping)
{
	return mono_between(mapping->used, network->now) < MAPPING_LIFE;
}

/// The inside host sends to `outside`; false where another one does.
static bool map_out(struct host *host, struct addr outside)
{
	struct place *place = host->place;
	struct mapping *mapping;

	HASH_FIND(hh, place->mappings, &outside, sizeof(outside), mapping);
	if (mapping && mapping->host != host && is_alive(host->network, mapping))
		return false;
	if (!mapping) {
		mapping = alloc_zeroed(1, sizeof(*mapping));
		mapping->outside = outside;
		HASH_ADD(hh, place->mappings, outside, sizeof(mapping->outside), mapping);
	}
	mapping->host = host;
	mapping->used = host->network->now;
	return true;
}

/// Who gets a packet from `from` to `to`; NULL where nobody does.
static struct host *find_receiver(const struct network *network, struct addr from, struct addr to)
{
	struct place *place = find_place(network, to);
	const struct place *other;
	struct mapping *mapping;

	if (!place || place->host)
		return place ? place->host : NULL;
	HASH_FIND(hh, place->mappings, &from, sizeof(from), mapping);
	if (!mapping || !is_alive(network, mapping))
		return NULL;
	other = find_place(network, from);
	if (other && other->host && network_loses(network, other->host, mapping->host))
		return NULL;
	mapping->used = network->now;
	return mapping->host;
}

static bool chance(struct network *network, uint32_t percent)
{
	return percent > 0 && rng_below(&network->rng, 100) < percent;
}

static void lose(struct host *host, const struct datagram *data, enum loss why)
{
	if (data)
		data_lose(host, data, why);
	else
		host->network->nhrp_dropped++;
}

static void keep(struct tap *tap, struct addr from, struct addr to, const uint8_t *packet, size_t length)
{
	size_t at = tap->count++ % TAP_PACKETS;

	if (length > sizeof(tap->kept[at].packet))
		length = sizeof(tap->kept[at].packet);
	tap->kept[at].from = from;
	tap->kept[at].to = to;
	tap->kept[at].length = length;
	memcpy(tap->kept[at].packet, packet, length);
}

static void enqueue(struct network *network, struct addr from, struct addr to, const struct datagram *data,
	const uint8_t *packet, size_t length)
{
	struct delivery *delivery = alloc_zeroed(1, sizeof(*delivery) + length);
	int64_t delay = network->underlay.delay +
			(int64_t)rng_below(&network->rng, (uint32_t)network->underlay.jitter);

	if (chance(network, network->underlay.reorder))
		delay += 10 * network->underlay.delay;
	delivery->from = from;
	delivery->to = to;
	delivery->timer.kind = MOMENT_DELIVERY;
	if (data) {
		delivery->is_data = true;
		delivery->data = *data;
	} else {
		memcpy(delivery->packet, packet, length);
		delivery->length = length;
	}
	timerq_arm(&network->queue, &delivery->timer, mono_add(network->now, delay));
}

static bool is_dropped(const struct network *network, const uint8_t *packet, size_t length)
{
	uint32_t dropped = network->underlay.dropped | network->underlay.sabotaged;

	return length > NHRP_OFFSET_TYPE && packet[NHRP_OFFSET_TYPE] < 32 &&
	       (dropped & 1U << packet[NHRP_OFFSET_TYPE]);
}

/// Why a packet does not even set out; LOSSES where it does.
static enum loss stopped_by(struct host *host, struct addr to)
{
	struct network *network = host->network;
	const struct place *target = find_place(network, to);
	const struct host *other = target ? target->host : NULL;

	// A kernel keeps what goes to an address of its own, even if outside of a NAT somebody else has it.
	if (!host->place || addr_equal(to, host->nbma))
		return LOSS_HOST_DOWN;
	if (!sa_carries(host, to))
		return LOSS_PROTECTED;
	if (!host->place->host && !map_out(host, to))
		return LOSS_NAT;
	if (host->is_cut || (other && (other->is_cut || network_loses(network, host, other))))
		return LOSS_CUT;
	return LOSSES;
}

void underlay_send(
	struct host *host, struct addr to, const struct datagram *data, const uint8_t *packet, size_t length)
{
	struct network *network = host->network;
	enum loss why = stopped_by(host, to);

	if (why == LOSS_PROTECTED && !data)
		network_violation(network, INVARIANT_CLEAR, "%s sent a message without an SA", host->name);

	if (why == LOSSES && !data && is_dropped(network, packet, length))
		why = LOSS_CHANCE;
	if (why == LOSSES && !data && chance(network, network->underlay.duplicate))
		enqueue(network, host->public_nbma, to, data, packet, length);
	if (why == LOSSES && chance(network, network->underlay.loss))
		why = LOSS_CHANCE;
	if (why == LOSSES && !data && network->tap)
		keep(network->tap, host->public_nbma, to, packet, length);
	if (why == LOSSES)
		enqueue(network, host->public_nbma, to, data, packet, length);
	else
		lose(host, data, why);
}

void underlay_forge(
	struct network *network, struct addr from, struct addr to, const uint8_t *packet, size_t length)
{
	enqueue(network, from, to, NULL, packet, length);
}

void underlay_deliver(struct network *network, struct timer *timer)
{
	struct delivery *delivery = container_of(timer, struct delivery, timer);
	struct host *host = find_receiver(network, delivery->from, delivery->to);

	if (!host || !host->node || host->is_cut || !sa_carries(host, delivery->from)) {
		if (delivery->is_data)
			data_lose(network->hosts[delivery->data.trail[delivery->data.trail_count - 1]],
				&delivery->data, host && host->is_cut ? LOSS_CUT : LOSS_HOST_DOWN);
		else
			network->nhrp_dropped++;
	} else if (delivery->is_data) {
		data_arrive(host, delivery->from, &delivery->data);
	} else {
		host_receive(host, delivery->from, delivery->packet, delivery->length);
	}
	free(delivery);
}

void underlay_drop(struct timer *timer)
{
	free(container_of(timer, struct delivery, timer));
}

struct host *underlay_host_at(const struct network *network, struct addr nbma)
{
	const struct place *place = find_place(network, nbma);

	return place ? place->host : NULL;
}

static bool has_own_place(const struct host *host)
{
	return host->place && host->place->host == host;
}

bool underlay_connects(const struct network *network, const struct host *a, const struct host *b)
{
	return a->node && b->node && has_own_place(a) && has_own_place(b) && !a->is_cut && !b->is_cut &&
	       !addr_equal(a->nbma, b->public_nbma) && !addr_equal(b->nbma, a->public_nbma) &&
	       !network_is_blocked(network, a, b);
}
