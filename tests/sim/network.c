// SPDX-License-Identifier: GPL-2.0-or-later
#include "network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "underlay.h"

struct network *network_new(uint64_t seed)
{
	struct network *network = alloc_zeroed(1, sizeof(*network));

	network->seed = seed;
	rng_seed(&network->rng, seed);
	network->now.us = 1000 * MONO_SECOND;
	network->next_second = mono_add(network->now, MONO_SECOND);
	network->delay = 5 * MONO_MILLISECOND;
	network->jitter = MONO_MILLISECOND;
	network->stale_bound = 2 * MONO_SECOND;
	return network;
}

void network_free(struct network *network)
{
	struct suspicion *suspicion, *next;

	for (size_t i = 0; i < network->host_count; i++) {
		struct host *host = network->hosts[i];

		host_stop(host, false);
		rib_done(&host->rib);
		free(host->routes);
		free(host);
	}
	for (size_t i = 0; i < network->flow_count; i++)
		free(network->flows[i]);
	HASH_ITER(hh, network->suspicions, suspicion, next)
	{
		HASH_DEL(network->suspicions, suspicion);
		free(suspicion);
	}
	underlay_done(network);
	free(network->flows);
	free(network->hosts);
	free(network);
}

struct host *network_add(struct network *network, const char *name, const char *address, const char *nbma)
{
	struct host *host = alloc_zeroed(1, sizeof(*host));
	struct iface_config *iface = &host->iface;
	struct prefix host_prefix;
	char text[ADDR_TEXT_SIZE];

	host->network = network;
	host->index = network->host_count;
	snprintf(host->name, sizeof(host->name), "%s", name);
	if (!addr_parse(nbma, &host->nbma) || !prefix_parse(address, &host_prefix) ||
		!addr_parse(strtok(strcpy(text, address), "/"), &iface->address.addr))
		abort();
	host->public_nbma = host->nbma;
	host->history[host->history_count++] = host->nbma;
	iface->address.length = host_prefix.length;
	iface->id = IFACE_ID;
	snprintf(iface->name, sizeof(iface->name), "tunnel1");
	iface->network_id = 1;
	iface->holding_time = HOLDING_TIME_DEFAULT;
	iface->redirect_timeout = REDIRECT_TIMEOUT_DEFAULT;
	iface->max_send_packets = MAX_SEND_PACKETS_DEFAULT;
	iface->max_send_interval = MAX_SEND_INTERVAL_DEFAULT;
	iface->limits = limits_default();
	network->hosts = alloc_resize(network->hosts, network->host_count + 1, sizeof(*network->hosts));
	network->hosts[network->host_count++] = host;
	host_add_route(host, text, (struct addr) { 0 }, 0, 0);
	host_add_route(host, address, (struct addr) { 0 }, TUNNEL_DEVICE, 0);
	return host;
}

struct host *network_host_at(const struct network *network, struct addr protocol)
{
	for (size_t i = 0; i < network->host_count; i++) {
		if (addr_equal(host_address(network->hosts[i]), protocol))
			return network->hosts[i];
	}
	return NULL;
}

struct flow *network_flow(
	struct network *network, struct host *from, struct addr destination, int64_t interval)
{
	struct flow *flow = alloc_zeroed(1, sizeof(*flow));

	flow->from = from;
	flow->source = addr_is_set(from->lan.addr) ? host_lan(from, 10) : host_address(from);
	flow->destination = destination;
	flow->interval = interval;
	flow->next = network->now;
	network->flows = alloc_resize(network->flows, network->flow_count + 1, sizeof(*network->flows));
	network->flows[network->flow_count++] = flow;
	return flow;
}

static void note_at(struct network *network, const char *format, va_list args)
{
	char *line = network->timeline[network->timeline_next++ % TIMELINE_SIZE];
	int64_t us = network->now.us - 1000 * MONO_SECOND;
	int length = snprintf(line, TIMELINE_TEXT, "%6lld.%03lld ", (long long)(us / MONO_SECOND),
		(long long)(us % MONO_SECOND / MONO_MILLISECOND));

	vsnprintf(line + length, TIMELINE_TEXT - (size_t)length, format, args);
}

