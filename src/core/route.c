// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cache.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/route.h"

bool route_same_cloud(const struct iface *a, const struct iface *b)
{
	return a->config->network_id != 0 && a->config->network_id == b->config->network_id;
}

bool route_may_be_nbma(const struct iface *iface, struct addr addr)
{
	return addr_is_host(addr) && addr.family == iface->nbma.family &&
	       !addr_equal(addr_plain(addr), iface->nbma) && !prefix_contains(iface_subnet(iface), addr);
}

static struct iface *iface_by_device(const struct node *node, uint32_t device)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		if (node->ifaces[i]->device == device && device != 0)
			return node->ifaces[i];
	}
	return NULL;
}

bool route_is_own(const struct node *node, struct addr addr)
{
	const struct rib_route *route;

	for (size_t i = 0; i < node->iface_count; i++) {
		if (addr_equal(iface_address(node->ifaces[i]), addr))
			return true;
	}
	route = rib_lookup(&node->rib, addr);
	return route && route->kind == RIB_LOCAL;
}

/// The prefix around an address behind us that we may answer with.
static struct prefix vouched_for(
	const struct node *node, struct addr destination, const struct rib_route *route)
{
	// An address of our own stands for the network it is in; one of a tunnel for itself.
	if (route->kind == RIB_LOCAL) {
		route = rib_lookup_network(&node->rib, destination);
		if (!route || route->kind != RIB_UNICAST || iface_by_device(node, route->device))
			return prefix_host(destination);
	}
	// A default route vouches for no network: whoever else is out there is reached by it as well.
	if (route->prefix.length == 0)
		return prefix_host(destination);
	return rib_widest(&node->rib, destination, route->prefix);
}

struct route_verdict route_judge(const struct iface *iface, struct addr destination)
{
	const struct node *node = iface->node;
	struct route_verdict verdict = { .side = ROUTE_NONE };
	const struct rib_route *route = rib_lookup(&node->rib, destination);

	if (addr_equal(destination, iface_address(iface))) {
		verdict.side = ROUTE_OURS;
		verdict.prefix = verdict.route = prefix_host(destination);
		return verdict;
	}
	if (!route || route->kind == RIB_UNREACHABLE)
		return verdict;
	verdict.route = route->prefix;
	if (route->kind == RIB_UNICAST)
		verdict.iface = iface_by_device(node, route->device);
	if (verdict.iface && route_same_cloud(verdict.iface, iface)) {
		verdict.side = ROUTE_CLOUD;
		verdict.next_hop = addr_is_set(route->next_hop) ? route->next_hop : destination;
		return verdict;
	}
	verdict.side = ROUTE_OURS;
	verdict.prefix = vouched_for(node, destination, route);
	return verdict;
}

struct addr route_nbma(const struct iface *iface, struct addr destination)
{
	struct route_verdict verdict = route_judge(iface, destination);
	const struct binding *binding = NULL;
	const struct nhs *nhs;

	if (verdict.side == ROUTE_CLOUD && verdict.iface == iface)
		binding = cache_find(iface, verdict.next_hop);
	// A temporary or resolved binding of the destination itself is what the question is about.
	if (binding && (binding->type >= BINDING_DYNAMIC || !addr_equal(verdict.next_hop, destination)))
		return binding->peer->nbma;
	nhs = nhs_active(iface);
	return nhs ? nhs->nbma : (struct addr) { 0 };
}
