// SPDX-License-Identifier: GPL-2.0-or-later
/// What a host holds may be out of date for a moment after something changed, so what depends on two hosts is
/// first a suspicion, and a violation when it lasts longer than the network's bound.
#include "sim/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/resolve.h"
#include "core/route.h"
#include "sim/sa.h"

#define WINDOW (60 * MONO_SECOND) ///< in which the messages of a settled network are counted
#define STEADY (20 * MONO_SECOND) ///< a flow with longer gaps does not keep a shortcut
#define PER_BINDING                                                                                          \
	12 ///< messages in a window for what is resolved: refreshes, and probes where nobody answers
#define PER_FLOW         80 ///< for what is asked again and again, both ways: redirects, and questions held 15 s
#define PER_REGISTRATION 4 ///< request and reply, and one of each because windows do not start with them

static void suspect(struct host *host, enum invariant invariant, struct prefix prefix, const char *why)
{
	struct network *network = host->network;
	struct suspicion *suspicion;
	char text[PREFIX_TEXT_SIZE], key[sizeof(suspicion->key)];

	memset(key, 0, sizeof(key));
	snprintf(key, sizeof(key), "%d %s %s", (int)invariant, host->name, prefix_format(prefix, text));
	HASH_FIND(hh, network->suspicions, key, sizeof(key), suspicion);
	if (!suspicion) {
		suspicion = alloc_zeroed(1, sizeof(*suspicion));
		memcpy(suspicion->key, key, sizeof(key));
		suspicion->host = host;
		suspicion->since = network->now;
		host->suspicions++;
		HASH_ADD(hh, network->suspicions, key, sizeof(suspicion->key), suspicion);
	}
	suspicion->seen = network->now;
	if (mono_between(suspicion->since, network->now) > network->bounds.stale)
		network_violation(network, invariant, "%s holds %s for %lld s: %s", host->name, text,
			(long long)(mono_between(suspicion->since, network->now) / MONO_SECOND), why);
}

static void forget_cleared(struct network *network)
{
	struct suspicion *suspicion, *next;

	HASH_ITER(hh, network->suspicions, suspicion, next)
	{
		if (mono_between(suspicion->seen, network->now) == 0)
			continue;
		suspicion->host->suspicions--;
		HASH_DEL(network->suspicions, suspicion);
		free(suspicion);
	}
}

void check_done(struct network *network)
{
	struct suspicion *suspicion, *next;

	HASH_ITER(hh, network->suspicions, suspicion, next)
	{
		HASH_DEL(network->suspicions, suspicion);
		free(suspicion);
	}
}

/// A binding is what its owner registered or answered: it had that address.
static void check_binding_owner(struct host *host, const struct binding *binding)
{
	const struct host *owner = network_host_at(host->network, binding->protocol);
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE];

	if (binding->type == BINDING_TEMPORARY) {
		if (!nhs_by_nbma(host_iface(host), binding->peer->nbma))
			network_violation(host->network, INVARIANT_TEMPORARY, "%s: %s", host->name,
				addr_format(binding->protocol, protocol));
		return;
	}
	if (!owner || !host_had_address(owner, binding->peer->nbma))
		network_violation(host->network, INVARIANT_OWNER, "%s has %s at %s", host->name,
			addr_format(binding->protocol, protocol), addr_format(binding->peer->nbma, nbma));
}

/// To the peer; while there is no SA with one that resolution found, or somebody else is in its place, by a
/// server, or not at all.
static bool is_neighbour_right(const struct host *host, const struct binding *binding)
{
	const struct iface *iface = binding->iface;
	const char *there = protect_identity(iface, binding->peer->nbma);
	const struct neighbour *neighbour;

	HASH_FIND(hh, host->neighbours, &binding->protocol, sizeof(binding->protocol), neighbour);
	if ((binding->type == BINDING_CACHED && !protect_is_up(iface, binding->peer->nbma)) ||
		(binding->type <= BINDING_DYNAMIC && there && cache_is_anothers(binding, there)))
		return !neighbour || nhs_by_nbma(iface, neighbour->nbma);
	return neighbour && addr_equal(neighbour->nbma, binding->peer->nbma);
}

