// SPDX-License-Identifier: GPL-2.0-or-later
/// A host: one node of the core, and the kernel around it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "underlay.h"
#include "wire/nhrp_msg.h"

struct addr host_address(const struct host *host)
{
	return host->iface.address.addr;
}

struct addr host_lan(const struct host *host, uint8_t number)
{
	return addr_from_ipv4(addr_to_ipv4(host->lan.addr) + number);
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

static void note_address(struct host *host)
{
	host->history[host->history_count++ % MAX_HISTORY] = host->public_nbma;
}

static struct addr parse(const char *text)
{
	struct addr addr = { 0 };

	if (!addr_parse(text, &addr))
		abort();
	return addr;
}

static void give_routes(struct host *host)
{
	for (size_t i = 0; i < host->route_count; i++)
		node_on_route(host->node, &host->routes[i], true, host->network->now);
}

void host_start(struct host *host)
{
	struct network *network = host->network;

	network_note(network, "%s starts", host->name);
	host->config = (struct node_config) { .ifaces = &host->iface, .iface_count = 1 };
	memset(host->lost_servers, 0, sizeof(host->lost_servers));
	host->node =
		node_new(&host->config, rng_next(&network->rng), ++host->restarts * 1000000, network->now);
	give_routes(host);
	host_drain(host);
	node_on_link(host->node, IFACE_ID, true, TUNNEL_DEVICE, host->nbma, network->now);
	host_drain(host);
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
	struct prefix everything = { .addr.family = ADDR_IPV4 }, prefix;
	struct desired_item *item;

	while ((item = trie_next(&host->overrides, everything, NULL, &prefix)) != NULL) {
		trie_remove(&host->overrides, prefix);
		free(item);
	}
	trie_done(&host->overrides);
}

void host_stop(struct host *host, bool graceful)
{
	if (!host->node)
		return;
	network_note(host->network, "%s stops%s", host->name, graceful ? "" : " without a word");
	if (graceful) {
		node_shutdown(host->node, host->network->now);
		host_drain(host);
	}
	node_free(host->node);
	host->node = NULL;
	clear_neighbours(&host->neighbours);
	clear_neighbours(&host->receivers);
	clear_neighbours(&host->uses);
	clear_overrides(host);
}

void host_move(struct host *host, const char *nbma)
{
	network_note(host->network, "%s moves to %s", host->name, nbma);
	if (addr_equal(host->nbma, host->public_nbma))
		host->public_nbma = parse(nbma);
	host->nbma = parse(nbma);
	note_address(host);
	if (host->node) {
		node_on_link(host->node, IFACE_ID, true, TUNNEL_DEVICE, host->nbma, host->network->now);
		host_drain(host);
	}
}

void host_set_nat(struct host *host, const char *public_nbma)
{
	host->public_nbma = parse(public_nbma);
	note_address(host);
}

static bool same_route(const struct rib_route *a, const struct rib_route *b)
{
	return prefix_equal(a->prefix, b->prefix) && addr_equal(a->next_hop, b->next_hop) &&
	       a->device == b->device && a->metric == b->metric;
}

static void change_route(struct host *host, const struct rib_route *route, bool added)
{
	if (added)
		(void)rib_add(&host->rib, route);
	else
		(void)rib_remove(&host->rib, route);
	if (host->node) {
		node_on_route(host->node, route, added, host->network->now);
		host_drain(host);
	}
}

static struct rib_route route_make(const char *text, struct addr next_hop, uint32_t device, uint32_t metric)
{
	struct rib_route route = {
		.kind = RIB_UNICAST, .next_hop = next_hop, .device = device, .metric = metric
	};

	if (!prefix_parse(text, &route.prefix))
		abort();
	return route;
}

static void note_route(struct host *host, const char *what, const struct rib_route *route)
{
	char prefix[PREFIX_TEXT_SIZE], next_hop[ADDR_TEXT_SIZE];

	if (host->node)
		network_note(host->network, "%s %s route %s via %s", host->name, what,
			prefix_format(route->prefix, prefix), addr_format(route->next_hop, next_hop));
}

static void add_route(struct host *host, const struct rib_route *route)
{
	for (size_t i = 0; i < host->route_count; i++) {
		if (same_route(&host->routes[i], route))
			return;
	}
	host->routes = alloc_resize(host->routes, host->route_count + 1, sizeof(*host->routes));
	host->routes[host->route_count++] = *route;
	note_route(host, "adds", route);
	change_route(host, route, true);
}

static void remove_route(struct host *host, const struct rib_route *route)
{
	for (size_t i = 0; i < host->route_count; i++) {
		if (same_route(&host->routes[i], route)) {
			host->routes[i] = host->routes[--host->route_count];
			note_route(host, "removes", route);
			change_route(host, route, false);
			return;
		}
	}
}

void host_add_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	struct rib_route route = route_make(prefix, next_hop, device, metric);

	// The host's own addresses are said by device 0.
	if (device == 0)
		route.kind = RIB_LOCAL;
	add_route(host, &route);
}

void host_remove_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	struct rib_route route = route_make(prefix, next_hop, device, metric);

	remove_route(host, &route);
}

void host_receive(struct host *host, struct addr from, const uint8_t *packet, size_t length)
{
	char sender[ADDR_TEXT_SIZE];

	network_note(host->network, "%s < %s: %s", host->name, addr_format(from, sender),
		nhrp_type_name(length > NHRP_OFFSET_TYPE ? packet[NHRP_OFFSET_TYPE] : 0));
	node_on_packet(host->node, IFACE_ID, from, packet, length, host->network->now);
	host_drain(host);
	check_host(host);
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
	}
}

/// A routing protocol over the tunnel loses the routes by a server that is down.
static void follow_server(struct host *host, struct addr server, bool up)
{
	struct rib_route changed[64];
	size_t count = 0;

	for (size_t i = 0; i < host->route_count && count < ARRAY_SIZE(changed); i++) {
		struct rib_route route = host->routes[i];

		// What was lost is kept with a metric that tells: 1000 above the real one.
		if (addr_equal(route.next_hop, server) && (route.metric >= 1000) == up)
			changed[count++] = route;
	}
	for (size_t i = 0; i < count; i++) {
		struct rib_route other = changed[i];

		other.metric = up ? other.metric - 1000 : other.metric + 1000;
		add_route(host, &other);
		remove_route(host, &changed[i]);
	}
}

static void on_event(struct host *host, const struct event *event)
{
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], prefix[PREFIX_TEXT_SIZE];

	host->events[event->type]++;
	host->last[event->type] = *event;
	network_note(host->network, "%s: %s %s %s at %s%s%s", host->name, event_name(event->type),
		addr_is_set(event->prefix.addr) ? prefix_format(event->prefix, prefix) : "",
		addr_format(event->protocol, protocol), addr_format(event->nbma, nbma),
		event->reason ? ": " : "", event->reason ? event->reason : "");
	if (host->follows_servers && (event->type == EVENT_NHS_UP || event->type == EVENT_NHS_DOWN))
		follow_server(host, event->protocol, event->type == EVENT_NHS_UP);
}

void host_drain(struct host *host)
{
	struct desired_item item;
	struct action *action;

	while (desired_pop_change(node_desired(host->node), &item))
		apply(host, &item);
	while ((action = node_pop_action(host->node)) != NULL) {
		if (action->type == ACTION_SEND) {
			host->packets_sent++;
			host->network->nhrp_sent++;
			underlay_send(host, action->send.nbma, NULL, action->packet, action->send.length);
		} else {
			on_event(host, &action->event);
		}
		free(action);
	}
}
