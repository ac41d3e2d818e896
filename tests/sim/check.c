// SPDX-License-Identifier: GPL-2.0-or-later
/// The invariants. What a host holds may be out of date for a moment after something changed, so what depends
/// on two hosts is first a suspicion, and a violation when it lasts longer than the network's bound.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/route.h"
#include "network.h"

static void suspect(struct host *host, const char *invariant, struct prefix prefix, const char *why)
{
	struct network *network = host->network;
	struct suspicion *suspicion;
	char text[PREFIX_TEXT_SIZE], key[sizeof(suspicion->key)];

	memset(key, 0, sizeof(key));
	snprintf(key, sizeof(key), "%s %s %s", invariant, host->name, prefix_format(prefix, text));
	HASH_FIND(hh, network->suspicions, key, sizeof(key), suspicion);
	if (!suspicion) {
		suspicion = alloc_zeroed(1, sizeof(*suspicion));
		memcpy(suspicion->key, key, sizeof(key));
		suspicion->since = network->now;
		HASH_ADD(hh, network->suspicions, key, sizeof(suspicion->key), suspicion);
	}
	suspicion->round = network->round;
	if (mono_between(suspicion->since, network->now) > network->stale_bound)
		network_violation(network, invariant, "%s holds %s for %lld s: %s", host->name, text,
			(long long)(mono_between(suspicion->since, network->now) / MONO_SECOND), why);
}

static void forget_cleared(struct network *network)
{
	struct suspicion *suspicion, *next;

	HASH_ITER(hh, network->suspicions, suspicion, next)
	{
		if (suspicion->round == network->round)
			continue;
		HASH_DEL(network->suspicions, suspicion);
		free(suspicion);
	}
}

static bool had_address(const struct host *host, struct addr nbma)
{
	for (size_t i = 0; i < host->history_count && i < MAX_HISTORY; i++) {
		if (addr_equal(host->history[i], nbma))
			return true;
	}
	return false;
}

/// A binding is what its owner registered or answered: it had that address.
static void check_binding_owner(struct host *host, const struct binding *binding)
{
	const struct host *owner = network_host_at(host->network, binding->protocol);
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE];

	if (binding->type == BINDING_TEMPORARY) {
		if (!nhs_by_nbma(host_iface(host), binding->peer->nbma))
			network_violation(host->network, "temporary bindings go by a server", "%s: %s",
				host->name, addr_format(binding->protocol, protocol));
		return;
	}
	if (!owner || !had_address(owner, binding->peer->nbma))
		network_violation(host->network, "no binding that its owner did not tell", "%s has %s at %s",
			host->name, addr_format(binding->protocol, protocol),
			addr_format(binding->peer->nbma, nbma));
}

static void check_bindings(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct binding *binding, *next;
	const struct neighbour *neighbour;
	uint32_t dynamic = 0, cached = 0;
	size_t count = 0;

	HASH_ITER(hh, iface->bindings, binding, next)
	{
		dynamic += binding->type == BINDING_DYNAMIC;
		cached += binding->type == BINDING_CACHED || binding->type == BINDING_TEMPORARY;
		count++;
		check_binding_owner(host, binding);
		HASH_FIND(hh, host->neighbours, &binding->protocol, sizeof(binding->protocol), neighbour);
		if (!neighbour || !addr_equal(neighbour->nbma, binding->peer->nbma))
			network_violation(host->network, "neighbours are the bindings", "%s", host->name);
	}
	if (count != HASH_COUNT(host->neighbours))
		network_violation(host->network, "neighbours are the bindings", "%s: %zu and %u", host->name,
			count, HASH_COUNT(host->neighbours));
	if (dynamic != iface->dynamic_count || cached + iface->shortcuts.count != iface->cached_count)
		network_violation(host->network, "counts are right", "%s: %u of %u dynamic, %u of %u cached",
			host->name, iface->dynamic_count, dynamic, iface->cached_count, cached);
}

static void check_limits(struct host *host)
{
	const struct iface *iface = host_iface(host);
	const struct limits_config *limits = &iface->config->limits;

	if (iface->dynamic_count > limits->registrations || iface->cached_count > limits->cached ||
		HASH_COUNT(iface->resolutions) > limits->resolutions ||
		iface->requester_count > limits->requesters)
		network_violation(host->network, "limits are kept", "%s", host->name);
}

static void check_overrides(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	const struct shortcut *shortcut;
	size_t count = 0;

	while ((shortcut = shortcut_next(iface, (struct prefix) { .addr.family = ADDR_IPV4 }, &cursor)) !=
		NULL) {
		const struct desired_item *item = trie_exact(&host->overrides, shortcut->prefix);
		const struct rib_route *route = rib_lookup(&host->rib, shortcut->destination);

		count++;
		if (!item || !addr_equal(item->next_hop, shortcut->next_hop))
			network_violation(host->network, "overrides are the shortcuts", "%s", host->name);
		if (!cache_find(iface, shortcut->next_hop))
			network_violation(host->network, "a shortcut's next hop is bound", "%s", host->name);
		if (!route || route->device != TUNNEL_DEVICE || route->kind != RIB_UNICAST ||
			route->prefix.length > shortcut->prefix.length)
			network_violation(
				host->network, "no override behind a withdrawn route", "%s", host->name);
	}
	if (count != host->overrides.count)
		network_violation(host->network, "overrides are the shortcuts", "%s: %zu and %zu", host->name,
			count, host->overrides.count);
}

void check_host(struct host *host)
{
	if (!host->node)
		return;
	check_bindings(host);
	check_limits(host);
	check_overrides(host);
}

/// Does the egress of a shortcut still stand for all of it?
static void check_egress(struct host *host, const struct shortcut *shortcut)
{
	const struct host *egress = network_host_at(host->network, shortcut->next_hop);
	struct route_verdict verdict;

	if (!egress || !egress->node || egress->is_cut)
		return;
	verdict = route_judge(host_iface(egress), shortcut->destination);
	if (verdict.side != ROUTE_OURS)
		suspect(host, "no shortcut to who is not the egress", shortcut->prefix,
			"its next hop has no such route");
	else if (!prefix_covers(verdict.prefix, shortcut->prefix))
		suspect(host, "no shortcut wider than its egress may vouch for", shortcut->prefix,
			"its next hop has a more specific route");
}

static void check_freshness(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	const struct shortcut *shortcut;
	struct binding *binding, *next;

	while ((shortcut = shortcut_next(iface, (struct prefix) { .addr.family = ADDR_IPV4 }, &cursor)) !=
		NULL)
		check_egress(host, shortcut);
	HASH_ITER(hh, iface->bindings, binding, next)
	{
		const struct host *owner = network_host_at(host->network, binding->protocol);

		if (binding->type == BINDING_CACHED && owner && owner->node &&
			!addr_equal(owner->public_nbma, binding->peer->nbma))
			suspect(host, "no binding of an address that moved", prefix_host(binding->protocol),
				"its owner is elsewhere");
	}
}

void check_network(struct network *network)
{
	network->round++;
	for (size_t i = 0; i < network->host_count; i++) {
		check_host(network->hosts[i]);
		if (network->hosts[i]->node)
			check_freshness(network->hosts[i]);
	}
	forget_cleared(network);
}
