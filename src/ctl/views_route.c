// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip route`: the mirrored routing table as a router shows it, with what NHRP adds. A shortcut for the
// very prefix of a route overrides its next hop; a narrower one, and a resolved next hop, is a route (H).
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/rtnetlink.h>

#include "base/alloc.h"
#include "core/node.h"
#include "core/shortcut.h"
#include "ctl/context.h"
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/walk.h"

#define NHRP_DISTANCE 250 ///< of an H route
#define NHRP_METRIC   255 ///< of H routes and overrides: the preference

struct source {
	const char *code;
	const char *name;
	uint8_t distance; ///< that routers give such a route
};

static struct source source_of(const struct rib_route *route)
{
	if (route->kind == RIB_LOCAL)
		return (struct source) { "L", "local", 0 };
	switch (route->protocol) {
	case RTPROT_BGP:
		return (struct source) { "B", "bgp", 20 };
	case RTPROT_EIGRP:
		return (struct source) { "D", "eigrp", 90 };
	case RTPROT_OSPF:
		return (struct source) { "O", "ospf", 110 };
	case RTPROT_ISIS:
		return (struct source) { "i", "isis", 115 };
	case RTPROT_RIP:
		return (struct source) { "R", "rip", 120 };
	case RTPROT_KERNEL:
		break;
	default:
		if (addr_is_set(route->next_hop))
			return (struct source) { "S", "static", 1 };
	}
	return addr_is_set(route->next_hop) ? (struct source) { "K", "kernel", 0 }
					    : (struct source) { "C", "connected", 0 };
}

static json_t *device_name(const struct node *node, uint32_t device)
{
	char name[IF_NAMESIZE];
	for (size_t i = 0; i < node->iface_count; i++)
		if (iface_at(node, i)->device == device && device != 0)
			return json_string(iface_at(node, i)->config->name);
	if (if_indextoname(device, name) == NULL)
		snprintf(name, sizeof(name), "if%u", device);
	return view_text(name);
}

/// The next hop which overrides that of the route to `prefix`; null where none does.
static json_t *override_of(const struct node *node, struct prefix prefix, struct mono now)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = iface_at(node, i);
		const struct shortcut *shortcut = trie_exact(&iface->shortcuts, prefix);
		if (shortcut != NULL && shortcut->exact)
			return json_pack("{s:o, s:s, s:i, s:o}", "next_hop", view_addr(shortcut->next_hop),
				"interface", iface->config->name, "metric", NHRP_METRIC, "age_seconds",
				view_age(shortcut->created, now));
	}
	return json_null();
}

static void add_rib_route(json_t *list, const struct node *node, struct prefix prefix, struct mono now)
{
	const struct rib_route *route = rib_exact(&node->rib, prefix);
	const struct prefix loopback = prefix_make(addr_from_ipv4(0x7f000000), 8);
	if (route == NULL || prefix_covers(loopback, prefix))
		return;

	struct source source = source_of(route);
	json_t *interface = route->kind == RIB_UNREACHABLE ? json_null() : device_name(node, route->device);
	json_array_append_new(
		list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:i, s:I, s:n, s:o}", "code", source.code,
			      "source", source.name, "prefix", view_prefix(prefix), "next_hop",
			      view_addr(route->next_hop), "interface", interface, "distance",
			      (int)source.distance, "metric", (json_int_t)route->metric, "age_seconds",
			      "override", override_of(node, prefix, now)));
}

static void add_nhrp_route(
	json_t *list, const struct iface *iface, const struct entry *entry, struct mono now)
{
	bool connected = entry->flags & ENTRY_NHOP;
	if ((entry->flags & ENTRY_NHO) || !(entry->flags & ENTRY_RIB))
		return;
	json_array_append_new(
		list, json_pack("{s:s, s:s, s:o, s:o, s:s, s:i, s:i, s:o, s:n}", "code", "H", "source",
			      "nhrp", "prefix", view_prefix(entry->target), "next_hop",
			      connected ? json_null() : view_addr(entry->next_hop), "interface",
			      iface->config->name, "distance", NHRP_DISTANCE, "metric", NHRP_METRIC,
			      "age_seconds", view_age(entry->created, now), "override"));
}

static void add_nhrp_routes(
	json_t *list, const struct ctl_context *context, struct prefix key, unsigned sources)
{
	struct entry entries[ENTRIES_AT_MAX];
	const struct node *node = context->node;
	for (size_t i = 0; i < node->iface_count; i++) {
		size_t count = entries_at(context, iface_at(node, i), key, sources, entries);
		for (size_t j = 0; j < count; j++)
			add_nhrp_route(list, iface_at(node, i), &entries[j], context->now());
	}
}

