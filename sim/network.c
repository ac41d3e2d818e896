// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/network.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/check.h"
#include "sim/data.h"
#include "sim/host.h"
#include "sim/sa.h"
#include "sim/underlay.h"

#define FORMING (10 * MONO_SECOND) ///< in which an undisturbed network comes up

/// Beyond the holding time: how long what is stale may last, since purges are repeated, and how long until a
/// network is settled: the longest back-off of registrations, a question that was useless and is held back,
/// and a few tries.
#define STALE_BEYOND   (20 * MONO_SECOND)
#define SETTLED_BEYOND (160 * MONO_SECOND)

struct network *network_new(uint64_t seed)
{
	struct network *network = alloc_zeroed(1, sizeof(*network));

	network->seed = seed;
	rng_seed(&network->rng, seed);
	network->now.us = SIM_START * MONO_SECOND;
	network->window = network->now;
	network->underlay.delay = 5 * MONO_MILLISECOND;
	network->underlay.jitter = MONO_MILLISECOND;
	network->bounds.stale = 2 * MONO_SECOND;
	network->bounds.fresh = 5 * MONO_SECOND;
	network->trace = trace_new();
	network->second.kind = MOMENT_SECOND;
	timerq_arm(&network->queue, &network->second, mono_add(network->now, MONO_SECOND));
	return network;
}

void network_free(struct network *network)
{
	struct timer *timer;

	HASH_CLEAR(hh, network->by_address);
	for (size_t i = 0; i < network->host_count; i++)
		host_free(network->hosts[i]);
	while ((timer = timerq_pop(&network->queue, MONO_NEVER)) != NULL) {
		if (timer->kind == MOMENT_DELIVERY)
			underlay_drop(timer);
	}
	for (size_t i = 0; i < network->flow_count; i++)
		free(network->flows[i]);
	check_done(network);
	trace_free(network->trace);
	timerq_done(&network->queue);
	free(network->blocked);
	free(network->flows);
	free(network->hosts);
	free(network);
}

static void configure(struct host *host, const char *name)
{
	struct iface_config *iface = &host->iface;

	snprintf(host->name, sizeof(host->name), "%s", name);
	iface->id = IFACE_ID;
	snprintf(iface->name, sizeof(iface->name), "tunnel1");
	iface->network_id = 1;
	iface->holding_time = HOLDING_TIME_DEFAULT;
	iface->redirect_timeout = REDIRECT_TIMEOUT_DEFAULT;
	iface->max_send_packets = MAX_SEND_PACKETS_DEFAULT;
	iface->max_send_interval = MAX_SEND_INTERVAL_DEFAULT;
	iface->limits = limits_default();
}

struct host *network_add(struct network *network, const char *name, const char *address, const char *nbma)
{
	struct host *host = alloc_zeroed(1, sizeof(*host));
	struct iface_config *iface = &host->iface;
	struct addr none = { 0 };
	struct prefix subnet;
	char text[ADDR_TEXT_SIZE];

	host->network = network;
	host->index = network->host_count;
	host->wake.kind = MOMENT_HOST;
	configure(host, name);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(address, "/"), address);
	if (!addr_parse(nbma, &host->nbma) || !prefix_parse(address, &subnet) ||
		!addr_parse(text, &iface->address.addr))
		abort();
	iface->address.length = subnet.length;
	host->public_nbma = host->nbma;
	host->history[host->history_count++] = host->nbma;
	network->hosts = alloc_resize(network->hosts, network->host_count + 1, sizeof(*network->hosts));
	network->hosts[network->host_count++] = host;
	HASH_ADD(hh, network->by_address, iface.address.addr, sizeof(struct addr), host);
	underlay_place(host, host->nbma, false);
	host_add_route(host, prefix_host(iface->address.addr), none, 0, 0);
	host_add_route(host, subnet, none, TUNNEL_DEVICE, 0);
	return host;
}

struct host *network_host_at(const struct network *network, struct addr protocol)
{
	struct host *host;

	HASH_FIND(hh, network->by_address, &protocol, sizeof(protocol), host);
	return host;
}

