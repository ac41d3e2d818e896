// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp` and its summary: every entry of the cache.
#include <stdlib.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "core/silent.h"
#include "ctl/context.h"
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/walk.h"

static bool filter_takes(enum nhrp_filter filter, const struct entry *entry)
{
	switch (filter) {
	case NHRP_FILTER_ALL:
		return true;
	case NHRP_FILTER_STATIC:
		return entry->type == ENTRY_STATIC;
	case NHRP_FILTER_DYNAMIC:
		return entry->type == ENTRY_DYNAMIC;
	case NHRP_FILTER_INCOMPLETE:
		return entry->type == ENTRY_INCOMPLETE;
	case NHRP_FILTER_SHORTCUT:
		return (entry->flags & (ENTRY_RIB | ENTRY_NHO)) != 0;
	case NHRP_FILTER_BRIEF:
		return entry->type != ENTRY_INCOMPLETE && !(entry->flags & ENTRY_LOCAL);
	case NHRP_FILTER_SELF:
		return (entry->flags & ENTRY_LOCAL) != 0;
	}
	return false;
}

static json_t *flags(uint32_t flags)
{
	json_t *list = json_array();
	for (unsigned i = 0; entry_flag_name(i) != NULL; i++)
		if (flags & (1u << i))
			json_array_append_new(list, json_string(entry_flag_name(i)));
	return list;
}

/// Who holds an answer of ours.
static json_t *requesters(const struct iface *iface, const struct entry *entry, struct mono now)
{
	json_t *list = json_array();
	if (entry->flags & ENTRY_LOCAL)
		for (const struct requester *r = trie_exact(&iface->requesters, entry->target); r != NULL;
			r = r->next)
			if (r->is_egress && json_array_size(list) < VIEW_PART_ITEMS)
				json_array_append_new(
					list, json_pack("{s:o, s:o, s:I, s:o}", "address",
						      view_addr(r->key.protocol), "nbma", view_addr(r->nbma),
						      "request_id", (json_int_t)r->request_id,
						      "expire_seconds", view_left(r->expires, now)));
	return list;
}

static json_t *nhrp_entry(const struct iface *iface, const struct entry *entry, struct mono now)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:o, s:o}",
		"target", view_prefix(entry->target), "next_hop",
		entry->type == ENTRY_INCOMPLETE ? json_null() : view_addr(entry->next_hop), "interface",
		iface->config->name, "type", entry_type_name(entry->type), "state",
		entry_state_name(entry->state), "nhs", entry->nhs, "flags", flags(entry->flags), "nbma",
		view_addr(entry->nbma), "claimed_nbma", view_addr(entry->claimed_nbma), "created_seconds",
		view_age(entry->created, now), "expire_seconds", view_left(entry->expires, now), "mtu",
		(int)entry->mtu, "request_id", (json_int_t)entry->request_id, "requests_unanswered",
		(json_int_t)entry->requests, "reason", view_text(entry->reason), "requesters",
		requesters(iface, entry, now));
}

struct tally {
	uint64_t types[ENTRY_INCOMPLETE + 1];
	uint64_t total, local, nhop, temporary, rib, nho;
	uint64_t bytes;
};

struct nhrp_view {
	struct view view;
	struct tour tour;
	enum nhrp_filter filter;
	bool own; ///< also what we are ourselves: `self`
	struct tally tally;
};

static json_t *part_of(struct nhrp_view *view, json_t *entries)
{
	json_t *part = view_part(&view->view, "dmvpn/nhrp/1");
	json_object_set_new(part, "entries", entries);
	return part;
}

/// Our own address on the tunnel, which everybody may ask for.
static json_t *own_entry(const struct iface *iface, struct mono now)
{
	const struct entry entry = {
		.target = prefix_host(iface_address(iface)),
		.next_hop = iface_address(iface),
		.nbma = iface->nbma,
		.type = ENTRY_STATIC,
		.state = iface->up ? ENTRY_UP : ENTRY_INTF,
		.flags = ENTRY_UNIQUE | ENTRY_ROUTER | ENTRY_LOCAL,
		.created = MONO_NEVER,
		.expires = MONO_NEVER,
		.since = MONO_NEVER,
	};
	return nhrp_entry(iface, &entry, now);
}

