// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/lifecycle.h"
#include "core/nhs.h"
#include "core/nhs_address.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/receive.h"
#include "core/redirect.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/route.h"
#include "core/shortcut.h"
#include "core/timers.h"

#define REMOTE_EVENTS_PER_SECOND 20

struct node *node_new(const struct node_config *config, uint64_t seed, uint32_t request_id, struct mono now)
{
	struct node *node = alloc_zeroed(1, sizeof(*node));

	node->next_request_id = request_id;
	node->events = ratelimit_make(REMOTE_EVENTS_PER_SECOND, MONO_SECOND);
	rng_seed(&node->rng, seed);
	node_configure(node, config, now);
	return node;
}

void node_remove(struct node *node, uint32_t id, struct mono now)
{
	struct iface *iface = node_iface(node, id);
	size_t at = 0;

	if (!iface)
		return;
	if (iface->up)
		iface_shutdown(iface, now);
	iface_done(iface);
	while (node->ifaces[at] != iface)
		at++;
	node->iface_count--;
	memmove(&node->ifaces[at], &node->ifaces[at + 1], (node->iface_count - at) * sizeof(struct iface *));
	free(iface);
}

static bool is_in(const struct node_config *config, uint32_t id)
{
	for (size_t i = 0; i < config->iface_count; i++) {
		if (config->ifaces[i].id == id)
			return true;
	}
	return false;
}

void node_configure(struct node *node, const struct node_config *config, struct mono now)
{
	struct iface **ifaces = alloc_zeroed(config->iface_count + 1, sizeof(*ifaces));

	for (size_t i = node->iface_count; i-- > 0;) {
		if (!is_in(config, node->ifaces[i]->config->id))
			node_remove(node, node->ifaces[i]->config->id, now);
	}
	for (size_t i = 0; i < config->iface_count; i++) {
		ifaces[i] = node_iface(node, config->ifaces[i].id);
		if (ifaces[i]) {
			iface_configure(ifaces[i], &config->ifaces[i], now);
		} else {
			ifaces[i] = alloc_zeroed(1, sizeof(**ifaces));
			iface_init(ifaces[i], node, &config->ifaces[i], now);
		}
	}
	free(node->ifaces);
	node->ifaces = ifaces;
	node->iface_count = config->iface_count;
	node->config = config;
}

bool node_restore(struct node *node, uint32_t id, struct addr protocol, const struct binding_facts *facts,
	struct mono now)
{
	struct iface *iface = node_iface(node, id);

	if (!iface || !addr_is_host(protocol) || !addr_is_host(facts->nbma) || route_is_own(node, protocol))
		return false;
	return cache_set(iface, protocol, facts, now) != NULL;
}

bool node_restore_shortcut(struct node *node, uint32_t id, struct addr destination, struct prefix prefix,
	struct addr next_hop, uint16_t holding_time, uint16_t mtu, struct mono now)
{
	struct iface *iface = node_iface(node, id);
	struct route_verdict verdict;
	const char *reason;

	if (!iface || !iface->config->shortcut || !cache_find(iface, next_hop))
		return false;
	verdict = route_judge(iface, destination);
	return verdict.side == ROUTE_CLOUD && verdict.iface == iface &&
	       shortcut_install(iface, destination, prefix, next_hop, holding_time, mtu, now, &reason);
}

void node_restore_requester(
	struct node *node, uint32_t id, const struct requester *facts, uint16_t holding_time, struct mono now)
{
	struct iface *iface = node_iface(node, id);

	if (iface)
		requester_note(iface, facts, holding_time, now);
}

void node_restore_neighbour(struct node *node, uint32_t id, struct addr protocol)
{
	struct iface *iface = node_iface(node, id);
	struct binding *binding = iface ? cache_find(iface, protocol) : NULL;

	if (binding && !binding->has_neighbour)
		cache_give_neighbour(binding);
}

void node_free(struct node *node)
{
	struct action *action;

	if (!node)
		return;
	for (size_t i = 0; i < node->iface_count; i++) {
		iface_done(node->ifaces[i]);
		free(node->ifaces[i]);
	}
	free(node->ifaces);
	rib_done(&node->rib);
	desired_done(&node->desired);
	timerq_done(&node->timers);
	while ((action = node_pop_action(node)) != NULL)
		free(action);
	free(node);
}

struct iface *node_iface(struct node *node, uint32_t id)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		if (node->ifaces[i]->config->id == id)
			return node->ifaces[i];
	}
	return NULL;
}

struct desired *node_desired(struct node *node)
{
	return &node->desired;
}

void node_on_link(struct node *node, uint32_t id, bool up, uint32_t device, struct addr nbma, struct mono now)
{
	struct iface *iface = node_iface(node, id);

	if (iface)
		iface_set_link(iface, up, device, nbma, now);
}

void node_on_name(
	struct node *node, const char *name, const struct addr *addresses, size_t count, struct mono now)
{
	for (size_t i = 0; i < node->iface_count; i++)
		nhs_address_set(node->ifaces[i], name, addresses, count, now);
}

void node_on_packet(struct node *node, uint32_t id, struct addr from, const uint8_t *packet, size_t length,
	struct mono now)
{
	struct iface *iface = node_iface(node, id);

	if (iface)
		receive_packet(iface, from, packet, length, now);
}

bool node_knows(struct node *node, uint32_t id, struct addr nbma)
{
	const struct iface *iface = node_iface(node, id);

	return iface && peer_find(iface, nbma);
}

