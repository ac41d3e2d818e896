// SPDX-License-Identifier: GPL-2.0-or-later
#include "underlay.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static struct host *find_host(const struct network *network, struct addr nbma)
{
	for (size_t i = 0; i < network->host_count; i++) {
		if (addr_equal(network->hosts[i]->public_nbma, nbma))
			return network->hosts[i];
	}
	return NULL;
}

static bool is_blocked(const struct network *network, struct addr a, struct addr b)
{
	for (size_t i = 0; i < network->blocked_count; i++) {
		if ((addr_equal(network->blocked[i].a, a) && addr_equal(network->blocked[i].b, b)) ||
			(addr_equal(network->blocked[i].a, b) && addr_equal(network->blocked[i].b, a)))
			return true;
	}
	return false;
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

static void enqueue(
	struct host *host, struct addr to, const struct datagram *data, const uint8_t *packet, size_t length)
{
	struct network *network = host->network;
	struct delivery *delivery = alloc_zeroed(1, sizeof(*delivery) + length);
	int64_t delay = network->delay + (int64_t)rng_below(&network->rng, (uint32_t)network->jitter);

	delivery->from = host->public_nbma;
	delivery->to = to;
	if (data) {
		delivery->is_data = true;
		delivery->data = *data;
	} else {
		memcpy(delivery->packet, packet, length);
		delivery->length = length;
	}
	timerq_arm(&network->underlay, &delivery->timer, mono_add(network->now, delay));
	network->in_flight++;
}

void underlay_send(
	struct host *host, struct addr to, const struct datagram *data, const uint8_t *packet, size_t length)
{
	struct network *network = host->network;
	const struct host *target = find_host(network, to);

	if (host->is_cut || (target && target->is_cut) || is_blocked(network, host->public_nbma, to))
		lose(host, data, LOSS_CUT);
	else if (chance(network, network->loss))
		lose(host, data, LOSS_CHANCE);
	else
		enqueue(host, to, data, packet, length);
	if (!data && chance(network, network->duplicate))
		enqueue(host, to, data, packet, length);
}

void underlay_deliver(struct network *network)
{
	struct timer *timer;

	while ((timer = timerq_pop(&network->underlay, network->now)) != NULL) {
		struct delivery *delivery = container_of(timer, struct delivery, timer);
		struct host *host = find_host(network, delivery->to);

		network->in_flight--;
		if (!host || !host->node || host->is_cut)
			lose(network->hosts[0], delivery->is_data ? &delivery->data : NULL, LOSS_HOST_DOWN);
		else if (delivery->is_data)
			data_arrive(host, delivery->from, &delivery->data);
		else
			host_receive(host, delivery->from, delivery->packet, delivery->length);
		free(delivery);
	}
}

void underlay_done(struct network *network)
{
	for (uint32_t i = 0; i < network->underlay.count; i++)
		free(container_of(network->underlay.heap[i], struct delivery, timer));
	timerq_done(&network->underlay);
}

void network_block(struct network *network, const struct host *a, const struct host *b, bool blocked)
{
	network_note(network, "%s and %s %s", a->name, b->name,
		blocked ? "are blocked" : "are not blocked any more");
	if (blocked && network->blocked_count < ARRAY_SIZE(network->blocked)) {
		network->blocked[network->blocked_count].a = a->public_nbma;
		network->blocked[network->blocked_count].b = b->public_nbma;
		network->blocked_count++;
	} else if (!blocked) {
		network->blocked_count = 0;
	}
}
