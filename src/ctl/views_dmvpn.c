// SPDX-License-Identifier: GPL-2.0-or-later
// `show dmvpn`: the entries of each interface, grouped by the NBMA address that they lead to. What has no
// such address yet comes first; then the peers in order, each with its bindings and with the shortcuts by
// these.
#include <stdlib.h>

#include <utlist.h>

#include "base/alloc.h"
#include "conf/conf.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/shortcut.h"
#include "ctl/context.h"
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/walk.h"

/// A shortcut in the list of those with the same next hop.
struct behind {
	struct prefix prefix;
	struct behind *next;
};

struct dmvpn_view {
	struct view view;
	struct addr only; ///< the peer to show, by its NBMA or tunnel address; unset: all
	struct tour tour; ///< over the peers
	bool prepared;    ///< what follows is there
	struct walk shortcuts;
	struct trie by_next_hop; ///< host prefix of the next hop → list of struct behind
	bool opened;             ///< the interface's head was given
	size_t unknown;          ///< 1: what has no NBMA address counts as a peer
	json_t *peers;           ///< of the part
	size_t items;            ///< in it
};

/// As Cisco decides: who registers is a spoke, who is registered with is a hub.
static const char *interface_type(const struct iface *iface)
{
	bool spoke = iface->config->nhs_count > 0;
	bool hub = iface->dynamic_count > 0 || iface->config->multicast_dynamic || !spoke;

	if (iface->config->network_id == 0)
		return "Unknown";
	return spoke && hub ? "Hub/Spoke" : spoke ? "Spoke" : "Hub";
}

static json_t *peer_entry(const struct entry *entry, struct mono now)
{
	char attributes[ENTRY_ATTRIBUTES_SIZE];
	return json_pack("{s:o, s:s, s:o, s:s, s:o}", "tunnel_address", view_addr(entry->next_hop), "state",
		entry_state_name(entry->state), "up_down_seconds", view_age(entry->since, now), "attributes",
		entry_attributes(entry, attributes), "target", view_prefix(entry->target));
}

/// Adds the entries of one target, without those of our own side, which is no peer's.
static void add_entries(json_t *list, const struct iface *iface, struct prefix key, unsigned sources,
	const struct ctl_context *context)
{
	struct entry entries[ENTRIES_AT_MAX];
	size_t count = entries_at(context, iface, key, sources, entries);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, peer_entry(&entries[i], context->now()));
}

static bool is_wanted(const struct dmvpn_view *view, struct addr nbma, const json_t *entries)
{
	char text[ADDR_TEXT_SIZE];
	if (!addr_is_set(view->only) || addr_equal(nbma, view->only))
		return true;
	addr_format(view->only, text);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *address = json_object_get(json_array_get(entries, i), "tunnel_address");
		if (json_is_string(address) && strcmp(json_string_value(address), text) == 0)
			return true;
	}
	return false;
}

/// Gives a peer with its entries to the part; takes the list.
static void add_peer(struct dmvpn_view *view, struct addr nbma, json_t *entries)
{
	if (json_array_size(entries) == 0 || !is_wanted(view, nbma, entries)) {
		json_decref(entries);
		return;
	}
	view->items += json_array_size(entries);
	json_array_append_new(
		view->peers, json_pack("{s:o, s:i, s:o}", "nbma", view_addr(nbma), "entry_count",
				     (int)json_array_size(entries), "entries", entries));
}

/// Entries in order of target: the bindings' host prefixes stand among the shortcuts.
static int by_target(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;
	int order = addr_compare(a->addr, b->addr);
	return order != 0 ? order : (int)a->length - (int)b->length;
}

static void show_peer(struct dmvpn_view *view, const struct iface *iface, const struct peer *peer,
	const struct ctl_context *context)
{
	const struct binding *binding;
	const struct behind *behind;
	struct prefix *keys = NULL;
	size_t count = 0;

	DL_FOREACH2(peer->bindings, binding, peer_next)
	{
		const struct prefix host = prefix_host(binding->protocol);
		keys = alloc_resize(keys, count + 1, sizeof(*keys));
		keys[count++] = host;
		for (behind = trie_exact(&view->by_next_hop, host); behind != NULL; behind = behind->next) {
			keys = alloc_resize(keys, count + 1, sizeof(*keys));
			keys[count++] = behind->prefix;
		}
	}
	if (count > 1)
		qsort(keys, count, sizeof(*keys), by_target);
	json_t *entries = json_array();
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !prefix_equal(keys[i], keys[i - 1]))
			add_entries(entries, iface, keys[i], WALK_BINDINGS | WALK_SHORTCUTS, context);
	free(keys);
	add_peer(view, peer->nbma, entries);
}

/// What is being resolved has no peer yet. There are no more than limits.resolutions of them.
static void show_unknown(
	struct dmvpn_view *view, const struct iface *iface, const struct ctl_context *context)
{
	struct walk walk = walk_make(WALK_RESOLUTIONS);
	json_t *entries = json_array();
	struct prefix key;
	while (!walk_collect(&walk, iface))
		;
	while (walk_next(&walk, &key) != 0)
		add_entries(entries, iface, key, WALK_RESOLUTIONS, context);
	walk_done(&walk);
	add_peer(view, (struct addr) { 0 }, entries);
	view->unknown = json_array_size(view->peers);
}

