// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/check.h"
#include "sim/sa.h"
#include "sim/underlay.h"

#define LOST_METRIC 1000 ///< is added to that of a route which a routing protocol lost with its server

struct addr host_address(const struct host *host)
{
	return host->iface.address.addr;
}

struct addr host_lan(const struct host *host, uint8_t number)
{
	struct addr addr = host->lan.addr;

	addr.bytes[addr_size(addr) - 1] = number;
	return addr;
}

struct iface *host_iface(const struct host *host)
{
	return host->node ? node_iface(host->node, IFACE_ID) : NULL;
}

struct nhs_config *host_add_server(struct host *host, const struct host *server)
{
	struct nhs_config *config = &host->servers[host->iface.nhs_count++];

	config->protocol = host_address(server);
	config->nbma = server->public_nbma;
	config->multicast = true;
	host->iface.nhs = host->servers;
	return config;
}

bool host_had_address(const struct host *host, struct addr nbma)
{
	for (size_t i = 0; i < host->history_count && i < MAX_HISTORY; i++) {
		if (addr_equal(host->history[i], nbma))
			return true;
	}
	return false;
}

bool host_has_server(const struct host *host, const struct host *server)
{
	for (size_t i = 0; i < host->iface.nhs_count; i++) {
		if (addr_equal(host->servers[i].protocol, host_address(server)))
			return true;
	}
	return false;
}

static void give_routes(struct host *host)
{
	for (size_t i = 0; i < host->route_count; i++)
		node_on_route(host->node, &host->routes[i], true, host->network->now);
}

void host_start(struct host *host)
{
	struct network *network = host->network;

	if (host->node)
		return;
	host_note(host, "starts");
	host->config = (struct node_config) { .ifaces = &host->iface, .iface_count = 1 };
	host->node =
		node_new(&host->config, rng_next(&network->rng), ++host->restarts * 1000000, network->now);
	give_routes(host);
	host_drain(host);
	node_on_link(host->node, IFACE_ID, true, TUNNEL_DEVICE, host->nbma, network->now);
	host_drain(host);
	network->truth++;
}

static void clear_neighbours(struct neighbour **table)
{
	struct neighbour *neighbour, *next;

	HASH_ITER(hh, *table, neighbour, next)
	{
		HASH_DEL(*table, neighbour);
		free(neighbour);
	}
}

static void clear_overrides(struct host *host)
{
	struct prefix everything = { .addr.family = host_address(host).family }, prefix;
	struct desired_item *item;

	while ((item = trie_next(&host->overrides, everything, NULL, &prefix)) != NULL) {
		trie_remove(&host->overrides, prefix);
		free(item);
	}
	trie_done(&host->overrides);
}

static void take_changes(struct host *host);

void host_stop(struct host *host, bool graceful)
{
	if (!host->node)
		return;
	host_note(host, "stops%s", graceful ? "" : " without a word");
	if (graceful) {
		node_shutdown(host->node, host->network->now);
		take_changes(host);
	}
	sa_forget(host);
	timerq_disarm(&host->network->queue, &host->wake);
	node_free(host->node);
	host->node = NULL;
	clear_neighbours(&host->neighbours);
	clear_neighbours(&host->receivers);
	clear_neighbours(&host->uses);
	clear_overrides(host);
	host->network->truth++;
}

void host_free(struct host *host)
{
	host_stop(host, false);
	underlay_unplace(host);
	rib_done(&host->rib);
	free(host->routes);
	free(host);
}

static void remember(struct host *host, struct addr nbma)
{
	for (unsigned i = 0; i < host->history_count && i < MAX_HISTORY; i++) {
		if (addr_equal(host->history[i], nbma))
			return;
	}
	host->history[host->history_count++ % MAX_HISTORY] = nbma;
}

static void be_at(struct host *host, struct addr public_nbma, bool ports)
{
	host->public_nbma = public_nbma;
	remember(host, public_nbma);
	underlay_place(host, public_nbma, ports);
	host->network->truth++;
}

void host_move(struct host *host, struct addr nbma)
{
	bool nat = !addr_equal(host->nbma, host->public_nbma);
	char text[ADDR_TEXT_SIZE];

	host_note(host, "moves to %s", addr_format(nbma, text));
	host->nbma = nbma;
	// Behind NAT, it tells the inside address until a server tells it the other.
	if (nat)
		remember(host, nbma);
	else
		be_at(host, nbma, false);
	sa_move(host);
	if (host->node) {
		node_on_link(host->node, IFACE_ID, true, TUNNEL_DEVICE, host->nbma, host->network->now);
		host_drain(host);
	}
}

