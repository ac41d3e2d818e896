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
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"

#define NHRP_DISTANCE 250 ///< of an H route
#define NHRP_METRIC   255 ///< of H routes and overrides: the preference

struct row {
	struct prefix prefix;
	json_t *route;
};

struct table {
	struct row *rows;
	size_t count;
	size_t capacity;
};

static void table_add(struct table *table, struct prefix prefix, json_t *route)
{
	if (table->count == table->capacity) {
		table->capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
		table->rows = alloc_resize(table->rows, table->capacity, sizeof(*table->rows));
	}
	table->rows[table->count++] = (struct row) { prefix, route };
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = addr_compare(a->prefix.addr, b->prefix.addr);
	return order != 0 ? order : (int)a->prefix.length - (int)b->prefix.length;
}

/// Takes the rows out as a JSON array in order of prefix.
static json_t *table_finish(struct table *table)
{
	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(*table->rows), compare);
	json_t *list = json_array();
	for (size_t i = 0; i < table->count; i++)
		json_array_append_new(list, table->rows[i].route);
	free(table->rows);
	return list;
}

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
		if (node->ifaces[i]->device == device && device != 0)
			return json_string(node->ifaces[i]->config->name);
	if (if_indextoname(device, name) == NULL)
		snprintf(name, sizeof(name), "if%u", device);
	return view_text(name);
}

/// The next hop which overrides that of the route to `prefix`; null where none does.
static json_t *override_of(const struct node *node, struct prefix prefix, struct mono now)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const struct shortcut *shortcut = trie_exact(&iface->shortcuts, prefix);
		if (shortcut != NULL && shortcut->exact)
			return json_pack("{s:o, s:s, s:i, s:o}", "next_hop", view_addr(shortcut->next_hop),
				"interface", iface->config->name, "metric", NHRP_METRIC, "age_seconds",
				view_age(shortcut->created, now));
	}
	return json_null();
}

static void add_rib_route(struct table *table, const struct node *node, struct prefix prefix, struct mono now)
{
	const struct rib_route *route = rib_exact(&node->rib, prefix);
	const struct prefix loopback = prefix_make(addr_from_ipv4(0x7f000000), 8);
	if (route == NULL || prefix_covers(loopback, prefix))
		return;

	struct source source = source_of(route);
	json_t *interface = route->kind == RIB_UNREACHABLE ? json_null() : device_name(node, route->device);
	table_add(table, prefix,
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:i, s:I, s:n, s:o}", "code", source.code, "source",
			source.name, "prefix", view_prefix(prefix), "next_hop", view_addr(route->next_hop),
			"interface", interface, "distance", (int)source.distance, "metric",
			(json_int_t)route->metric, "age_seconds", "override",
			override_of(node, prefix, now)));
}

static void add_nhrp_routes(struct table *table, const struct iface *iface, struct mono now)
{
	size_t count;
	struct entry *entries = entries_of(iface, now, &count);
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		if (entry->target.addr.family != ADDR_IPV4 || (entry->flags & ENTRY_NHO) ||
			!(entry->flags & ENTRY_RIB))
			continue;
		bool connected = entry->flags & ENTRY_NHOP;
		table_add(table, entry->target,
			json_pack("{s:s, s:s, s:o, s:o, s:s, s:i, s:i, s:o, s:n}", "code", "H", "source",
				"nhrp", "prefix", view_prefix(entry->target), "next_hop",
				connected ? json_null() : view_addr(entry->next_hop), "interface",
				iface->config->name, "distance", NHRP_DISTANCE, "metric", NHRP_METRIC,
				"age_seconds", view_age(entry->created, now), "override"));
	}
	free(entries);
}

json_t *view_route(const struct node *node, enum route_filter filter, struct mono now)
{
	struct table table = { 0 };
	const struct prefix all = prefix_make((struct addr) { .family = ADDR_IPV4 }, 0);
	struct prefix found, last;

	if (filter != ROUTE_FILTER_NHRP) {
		void *there = trie_next(&node->rib.routes, all, NULL, &found);
		while (there != NULL) {
			add_rib_route(&table, node, found, now);
			last = found;
			there = trie_next(&node->rib.routes, all, &last, &found);
		}
	}
	for (size_t i = 0; i < node->iface_count; i++)
		add_nhrp_routes(&table, node->ifaces[i], now);
	return json_pack("{s:s, s:o}", "schema", "dmvpn/route/1", "routes", table_finish(&table));
}