static void forget_interface(struct dmvpn_view *view)
{
	const struct prefix all4 = prefix_make((struct addr) { .family = ADDR_IPV4 }, 0);
	const struct prefix all6 = prefix_make((struct addr) { .family = ADDR_IPV6 }, 0);
	struct behind *list;
	struct prefix key;

	while ((list = trie_next(&view->by_next_hop, all4, NULL, &key)) != NULL ||
		(list = trie_next(&view->by_next_hop, all6, NULL, &key)) != NULL) {
		trie_remove(&view->by_next_hop, key);
		while (list != NULL) {
			struct behind *next = list->next;
			free(list);
			list = next;
		}
	}
	trie_done(&view->by_next_hop);
	walk_done(&view->shortcuts);
	json_decref(view->peers);
	view->peers = NULL;
	view->prepared = view->opened = false;
	view->items = 0;
}

/// Sorts the shortcuts by next hop, a part of them at each call. True when that is done.
static bool prepare(struct dmvpn_view *view, const struct iface *iface)
{
	if (view->prepared)
		return true;
	if (view->shortcuts.sources == 0)
		view->shortcuts = walk_make(WALK_SHORTCUTS);
	if (!walk_collect(&view->shortcuts, iface))
		return false;
	for (unsigned step = 0; step < VIEW_PART_ITEMS; step++) {
		struct prefix key;
		if (walk_next(&view->shortcuts, &key) == 0) {
			view->prepared = true;
			return true;
		}
		const struct shortcut *shortcut = trie_exact(&iface->shortcuts, key);
		if (shortcut == NULL)
			continue;
		struct behind *behind = alloc_zeroed(1, sizeof(*behind));
		behind->prefix = key;
		behind->next = trie_exact(&view->by_next_hop, prefix_host(shortcut->next_hop));
		trie_set(&view->by_next_hop, prefix_host(shortcut->next_hop), behind);
	}
	return false;
}

static json_t *head(
	const struct iface *iface, const struct tunnel_config *tunnel, const struct ctl_context *context)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "interface",
		iface->config->name, "type", interface_type(iface), "up", iface->up, "shutdown",
		tunnel->shutdown, "if_state", tunnel->if_state, "address",
		view_prefix(iface->config->address), "source", view_addr(iface->nbma), "destination",
		view_addr(iface->config->destination), "mode",
		tunnel->mode == TUNNEL_GRE_MULTIPOINT ? "gre multipoint" : "gre ip", "nhs",
		view_nhs_of(iface, context->now()), "protection", view_text(tunnel->protection.profile),
		"device_state", view_device_state(iface, context));
}

/// The part with the peers so far; `more` of the same interface come.
static json_t *interface_part(
	struct dmvpn_view *view, const struct iface *iface, const struct ctl_context *context, bool more)
{
	json_t *part = view_part(&view->view, "dmvpn/dmvpn/1");
	json_t *object;
	if (view->opened) {
		object = json_pack("{s:s, s:b}", "interface", iface->config->name, "continued", 1);
	} else {
		size_t peers = walk_count(&view->tour.walk) + view->unknown;
		object = head(iface, &context->config->tunnels[view->tour.index], context);
		json_object_set_new(object, "peer_count",
			view_count(addr_is_set(view->only) ? json_array_size(view->peers) : peers));
	}
	if (more)
		json_object_set_new(object, "more", json_true());
	else if (iface->config->protected)
		json_object_set_new(object, "crypto_sessions", view_crypto_sessions(iface, context));
	json_object_set_new(object, "peers", view->peers);
	json_object_set_new(part, "interfaces", json_pack("[o]", object));
	view->peers = NULL;
	view->items = 0;
	view->opened = true;
	return part;
}

static json_t *no_interface(struct dmvpn_view *view)
{
	view->view.finished = true;
	if (view->view.begun)
		return NULL;
	json_t *part = view_part(&view->view, "dmvpn/dmvpn/1");
	json_object_set_new(part, "interfaces", json_array());
	return part;
}

static json_t *next(struct view *base, const struct ctl_context *context)
{
	struct dmvpn_view *view = (struct dmvpn_view *)base;
	uint32_t before = view->tour.id;
	const struct iface *iface = tour_iface(&view->tour, context->node);
	struct prefix key;

	if (iface == NULL && before != 0 && view->tour.id == 0)
		forget_interface(view); // it went
	if (iface == NULL)
		return view->tour.finished ? no_interface(view) : NULL;
	if (!prepare(view, iface))
		return NULL;
	if (view->peers == NULL)
		view->peers = json_array();
	if (!view->opened && view->items == 0)
		show_unknown(view, iface, context);
	for (unsigned step = 0; step < VIEW_PART_ITEMS; step++) {
		if (walk_next(&view->tour.walk, &key) == 0) {
			json_t *part = interface_part(view, iface, context, false);
			forget_interface(view);
			tour_next(&view->tour);
			return part;
		}
		const struct peer *peer = peer_find(iface, key.addr);
		if (peer != NULL)
			show_peer(view, iface, peer, context);
	}
	return addr_is_set(view->only) ? NULL : interface_part(view, iface, context, true);
}

static void view_free(struct view *base)
{
	struct dmvpn_view *view = (struct dmvpn_view *)base;
	forget_interface(view);
	tour_done(&view->tour);
	free(view);
}

struct view *view_dmvpn(struct addr only)
{
	struct dmvpn_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next, .free = view_free };
	view->only = only;
	view->tour = tour_make(WALK_PEERS);
	return &view->view;
}