struct host *network_host_named(const struct network *network, const char *name)
{
	for (size_t i = 0; i < network->host_count; i++) {
		if (strcmp(network->hosts[i]->name, name) == 0)
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
	flow->since = network->now;
	flow->timer.kind = MOMENT_FLOW;
	timerq_arm(&network->queue, &flow->timer, network->now);
	network->flows = alloc_resize(network->flows, network->flow_count + 1, sizeof(*network->flows));
	network->flows[network->flow_count++] = flow;
	return flow;
}

void network_block(struct network *network, const struct host *a, const struct host *b, bool blocked)
{
	size_t kept = 0;

	network_note(network, "%s and %s %s", a->name, b->name,
		blocked ? "are blocked" : "are not blocked any more");
	for (size_t i = 0; i < network->blocked_count; i++) {
		const struct host *x = network->blocked[i].a, *y = network->blocked[i].b;

		if ((x != a || y != b) && (x != b || y != a))
			network->blocked[kept++] = network->blocked[i];
	}
	network->blocked_count = kept;
	network->truth++;
	if (!blocked)
		return;
	network->blocked = alloc_resize(network->blocked, kept + 1, sizeof(*network->blocked));
	network->blocked[kept].a = a;
	network->blocked[kept].b = b;
	network->blocked[kept].one_way = false;
	network->blocked_count++;
}

void network_block_one_way(struct network *network, const struct host *a, const struct host *b)
{
	network_block(network, a, b, true);
	network->blocked[network->blocked_count - 1].one_way = true;
}

bool network_loses(const struct network *network, const struct host *from, const struct host *to)
{
	for (size_t i = 0; i < network->blocked_count; i++) {
		const struct host *x = network->blocked[i].a, *y = network->blocked[i].b;

		if ((x == from && y == to) || (x == to && y == from && !network->blocked[i].one_way))
			return true;
	}
	return false;
}

bool network_is_blocked(const struct network *network, const struct host *a, const struct host *b)
{
	return network_loses(network, a, b) || network_loses(network, b, a);
}

void network_set_bounds(struct network *network)
{
	uint16_t longest = 0;

	for (size_t i = 0; i < network->host_count; i++) {
		if (network->hosts[i]->iface.holding_time > longest)
			longest = network->hosts[i]->iface.holding_time;
	}
	network->bounds.stale = longest * MONO_SECOND + STALE_BEYOND;
	network->bounds.settled = longest * MONO_SECOND + SETTLED_BEYOND;
}

void network_heal(struct network *network)
{
	network->underlay.loss = 0;
	network->underlay.dropped = 0;
	network->blocked_count = 0;
	network->truth++;
	for (size_t i = 0; i < network->host_count; i++) {
		host_cut(network->hosts[i], false);
		host_start(network->hosts[i]);
	}
}

void network_disturb(struct network *network)
{
	network->disturbed = network->now;
}

static bool is_lossless(const struct network *network)
{
	return network->underlay.loss == 0 && network->underlay.dropped == 0;
}

bool network_is_calm(const struct network *network, int64_t duration)
{
	return is_lossless(network) && mono_between(network->disturbed, network->now) >= duration;
}

bool network_is_settled(const struct network *network)
{
	if (network->disturbed.us == 0)
		return is_lossless(network) &&
		       network->now.us >= SIM_START * MONO_SECOND + FORMING + network->bounds.fresh;
	return network_is_calm(network, network->bounds.settled);
}

uint64_t network_lost(const struct network *network)
{
	uint64_t lost = 0;

	for (enum loss i = 0; i < LOSSES; i++)
		lost += network->data_lost[i];
	return lost;
}

const char *loss_name(enum loss loss)
{
	static const char *const names[LOSSES] = { "no route", "no neighbour", "host down", "cut", "chance",
		"loop", "NAT", "not protected" };

	return names[loss];
}

bool network_is_over(const struct network *network)
{
	return network->violation.is_there && !network->goes_on;
}

void network_violation(struct network *network, enum invariant invariant, const char *format, ...)
{
	struct violation *violation = &network->violation;
	va_list args;

	network->violated |= 1U << invariant;
	if (violation->is_there)
		return;
	violation->is_there = true;
	violation->invariant = invariant;
	violation->at = network->now;
	va_start(args, format);
	vsnprintf(violation->text, sizeof(violation->text), format, args);
	va_end(args);
	network_note(network, "BROKEN %s: %s", invariant_text(invariant)->name, violation->text);
	if (network->on_violation)
		network->on_violation(network);
}

static void on_second(struct network *network)
{
	struct host *host = network->active;

	network->active = NULL;
	while (host) {
		struct host *next = host->next_active;

		host->is_active = false;
		host_tell_uses(host);
		host = next;
	}
	check_second(network);
	timerq_arm(&network->queue, &network->second, mono_add(network->now, MONO_SECOND));
}

static void run_flow(struct network *network, struct flow *flow)
{
	if (flow->stopped)
		return;
	if (flow->from->node)
		data_send(flow->from, flow);
	flow->stopped |= flow->limit > 0 && flow->sent >= flow->limit;
	if (!flow->stopped)
		timerq_arm(&network->queue, &flow->timer, mono_add(network->now, flow->interval));
}

static void happen(struct network *network, struct timer *timer)
{
	switch ((enum moment)timer->kind) {
	case MOMENT_SECOND:
		on_second(network);
		break;
	case MOMENT_DELIVERY:
		underlay_deliver(network, timer);
		break;
	case MOMENT_HOST:
		host_tick(container_of(timer, struct host, wake));
		break;
	case MOMENT_FLOW:
		run_flow(network, container_of(timer, struct flow, timer));
		break;
	case MOMENT_SA:
		sa_on_timer(timer);
		break;
	}
}

/// Goes to the next moment at which something happens, at most `end`.
static void step(struct network *network, struct mono end)
{
	struct mono next = timerq_next(&network->queue);

	if (mono_before(end, next)) {
		network->now = end;
		return;
	}
	network->steps++;
	if (mono_before(network->now, next))
		network->now = next;
	happen(network, timerq_pop(&network->queue, network->now));
}

void network_run(struct network *network, int64_t duration)
{
	struct mono end = mono_add(network->now, duration);

	while (!network_is_over(network) &&
		(mono_before(network->now, end) || !mono_before(end, timerq_next(&network->queue))))
		step(network, end);
}

bool network_run_until(
	struct network *network, bool (*condition)(void *context), void *context, int64_t limit)
{
	struct mono end = mono_add(network->now, limit);

	while (!condition(context)) {
		if (!mono_before(network->now, end) || network_is_over(network))
			return false;
		step(network, end);
	}
	return true;
}