void node_on_overload(struct node *node, uint32_t id, struct addr from, uint64_t count)
{
	struct iface *iface = node_iface(node, id);

	if (!iface)
		return;
	iface->counters.refused[REFUSED_BUSY] += count;
	if (addr_is_set(from))
		offenders_note(&iface->counters.offenders, from, refusal_name(REFUSED_BUSY));
}

void node_on_neigh_miss(struct node *node, uint32_t id, struct addr next_hop, struct mono now)
{
	struct iface *iface = node_iface(node, id);
	struct binding_facts facts = { .type = BINDING_TEMPORARY };
	const struct nhs *nhs;
	struct binding *binding;

	if (!iface || !addr_is_host(next_hop))
		return;
	binding = cache_find(iface, next_hop);
	if (binding) {
		cache_give_neighbour(binding);
		return;
	}
	nhs = nhs_active(iface);
	facts.nbma = nhs ? nhs->nbma : iface->config->destination;
	// Packets go by the hub from the first one on, so that none waits and none is lost.
	if (!addr_is_set(facts.nbma) || !cache_set(iface, next_hop, &facts, now))
		return;
	resolve_start(iface, next_hop, now);
}

void node_on_traffic(
	struct node *node, uint32_t in, uint32_t out, const uint8_t *packet, size_t length, struct mono now)
{
	struct iface *iface_in = node_iface(node, in);
	const struct iface *iface_out = node_iface(node, out);

	if (iface_in && iface_out && iface_in->up)
		redirect_on_traffic(iface_in, iface_out, packet, length, now);
}

void node_on_sa(struct node *node, uint32_t id, struct addr nbma, enum sa_state state, const char *identity,
	struct mono now)
{
	struct iface *iface = node_iface(node, id);

	if (iface && addr_is_set(nbma))
		protect_on_sa(iface, nbma, state, identity, now);
}

/// Data goes there and nothing comes back: is the peer still alive?
static void check_silent(struct peer *peer, struct mono now)
{
	struct nhs *nhs = nhs_by_nbma(peer->iface, peer->nbma);
	const struct binding *binding;

	peer->unanswered_since = now;
	// A flow may be one way: a peer that answers is asked less and less often.
	if (peer->patience < PEER_PATIENCE_LAST)
		peer->patience *= 2;
	if (nhs) {
		nhs_step(nhs, NHS_EVENT_SUSPECT, now);
		return;
	}
	DL_FOREACH2(peer->bindings, binding, peer_next)
	{
		if (binding->type == BINDING_CACHED) {
			resolve_probe(peer->iface, binding->protocol, peer->nbma, now);
			return;
		}
	}
}

void node_on_use(struct node *node, uint32_t id, struct addr nbma, bool sent, bool received, struct mono now)
{
	struct iface *iface = node_iface(node, id);
	struct peer *peer = iface ? peer_find(iface, nbma) : NULL;

	if (!peer)
		return;
	if (sent)
		peer->last_sent = now;
	if (received) {
		peer->last_received = now;
		peer->unanswered_since = MONO_NEVER;
		peer->patience = PEER_PATIENCE_FIRST;
	} else if (sent && mono_is_never(peer->unanswered_since)) {
		peer->unanswered_since = now;
	} else if (sent && mono_between(peer->unanswered_since, now) >= peer->patience) {
		check_silent(peer, now);
	}
}

void node_on_route(struct node *node, const struct rib_route *route, bool added, struct mono now)
{
	bool changed = added ? rib_add(&node->rib, route) : rib_remove(&node->rib, route);

	if (!changed)
		return;
	for (size_t i = 0; i < node->iface_count; i++) {
		shortcut_on_route(node->ifaces[i], route->prefix);
		requester_on_route(node->ifaces[i], route->prefix, now);
	}
}

struct mono node_next_wake(const struct node *node)
{
	return timerq_next(&node->timers);
}

void node_tick(struct node *node, struct mono now)
{
	struct timer *timer;

	while ((timer = timerq_pop(&node->timers, now)) != NULL) {
		switch ((enum timer_kind)timer->kind) {
		case TIMER_BINDING:
			cache_on_timer(container_of(timer, struct binding, timer), now);
			break;
		case TIMER_NHS:
			nhs_step(container_of(timer, struct nhs, timer), NHS_EVENT_TIMER, now);
			break;
		case TIMER_RESOLUTION:
			resolve_on_timer(container_of(timer, struct resolution, timer), now);
			break;
		case TIMER_SHORTCUT:
			shortcut_on_timer(container_of(timer, struct shortcut, timer), now);
			break;
		case TIMER_PROTECT:
			protect_on_timer(container_of(timer, struct protect, timer), now);
			break;
		case TIMER_REQUESTER:
			requester_on_timer(container_of(timer, struct requester, timer), now);
			break;
		}
	}
}

void node_shutdown(struct node *node, struct mono now)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		if (node->ifaces[i]->up)
			iface_shutdown(node->ifaces[i], now);
	}
}

size_t node_clear(struct node *node, struct addr protocol, struct mono now)
{
	size_t count = 0;

	for (size_t i = 0; i < node->iface_count; i++)
		count += iface_clear(node->ifaces[i], protocol, now);
	return count;
}

size_t node_clear_shortcuts(struct node *node, struct mono now)
{
	size_t count = 0;

	(void)now;
	for (size_t i = 0; i < node->iface_count; i++)
		count += iface_clear_shortcuts(node->ifaces[i]);
	return count;
}

void node_clear_counters(struct node *node)
{
	for (size_t i = 0; i < node->iface_count; i++)
		memset(&node->ifaces[i]->counters, 0, sizeof(node->ifaces[i]->counters));
	node->events_suppressed = 0;
}