static void check_bindings(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct binding *binding, *next;
	uint32_t dynamic = 0, cached = 0;

	HASH_ITER(hh, iface->bindings, binding, next)
	{
		dynamic += binding->type == BINDING_DYNAMIC;
		cached += binding->type == BINDING_CACHED || binding->type == BINDING_TEMPORARY;
		host->network->checks++;
		check_binding_owner(host, binding);
		if (binding->has_neighbour && !is_neighbour_right(host, binding))
			network_violation(
				host->network, INVARIANT_KERNEL, "a neighbour of %s is wrong", host->name);
	}
	if (dynamic != iface->dynamic_count || cached + iface->shortcuts.count != iface->cached_count)
		network_violation(host->network, INVARIANT_COUNTS, "%s: %u of %u dynamic, %u of %u cached",
			host->name, iface->dynamic_count, dynamic, iface->cached_count, cached);
}

static void check_override(struct host *host, const struct shortcut *shortcut)
{
	const struct desired_item *item = trie_exact(&host->overrides, shortcut->prefix);
	const struct rib_route *route = rib_lookup(&host->rib, shortcut->destination);
	char text[PREFIX_TEXT_SIZE];

	prefix_format(shortcut->prefix, text);
	if (shortcut->usable && (!item || !addr_equal(item->next_hop, shortcut->next_hop)))
		network_violation(host->network, INVARIANT_KERNEL, "%s has no override %s", host->name, text);
	if (!cache_find(host_iface(host), shortcut->next_hop))
		network_violation(host->network, INVARIANT_SHORTCUT_BOUND, "%s: %s", host->name, text);
	if (!route || route->device != TUNNEL_DEVICE || route->kind != RIB_UNICAST ||
		route->prefix.length > shortcut->prefix.length)
		network_violation(host->network, INVARIANT_OVERRIDE, "%s: %s", host->name, text);
}

static void check_overrides(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	const struct shortcut *shortcut;

	while ((shortcut = shortcut_next(iface, iface_everything(iface), &cursor)) != NULL) {
		host->network->checks++;
		check_override(host, shortcut);
	}
}

/// Overrides that nobody wants are as bad as missing ones; so are other routes than those overridden.
static void check_kernel_counts(struct host *host)
{
	const size_t *wanted = node_desired(host->node)->counts;

	if (HASH_COUNT(host->neighbours) != wanted[DESIRED_NEIGHBOUR] ||
		HASH_COUNT(host->receivers) != wanted[DESIRED_MULTICAST] ||
		host->overrides.count != wanted[DESIRED_ROUTE])
		network_violation(host->network, INVARIANT_KERNEL,
			"%s: %u neighbours, %u receivers, %zu overrides; wanted %zu, %zu, %zu", host->name,
			HASH_COUNT(host->neighbours), HASH_COUNT(host->receivers), host->overrides.count,
			wanted[DESIRED_NEIGHBOUR], wanted[DESIRED_MULTICAST], wanted[DESIRED_ROUTE]);
}

static void check_limits(struct host *host)
{
	const struct iface *iface = host_iface(host);
	const struct limits_config *limits = &iface->config->limits;

	if (iface->dynamic_count > limits->registrations || iface->cached_count > limits->cached ||
		HASH_COUNT(iface->resolutions) > limits->resolutions ||
		iface->requester_count > limits->requesters)
		network_violation(host->network, INVARIANT_LIMITS,
			"%s: %u registrations, %u cached, %u resolutions, %u requesters", host->name,
			iface->dynamic_count, iface->cached_count, HASH_COUNT(iface->resolutions),
			iface->requester_count);
}

/// A host's tables against each other, all of them.
static void check_host(struct host *host)
{
	if (!host->node)
		return;
	host->unchecked = 0;
	check_bindings(host);
	check_overrides(host);
}

void check_input(struct host *host)
{
	check_limits(host);
	check_kernel_counts(host);
	if (++host->unchecked > HASH_COUNT(host->neighbours) + host->overrides.count)
		check_host(host);
}

