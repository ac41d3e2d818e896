// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp` and its summary: every entry of the cache.
#include <stdlib.h>

#include "core/cache.h"
#include "core/node.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"

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
		return entry->type != ENTRY_INCOMPLETE;
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

static json_t *nhrp_entry(const struct iface *iface, const struct entry *entry, struct mono now)
{
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:I, s:o}",
		"target", view_prefix(entry->target), "next_hop",
		entry->type == ENTRY_INCOMPLETE ? json_null() : view_addr(entry->next_hop), "interface",
		iface->config->name, "type", entry_type_name(entry->type), "state",
		entry_state_name(entry->state), "nhs", entry->nhs, "flags", flags(entry->flags), "nbma",
		view_addr(entry->nbma), "claimed_nbma", view_addr(entry->claimed_nbma), "created_seconds",
		view_age(entry->created, now), "expire_seconds", view_left(entry->expires, now), "mtu",
		(int)entry->mtu, "request_id", (json_int_t)entry->request_id, "requests_unanswered",
		(json_int_t)entry->requests, "reason", view_text(entry->reason));
}

json_t *view_nhrp(const struct node *node, enum nhrp_filter filter, struct mono now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < node->iface_count; i++) {
		size_t count;
		struct entry *entries = entries_of(node->ifaces[i], now, &count);
		for (size_t j = 0; j < count; j++)
			if (filter_takes(filter, &entries[j]))
				json_array_append_new(list, nhrp_entry(node->ifaces[i], &entries[j], now));
		free(entries);
	}
	return json_pack("{s:s, s:o}", "schema", "dmvpn/nhrp/1", "entries", list);
}

struct tally {
	uint64_t types[ENTRY_INCOMPLETE + 1];
	uint64_t local, nhop, temporary, rib, nho;
	uint64_t bytes;
};

static void tally_add(struct tally *tally, const struct entry *entry)
{
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

json_t *view_nhrp_summary(const struct node *node, struct mono now)
{
	struct tally tally = { 0 };
	uint64_t total = 0;
	for (size_t i = 0; i < node->iface_count; i++) {
		size_t count;
		struct entry *entries = entries_of(node->ifaces[i], now, &count);
		for (size_t j = 0; j < count; j++)
			tally_add(&tally, &entries[j]);
		total += count;
		free(entries);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
		"dmvpn/nhrp-summary/1", "entries", view_count(total), "bytes", view_count(tally.bytes),
		"static", view_count(tally.types[ENTRY_STATIC]), "dynamic",
		view_count(tally.types[ENTRY_DYNAMIC]), "incomplete",
		view_count(tally.types[ENTRY_INCOMPLETE]), "local", view_count(tally.local), "next_hops",
		view_count(tally.nhop), "temporary", view_count(tally.temporary), "routes",
		view_count(tally.rib), "overrides", view_count(tally.nho));
}