void host_set_nat(struct host *host, struct addr public_nbma, bool ports)
{
	char text[ADDR_TEXT_SIZE];

	host_note(host, "is behind a NAT at %s%s", addr_format(public_nbma, text),
		ports ? ", with others" : "");
	be_at(host, public_nbma, ports);
}

void host_cut(struct host *host, bool cut)
{
	if (host->is_cut == cut)
		return;
	host_note(host, cut ? "is cut off" : "is back");
	host->is_cut = cut;
	host->network->truth++;
}

void host_clear(struct host *host, bool shortcuts_only)
{
	if (!host->node)
		return;
	host_note(host, "is cleared%s", shortcuts_only ? " of shortcuts" : "");
	if (shortcuts_only)
		(void)node_clear_shortcuts(host->node, host->network->now);
	else
		(void)node_clear(host->node, (struct addr) { 0 }, host->network->now);
	host_drain(host);
}

static bool same_route(const struct rib_route *a, const struct rib_route *b)
{
	return prefix_equal(a->prefix, b->prefix) && addr_equal(a->next_hop, b->next_hop) &&
	       a->device == b->device && a->metric == b->metric;
}

static void change_route(struct host *host, const struct rib_route *route, bool added)
{
	char prefix[PREFIX_TEXT_SIZE], next_hop[ADDR_TEXT_SIZE];

	if (added)
		(void)rib_add(&host->rib, route);
	else
		(void)rib_remove(&host->rib, route);
	host->network->truth++;
	if (!host->node)
		return;
	if (host->network->trace->is_on)
		host_note(host, "%s route %s via %s", added ? "adds" : "removes",
			prefix_format(route->prefix, prefix), addr_format(route->next_hop, next_hop));
	node_on_route(host->node, route, added, host->network->now);
	host_drain(host);
}

static struct rib_route route_make(
	struct prefix prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	// The host's own addresses are said by device 0.
	return (struct rib_route) { .prefix = prefix,
		.kind = device == 0 ? RIB_LOCAL : RIB_UNICAST,
		.next_hop = next_hop,
		.device = device,
		.metric = metric };
}

static void add_route(struct host *host, const struct rib_route *route)
{
	bool may_be_there = rib_exact(&host->rib, route->prefix) != NULL;

	for (size_t i = 0; may_be_there && i < host->route_count; i++) {
		if (same_route(&host->routes[i], route))
			return;
	}
	if ((host->route_count & (host->route_count - 1)) == 0)
		host->routes = alloc_resize(
			host->routes, host->route_count ? 2 * host->route_count : 1, sizeof(*host->routes));
	host->routes[host->route_count++] = *route;
	change_route(host, route, true);
}

static void remove_route(struct host *host, const struct rib_route *route)
{
	for (size_t i = 0; i < host->route_count; i++) {
		if (same_route(&host->routes[i], route)) {
			struct rib_route removed = *route;

			// The order stays, so that what is told at a restart does not depend on the history.
			memmove(&host->routes[i], &host->routes[i + 1],
				(host->route_count - i - 1) * sizeof(*host->routes));
			host->route_count--;
			if ((host->route_count & (host->route_count - 1)) == 0 && host->route_count > 0)
				host->routes =
					alloc_resize(host->routes, host->route_count, sizeof(*host->routes));
			change_route(host, &removed, false);
			return;
		}
	}
}

void host_add_route(
	struct host *host, struct prefix prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	struct rib_route route = route_make(prefix, next_hop, device, metric);

	add_route(host, &route);
}

void host_remove_route(
	struct host *host, struct prefix prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	struct rib_route route = route_make(prefix, next_hop, device, metric);

	remove_route(host, &route);
}

/// A routing protocol over the tunnel loses the routes by a server that is down. What was lost is kept with a
/// metric that tells.
static void follow_server(struct host *host, struct addr server, bool up)
{
	struct rib_route *changed = alloc_zeroed(host->route_count + 1, sizeof(*changed));
	size_t count = 0;

	for (size_t i = 0; i < host->route_count; i++) {
		struct rib_route route = host->routes[i];

		if (addr_equal(route.next_hop, server) && (route.metric >= LOST_METRIC) == up)
			changed[count++] = route;
	}
	for (size_t i = 0; i < count; i++) {
		struct rib_route other = changed[i];

		other.metric = up ? other.metric - LOST_METRIC : other.metric + LOST_METRIC;
		add_route(host, &other);
		remove_route(host, &changed[i]);
	}
	free(changed);
}