void check_wake(struct host *host)
{
	if (!mono_before(host->network->now, node_next_wake(host->node)))
		network_violation(
			host->network, INVARIANT_TIMERS, "%s wants to wake in the past", host->name);
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
		suspect(host, INVARIANT_EGRESS, shortcut->prefix, "its next hop has no such route");
	else if (!prefix_covers(verdict.prefix, shortcut->prefix))
		suspect(host, INVARIANT_WIDTH, shortcut->prefix, "its next hop has a more specific route");
}

/// What the host holds against the truth.
static void check_freshness(struct host *host)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	const struct shortcut *shortcut;
	struct binding *binding, *next;

	host->has_changed = false;
	host->truth = host->network->truth;
	if (iface->cached_count == 0)
		return;
	while ((shortcut = shortcut_next(iface, iface_everything(iface), &cursor)) != NULL)
		check_egress(host, shortcut);
	HASH_ITER(hh, iface->bindings, binding, next)
	{
		const struct host *owner = network_host_at(host->network, binding->protocol);

		host->network->checks++;
		// Without an SA nothing goes there, whatever an answer said.
		if (binding->type == BINDING_CACHED && owner && owner->node &&
			!addr_equal(owner->public_nbma, binding->peer->nbma) &&
			sa_carries(host, binding->peer->nbma))
			suspect(host, INVARIANT_MOVED, prefix_host(binding->protocol),
				"its owner is elsewhere");
	}
}

static bool is_registered(const struct host *host, size_t server)
{
	const struct nhs *nhs = &host_iface(host)->nhs[server];

	return nhs->state == NHS_UP || nhs->state == NHS_CHECK;
}

static bool is_full(const struct host *server)
{
	const struct iface *iface = host_iface(server);

	return iface->dynamic_count >= iface->config->limits.registrations;
}

static void check_registrations(struct host *host)
{
	for (size_t i = 0; i < host->iface.nhs_count && host->node; i++) {
		const struct host *server = network_host_at(host->network, host->servers[i].protocol);

		if (server && underlay_connects(host->network, host, server) && !is_full(server) &&
			!is_registered(host, i))
			network_violation(host->network, INVARIANT_FORMS, "%s is not registered with %s",
				host->name, server->name);
	}
}

/// How many messages a settled network may send in a window.
static uint64_t allowed_messages(const struct network *network)
{
	uint64_t allowed = 0;

	for (size_t i = 0; i < network->host_count; i++) {
		const struct host *host = network->hosts[i];
		const struct iface *iface = host_iface(host);

		if (!iface)
			continue;
		allowed += iface->nhs_count * PER_REGISTRATION *
			   (1 + WINDOW / MONO_SECOND / (iface_registration_interval(iface) + 1));
		allowed += (uint64_t)iface->cached_count * PER_BINDING;
	}
	for (size_t i = 0; i < network->flow_count; i++)
		allowed += network->flows[i]->stopped ? 0 : PER_FLOW;
	return allowed;
}

/// At the end of each window, where all of it was settled.
static void check_window(struct network *network)
{
	uint64_t sent = network->nhrp_sent - network->window_sent;
	bool settled = network_is_settled(network) && network->bounds.settled > 0;

	if (mono_between(network->window, network->now) < WINDOW)
		return;
	if (settled && network_is_calm(network, network->bounds.settled + WINDOW) &&
		sent > allowed_messages(network))
		network_violation(network, INVARIANT_QUIET, "%llu messages in a minute; %llu are plenty",
			(unsigned long long)sent, (unsigned long long)allowed_messages(network));
	for (size_t i = 0; i < network->host_count && settled; i++)
		check_registrations(network->hosts[i]);
	network->window = network->now;
	network->window_sent = network->nhrp_sent;
}

void check_second(struct network *network)
{
	for (size_t i = 0; i < network->host_count; i++) {
		struct host *host = network->hosts[i];

		if (host->node &&
			(host->has_changed || host->truth != network->truth || host->suspicions > 0))
			check_freshness(host);
	}
	forget_cleared(network);
	check_window(network);
}