/// The prefix that decides over `destination`: the longest one of a route or a shortcut.
static struct prefix longest_prefix(const struct node *node, struct addr destination)
{
	const struct rib_route *route = rib_lookup(&node->rib, destination);
	struct prefix longest = route != NULL ? route->prefix : (struct prefix) { 0 };
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct shortcut *shortcut = trie_longest(&iface_at(node, i)->shortcuts, destination);
		if (shortcut != NULL && shortcut->usable &&
			(!addr_is_set(longest.addr) || shortcut->prefix.length > longest.length))
			longest = shortcut->prefix;
	}
	return longest;
}

json_t *view_route_to(const struct ctl_context *context, struct addr destination)
{
	const struct prefix keys[] = { prefix_host(destination), longest_prefix(context->node, destination) };
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(keys) && addr_is_set(keys[i].addr) && json_array_size(list) == 0;
		i++) {
		add_rib_route(list, context->node, keys[i], context->now());
		add_nhrp_routes(list, context, keys[i], WALK_BINDINGS | WALK_SHORTCUTS);
	}
	if (json_array_size(list) > 0)
		return json_pack("{s:s, s:o}", "schema", "dmvpn/route/1", "routes", list);
	json_decref(list);
	return NULL;
}

/// The routing table and NHRP's routes, merged in order of prefix.
struct route_view {
	struct view view;
	bool with_rib;
	size_t index;     ///< of the interface whose keys are being collected
	struct walk walk; ///< keys of all interfaces
	unsigned sources; ///< of the next key; 0: there is none
	struct prefix key;
	void *route; ///< the next one of the table, NULL: there is none
	struct prefix prefix;
	bool started; ///< the first of both are there
};

/// Hubs have many bindings and no routes by them.
static bool makes_routes(const struct iface *iface)
{
	return iface->config->shortcut || iface->shortcuts.count > 0;
}

/// Collects the keys of NHRP's routes; true when there are no more.
static bool collect(struct route_view *view, const struct node *node)
{
	if (view->index >= node->iface_count)
		return true;
	const struct iface *iface = iface_at(node, view->index);
	if (!makes_routes(iface) || walk_collect(&view->walk, iface)) {
		view->index++;
		view->walk.source = 1;
	}
	return false;
}

static void take_route(struct route_view *view, const struct node *node, const struct prefix *after)
{
	const struct prefix all = prefix_make((struct addr) { .family = ADDR_IPV4 }, 0);
	struct prefix last = after != NULL ? *after : (struct prefix) { 0 };
	view->route = trie_next(&node->rib.routes, all, after != NULL ? &last : NULL, &view->prefix);
}

static void take_key(struct route_view *view)
{
	do
		view->sources = walk_next(&view->walk, &view->key);
	while (view->sources != 0 && view->key.addr.family != ADDR_IPV4);
}

static void start(struct route_view *view, const struct node *node)
{
	view->walk.at = (struct prefix) { 0 };
	take_key(view);
	if (view->with_rib)
		take_route(view, node, NULL);
	view->started = true;
}

static bool route_comes_first(const struct route_view *view)
{
	if (view->route == NULL || view->sources == 0)
		return view->route != NULL;
	int order = addr_compare(view->prefix.addr, view->key.addr);
	return order != 0 ? order < 0 : view->prefix.length <= view->key.length;
}

static json_t *next(struct view *base, const struct ctl_context *context)
{
	struct route_view *view = (struct route_view *)base;
	if (!collect(view, context->node))
		return NULL;
	if (!view->started)
		start(view, context->node);
	json_t *list = json_array();
	for (unsigned step = 0; step < VIEW_PART_ITEMS; step++) {
		if (view->route == NULL && view->sources == 0)
			break;
		if (route_comes_first(view)) {
			add_rib_route(list, context->node, view->prefix, context->now());
			take_route(view, context->node, &view->prefix);
		} else {
			add_nhrp_routes(list, context, view->key, view->sources);
			take_key(view);
		}
	}
	base->finished = view->route == NULL && view->sources == 0;
	json_t *part = view_part(base, "dmvpn/route/1");
	json_object_set_new(part, "routes", list);
	return part;
}

static void route_view_free(struct view *base)
{
	walk_done(&((struct route_view *)base)->walk);
	free(base);
}

struct view *view_route(bool with_rib)
{
	struct route_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next, .free = route_view_free };
	view->with_rib = with_rib;
	view->walk = walk_make(WALK_BINDINGS | WALK_SHORTCUTS);
	return &view->view;
}