void network_note(struct network *network, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	note_at(network, format, args);
	va_end(args);
}

static void print_timeline(const struct network *network)
{
	size_t next = network->timeline_next;

	fprintf(stderr, "--- the last of what happened, seed %llu\n", (unsigned long long)network->seed);
	for (size_t i = next > TIMELINE_SIZE ? next - TIMELINE_SIZE : 0; i < next; i++)
		fprintf(stderr, "%s\n", network->timeline[i % TIMELINE_SIZE]);
}

void network_violation(struct network *network, const char *invariant, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (network->quiet) {
		snprintf(network->violation, sizeof(network->violation), "%s", invariant);
		return;
	}
	print_timeline(network);
	fail_msg("invariant \"%s\" broken (seed %llu): %s", invariant, (unsigned long long)network->seed,
		text);
}

static void tell_uses(struct host *host)
{
	struct neighbour *use, *next;

	HASH_ITER(hh, host->uses, use, next)
	{
		node_on_use(host->node, IFACE_ID, use->key, use->sent, use->received, host->network->now);
		HASH_DEL(host->uses, use);
		free(use);
	}
	host_drain(host);
}

static void on_second(struct network *network)
{
	for (size_t i = 0; i < network->host_count; i++) {
		if (network->hosts[i]->node)
			tell_uses(network->hosts[i]);
	}
	check_network(network);
	network->next_second = mono_add(network->next_second, MONO_SECOND);
}

static void run_flows(struct network *network)
{
	for (size_t i = 0; i < network->flow_count; i++) {
		struct flow *flow = network->flows[i];

		if (flow->stopped || mono_before(network->now, flow->next))
			continue;
		flow->next = mono_add(network->now, flow->interval);
		if (flow->from->node)
			host_send_data(flow->from, flow);
		flow->stopped |= flow->limit > 0 && flow->sent >= flow->limit;
	}
}

static void tick_hosts(struct network *network)
{
	for (size_t i = 0; i < network->host_count; i++) {
		struct host *host = network->hosts[i];

		if (!host->node || mono_before(network->now, node_next_wake(host->node)))
			continue;
		node_tick(host->node, network->now);
		if (!mono_before(network->now, node_next_wake(host->node)))
			network_violation(
				network, "timers go forward", "%s wants to wake in the past", host->name);
		host_drain(host);
		check_host(host);
	}
}

static struct mono earlier(struct mono a, struct mono b)
{
	return mono_before(b, a) ? b : a;
}

static struct mono next_moment(const struct network *network)
{
	struct mono next = earlier(network->next_second, timerq_next(&network->underlay));

	for (size_t i = 0; i < network->host_count; i++) {
		if (network->hosts[i]->node)
			next = earlier(next, node_next_wake(network->hosts[i]->node));
	}
	for (size_t i = 0; i < network->flow_count; i++) {
		if (!network->flows[i]->stopped)
			next = earlier(next, network->flows[i]->next);
	}
	return next;
}

/// Goes to the next moment at which something happens, at most `end`.
static void step(struct network *network, struct mono end)
{
	struct mono next = earlier(next_moment(network), end);

	if (mono_before(network->now, next))
		network->now = next;
	underlay_deliver(network);
	tick_hosts(network);
	run_flows(network);
	if (!mono_before(network->now, network->next_second))
		on_second(network);
}

void network_run(struct network *network, int64_t duration)
{
	struct mono end = mono_add(network->now, duration);

	while (mono_before(network->now, end))
		step(network, end);
}

bool network_run_until(
	struct network *network, bool (*condition)(void *context), void *context, int64_t limit)
{
	struct mono end = mono_add(network->now, limit);

	while (!condition(context)) {
		if (!mono_before(network->now, end))
			return false;
		step(network, end);
	}
	return true;
}