void host_receive(struct host *host, struct addr from, const uint8_t *packet, size_t length)
{
	host_note_message(host, "<", from, packet, length);
	node_on_packet(host->node, IFACE_ID, from, packet, length, host->network->now);
	host_drain(host);
}

static void set_neighbour(struct neighbour **table, struct addr key, struct addr nbma, bool present)
{
	struct neighbour *neighbour;

	HASH_FIND(hh, *table, &key, sizeof(key), neighbour);
	if (neighbour && !present) {
		HASH_DEL(*table, neighbour);
		free(neighbour);
	} else if (present) {
		if (!neighbour) {
			neighbour = alloc_zeroed(1, sizeof(*neighbour));
			neighbour->key = key;
			HASH_ADD(hh, *table, key, sizeof(neighbour->key), neighbour);
		}
		neighbour->nbma = nbma;
	}
}

static void apply(struct host *host, const struct desired_item *item)
{
	host->has_changed = true;
	switch (item->kind) {
	case DESIRED_NEIGHBOUR:
		set_neighbour(&host->neighbours, item->prefix.addr, item->nbma, item->present);
		break;
	case DESIRED_MULTICAST:
		set_neighbour(&host->receivers, item->nbma, item->nbma, item->present);
		break;
	case DESIRED_ROUTE:
		free(item->present ? trie_set(&host->overrides, item->prefix, alloc_copy(item, sizeof(*item)))
				   : trie_remove(&host->overrides, item->prefix));
		break;
	case DESIRED_SA:
		sa_want(host, item->nbma, item->present, item->call);
		break;
	}
}

static void note_event(const struct host *host, const struct event *event)
{
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], prefix[PREFIX_TEXT_SIZE];
	bool has_prefix = addr_is_set(event->prefix.addr);

	host_note(host, "! %s%s%s%s%s%s%s%s%s", event_name(event->type), has_prefix ? " " : "",
		has_prefix ? prefix_format(event->prefix, prefix) : "",
		addr_is_set(event->protocol) ? " " : "",
		addr_is_set(event->protocol) ? addr_format(event->protocol, protocol) : "",
		addr_is_set(event->nbma) ? " at " : "",
		addr_is_set(event->nbma) ? addr_format(event->nbma, nbma) : "", event->reason ? ": " : "",
		event->reason ? event->reason : "");
}

static void on_event(struct host *host, const struct event *event)
{
	host->events[event->type]++;
	host->last[event->type] = *event;
	if (host->network->trace->is_on)
		note_event(host, event);
	if (host->follows_servers && (event->type == EVENT_NHS_UP || event->type == EVENT_NHS_DOWN))
		follow_server(host, event->protocol, event->type == EVENT_NHS_UP);
}

static void take_changes(struct host *host)
{
	struct desired_item item;
	struct action *action;

	while (desired_pop_change(node_desired(host->node), &item))
		apply(host, &item);
	while ((action = node_pop_action(host->node)) != NULL) {
		if (action->type == ACTION_SEND) {
			host->packets_sent++;
			host->network->nhrp_sent++;
			host_note_message(host, ">", action->send.nbma, action->packet, action->send.length);
			underlay_send(host, action->send.nbma, NULL, action->packet, action->send.length);
		} else if (action->type == ACTION_RENEW_SA) {
			sa_renew(host, action->renew);
		} else if (action->type == ACTION_EVENT) {
			on_event(host, &action->event);
		}
		free(action);
	}
}

void host_drain(struct host *host)
{
	struct mono next;

	take_changes(host);
	next = node_next_wake(host->node);
	if (mono_is_never(next))
		timerq_disarm(&host->network->queue, &host->wake);
	else if (!timer_is_armed(&host->wake) || mono_between(host->wake.at, next) != 0)
		timerq_arm(&host->network->queue, &host->wake, next);
	check_input(host);
}

void host_tick(struct host *host)
{
	node_tick(host->node, host->network->now);
	check_wake(host);
	host_drain(host);
}

void host_tell_uses(struct host *host)
{
	struct neighbour *use, *next;

	HASH_ITER(hh, host->uses, use, next)
	{
		if (host->node)
			node_on_use(
				host->node, IFACE_ID, use->key, use->sent, use->received, host->network->now);
		HASH_DEL(host->uses, use);
		free(use);
	}
	if (host->node)
		host_drain(host);
}