/// Gives the next entries of the tour to `visit`. False where the interface is at its end.
static bool visit_some(struct nhrp_view *view, const struct ctl_context *context, const struct iface *iface,
	void (*visit)(struct nhrp_view *view, const struct iface *iface, const struct entry *entry,
		struct mono now, json_t *list),
	json_t *list)
{
	const struct mono now = context->now();
	struct entry entries[ENTRIES_AT_MAX];
	struct prefix key;
	for (unsigned step = 0; step < VIEW_PART_ITEMS; step++) {
		unsigned sources = walk_next(&view->tour.walk, &key);
		if (sources == 0)
			return false;
		size_t count = entries_at(context, iface, key, sources, entries);
		for (size_t i = 0; i < count; i++)
			visit(view, iface, &entries[i], now, list);
	}
	return true;
}

static void visit_entry(struct nhrp_view *view, const struct iface *iface, const struct entry *entry,
	struct mono now, json_t *list)
{
	if (filter_takes(view->filter, entry))
		json_array_append_new(list, nhrp_entry(iface, entry, now));
}

static json_t *next(struct view *base, const struct ctl_context *context)
{
	struct nhrp_view *view = (struct nhrp_view *)base;
	const struct iface *iface = tour_iface(&view->tour, context->node);
	if (iface == NULL) {
		base->finished = view->tour.finished;
		return base->finished && !base->begun ? part_of(view, json_array()) : NULL;
	}
	json_t *list = json_array();
	if (view->filter == NHRP_FILTER_SELF && view->own)
		json_array_append_new(list, own_entry(iface, context->now()));
	view->own = false;
	if (!visit_some(view, context, iface, visit_entry, list)) {
		tour_next(&view->tour);
		view->own = true;
	}
	if (json_array_size(list) > 0)
		return part_of(view, list);
	json_decref(list);
	return NULL;
}

static void nhrp_view_free(struct view *base)
{
	tour_done(&((struct nhrp_view *)base)->tour);
	free(base);
}

struct view *view_nhrp(enum nhrp_filter filter)
{
	struct nhrp_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next, .free = nhrp_view_free };
	view->tour = tour_make(WALK_CACHE);
	view->filter = filter;
	view->own = true;
	return &view->view;
}

static void tally_add(struct nhrp_view *view, const struct iface *iface, const struct entry *entry,
	struct mono now, json_t *list)
{
	struct tally *tally = &view->tally;
	(void)iface;
	(void)now;
	(void)list;
	tally->total++;
	tally->types[entry->type]++;
	tally->local += (entry->flags & ENTRY_LOCAL) != 0;
	tally->nhop += (entry->flags & ENTRY_NHOP) != 0;
	tally->temporary += (entry->flags & ENTRY_TEMPORARY) != 0;
	tally->nho += (entry->flags & ENTRY_NHO) != 0;
	tally->rib += (entry->flags & ENTRY_RIB) != 0 && (entry->flags & ENTRY_NHO) == 0;
	if (entry->type == ENTRY_INCOMPLETE)
		tally->bytes += sizeof(struct resolution);
	else if ((entry->flags & ENTRY_RIB) && !(entry->flags & ENTRY_NHOP))
		tally->bytes += sizeof(struct shortcut);
	else if (entry->flags & ENTRY_LOCAL)
		tally->bytes += sizeof(struct requester);
	else
		tally->bytes += sizeof(struct binding);
}

static json_t *next_summary(struct view *base, const struct ctl_context *context)
{
	struct nhrp_view *view = (struct nhrp_view *)base;
	const struct tally *tally = &view->tally;
	const struct iface *iface = tour_iface(&view->tour, context->node);
	if (iface != NULL && !visit_some(view, context, iface, tally_add, NULL))
		tour_next(&view->tour);
	base->finished = view->tour.finished;
	if (!base->finished)
		return NULL;
	unsigned silent = 0;
	for (size_t i = 0; i < context->node->iface_count; i++)
		silent += silent_count(iface_at(context->node, i), context->now());
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "schema",
		"dmvpn/nhrp-summary/1", "entries", view_count(tally->total), "bytes",
		view_count(tally->bytes), "static", view_count(tally->types[ENTRY_STATIC]), "dynamic",
		view_count(tally->types[ENTRY_DYNAMIC]), "incomplete",
		view_count(tally->types[ENTRY_INCOMPLETE]), "local", view_count(tally->local), "next_hops",
		view_count(tally->nhop), "temporary", view_count(tally->temporary), "routes",
		view_count(tally->rib), "overrides", view_count(tally->nho), "silent", (int)silent);
}

struct view *view_nhrp_summary(void)
{
	struct view *view = view_nhrp(NHRP_FILTER_ALL);
	view->next = next_summary;
	return view;
}