void check_network(struct network *network)
{
	for (size_t i = 0; i < network->host_count; i++) {
		struct host *host = network->hosts[i];

		if (!host->node)
			continue;
		check_input(host);
		check_host(host);
		check_freshness(host);
	}
	forget_cleared(network);
}

void check_visit(struct host *host, const struct datagram *data)
{
	struct network *network = host->network;

	if (addr_equal(host_address(host), data->next_hop) || host_has_server(data->sender, host) ||
		!network_is_calm(network, network->bounds.stale))
		return;
	network_violation(
		network, INVARIANT_ON_PATH, "%s sent a packet to %s", data->sender->name, host->name);
}

/// What the routing tables and the underlay make of a packet, if spokes knew nothing of each other.
enum fate { FATE_ARRIVES, FATE_LOST, FATE_CIRCLES };

static enum fate by_the_hubs(const struct host *host, struct addr destination, int hops)
{
	const struct network *network = host->network;
	const struct rib_route *route = rib_lookup(&host->rib, destination);
	const struct host *next;

	if (hops == 0)
		return FATE_CIRCLES;
	if (!route || route->kind == RIB_UNREACHABLE)
		return FATE_LOST;
	if (route->kind == RIB_LOCAL || route->device != TUNNEL_DEVICE)
		return FATE_ARRIVES;
	next = network_host_at(network, addr_is_set(route->next_hop) ? route->next_hop : destination);
	if (!next)
		return FATE_LOST;
	if (host_has_server(host, next) || host_has_server(next, host))
		return underlay_connects(network, host, next) ? by_the_hubs(next, destination, hops - 1)
							      : FATE_LOST;
	// Phase 2: the way by a server is a detour to the same next hop, whose own routes lead on from there.
	if (by_the_hubs(next, destination, hops - 1) != FATE_ARRIVES)
		return FATE_LOST;
	for (size_t i = 0; i < host->iface.nhs_count; i++) {
		const struct host *server = network_host_at(network, host->servers[i].protocol);

		if (server && underlay_connects(network, host, server))
			return by_the_hubs(server, destination, hops - 1);
	}
	return FATE_LOST;
}

void check_loss(struct host *host, const struct datagram *data, enum loss why)
{
	struct network *network = host->network;
	enum fate fate;

	if (why == LOSS_CHANCE || network->loops_allowed)
		return;
	fate = by_the_hubs(network->hosts[data->trail[0]], data->destination, MAX_TRAIL);
	if (why == LOSS_LOOP && fate != FATE_CIRCLES && network_is_calm(network, network->bounds.stale))
		network_violation(network, INVARIANT_NO_LOOP, "a packet came to %s again", host->name);
	if (fate == FATE_ARRIVES && network->bounds.settled > 0 && network_is_settled(network))
		network_violation(network, INVARIANT_NO_LOSS, "%s, from %s: %s", host->name,
			network->hosts[data->trail[0]]->name, loss_name(why));
}

/// The nodes are told enough to find the direct way: by redirects, or because the route says so.
static bool may_go_direct(const struct host *from, const struct host *to, struct addr destination)
{
	const struct rib_route *route = rib_lookup(&from->rib, destination);

	return from->iface.shortcut || (route && addr_equal(route->next_hop, host_address(to)));
}

void check_arrival(struct host *host, const struct datagram *data)
{
	struct network *network = host->network;
	const struct host *from = network->hosts[data->trail[0]];

	if (!network->expects_direct || data->trail_count <= 2 || network->bounds.settled == 0 ||
		from->is_hub || host->is_hub || data->flow->interval > STEADY ||
		mono_between(data->flow->since, network->now) < network->bounds.fresh ||
		!network_is_settled(network) || !underlay_connects(network, from, host) ||
		!may_go_direct(from, host, data->destination))
		return;
	network_violation(network, INVARIANT_DIRECT, "a packet from %s to %s went by %zu hosts", from->name,
		host->name, data->trail_count);
}
