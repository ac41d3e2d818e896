// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "base/alloc.h"
#include "core/rib.h"

/// The routes of one prefix: a list with the lowest metric first. This is the value in the trie.
struct rib_entry {
	struct rib_route route;
	struct rib_entry *next;
};

static bool same_route(const struct rib_route *a, const struct rib_route *b)
{
	return a->metric == b->metric && a->device == b->device && addr_equal(a->next_hop, b->next_hop);
}

static bool same_content(const struct rib_route *a, const struct rib_route *b)
{
	return same_route(a, b) && a->kind == b->kind && a->protocol == b->protocol;
}

static bool best_changed(const struct rib_entry *head, bool had_best, const struct rib_route *best)
{
	return !head ? had_best : !had_best || !same_content(&head->route, best);
}

/// Takes the route out of a list.
static void unlink_route(struct rib_entry **head, const struct rib_route *route)
{
	for (struct rib_entry **at = head; *at; at = &(*at)->next) {
		struct rib_entry *entry = *at;

		if (same_route(&entry->route, route)) {
			*at = entry->next;
			free(entry);
			return;
		}
	}
}

static void store(struct rib *rib, struct prefix prefix, struct rib_entry *head)
{
	if (head)
		trie_set(&rib->routes, prefix, head);
	else
		trie_remove(&rib->routes, prefix);
}

bool rib_add(struct rib *rib, const struct rib_route *route)
{
	struct rib_entry *head = trie_exact(&rib->routes, route->prefix);
	bool had_best = head != NULL;
	struct rib_route best = had_best ? head->route : (struct rib_route) { 0 };
	struct rib_entry *entry = alloc_zeroed(1, sizeof(*entry));
	struct rib_entry **at = &head;

	unlink_route(&head, route);
	entry->route = *route;
	while (*at && (*at)->route.metric <= route->metric)
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	store(rib, route->prefix, head);
	return best_changed(head, had_best, &best);
}

bool rib_remove(struct rib *rib, const struct rib_route *route)
{
	struct rib_entry *head = trie_exact(&rib->routes, route->prefix);
	struct rib_route best;

	if (!head)
		return false;
	best = head->route;
	unlink_route(&head, route);
	store(rib, route->prefix, head);
	return best_changed(head, true, &best);
}

const struct rib_route *rib_lookup(const struct rib *rib, struct addr addr)
{
	const struct rib_entry *entry = trie_longest(&rib->routes, addr);

	return entry ? &entry->route : NULL;
}

const struct rib_route *rib_lookup_network(const struct rib *rib, struct addr addr)
{
	const struct rib_entry *entry = trie_longest(&rib->routes, addr);

	while (entry && entry->route.kind == RIB_LOCAL && entry->route.prefix.length > 0)
		entry = trie_covering(
			&rib->routes, prefix_make(addr, (uint8_t)(entry->route.prefix.length - 1)));
	return entry ? &entry->route : NULL;
}

const struct rib_route *rib_exact(const struct rib *rib, struct prefix prefix)
{
	const struct rib_entry *entry = trie_exact(&rib->routes, prefix);

	return entry ? &entry->route : NULL;
}

/// The number of leading bits that two addresses of one family share.
static uint8_t common_bits(struct addr a, struct addr b)
{
	uint8_t bits = 0;

	while (bits < addr_bits(a) && addr_bit(a, bits) == addr_bit(b, bits))
		bits++;
	return bits;
}

struct prefix rib_widest(const struct rib *rib, struct addr addr, struct prefix bound)
{
	const struct rib_route *own = rib_lookup_network(rib, addr);
	uint8_t length = own && own->prefix.length > bound.length ? own->prefix.length : bound.length;
	struct prefix widest = prefix_make(addr, length);
	struct prefix inner, after;
	const struct prefix *cursor = NULL;
	const struct rib_entry *entry;

	while ((entry = trie_next(&rib->routes, widest, cursor, &inner)) != NULL) {
		after = inner;
		cursor = &after;
		// Our own addresses lie inside the prefix of their subnet and are no exception to it.
		if (prefix_contains(inner, addr) || entry->route.kind == RIB_LOCAL)
			continue;
		widest = prefix_make(addr, (uint8_t)(common_bits(addr, inner.addr) + 1));
		cursor = NULL;
	}
	return widest;
}

void rib_done(struct rib *rib)
{
	const struct prefix everything[] = { { .addr.family = ADDR_IPV4 }, { .addr.family = ADDR_IPV6 } };
	struct prefix prefix;
	struct rib_entry *entry;

	for (size_t i = 0; i < ARRAY_SIZE(everything); i++) {
		while ((entry = trie_next(&rib->routes, everything[i], NULL, &prefix)) != NULL) {
			trie_remove(&rib->routes, prefix);
			while (entry) {
				struct rib_entry *next = entry->next;

				free(entry);
				entry = next;
			}
		}
	}
	trie_done(&rib->routes);
}
