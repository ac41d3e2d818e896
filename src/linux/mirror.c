// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "linux/routes.h"
#include "linux/rtnl.h"

/// What the kernel replaces as one.
struct mirror_key {
	struct prefix prefix;
	uint32_t metric;
	uint32_t table;
};

struct mirror_entry {
	struct mirror_key key; ///< zeroed before it is filled: it is compared as bytes
	struct rib_route *hops;
	unsigned count;
	UT_hash_handle hh;
};

static bool same_hop(const struct rib_route *a, const struct rib_route *b)
{
	return a->device == b->device && a->kind == b->kind && a->protocol == b->protocol &&
	       addr_equal(a->next_hop, b->next_hop);
}

/// Apart from who installed it: a route deleted is told with less than when it was added.
static bool same_way(const struct rib_route *a, const struct rib_route *b)
{
	return a->device == b->device && addr_equal(a->next_hop, b->next_hop);
}

static bool has_hop(const struct mirror_entry *entry, const struct rib_route *hop)
{
	for (unsigned i = 0; entry && i < entry->count; i++)
		if (same_hop(&entry->hops[i], hop))
			return true;
	return false;
}

static bool has_way(const struct mirror_entry *entry, const struct rib_route *hop)
{
	for (unsigned i = 0; entry && i < entry->count; i++)
		if (same_way(&entry->hops[i], hop))
			return true;
	return false;
}

static struct mirror_entry *find(const struct mirror *mirror, const struct mirror_key *key)
{
	struct mirror_entry *entry;

	HASH_FIND(hh, mirror->entries, key, sizeof(*key), entry);
	return entry;
}

static struct mirror_entry *get(struct mirror *mirror, const struct mirror_key *key)
{
	struct mirror_entry *entry = find(mirror, key);

	if (!entry) {
		entry = alloc_zeroed(1, sizeof(*entry));
		memcpy(&entry->key, key, sizeof(*key));
		HASH_ADD(hh, mirror->entries, key, sizeof(entry->key), entry);
	}
	return entry;
}

static void drop_if_empty(struct mirror *mirror, struct mirror_entry *entry)
{
	if (entry->count)
		return;
	HASH_DEL(mirror->entries, entry);
	free(entry->hops);
	free(entry);
}

static void tell(const struct mirror *mirror, const struct rib_route *hop, bool added)
{
	if (mirror->tell)
		mirror->tell(mirror->context, hop, added);
}

static void add_hop(struct mirror *mirror, struct mirror_entry *entry, const struct rib_route *hop)
{
	if (has_hop(entry, hop))
		return;
	entry->hops = alloc_resize(entry->hops, entry->count + 1, sizeof(*hop));
	entry->hops[entry->count++] = *hop;
	tell(mirror, hop, true);
}

static void remove_hop(struct mirror *mirror, struct mirror_entry *entry, unsigned index)
{
	struct rib_route hop = entry->hops[index];

	entry->hops[index] = entry->hops[--entry->count];
	tell(mirror, &hop, false);
}

/// The routes of a message, if it is one of the tables we follow.
static bool read_message(const struct nlmsghdr *message, struct routes_entry *ret, struct mirror_key *ret_key)
{
	if (!routes_read(message, ret) || (ret->table != RT_TABLE_MAIN && ret->table != RT_TABLE_LOCAL))
		return false;
	memset(ret_key, 0, sizeof(*ret_key));
	ret_key->prefix = ret->prefix;
	ret_key->metric = ret->metric;
	ret_key->table = ret->table;
	return true;
}

static void add_message(struct mirror *mirror, const struct nlmsghdr *message, bool replace)
{
	struct rib_route hops[ROUTES_HOPS_MAX];
	struct routes_entry told = { .hops = hops };
	struct mirror_entry now = { .hops = hops };
	struct mirror_entry *entry;
	struct mirror_key key;

	if (!read_message(message, &told, &key))
		return;
	entry = get(mirror, &key);
	for (unsigned i = 0; i < told.count; i++)
		add_hop(mirror, entry, &hops[i]);
	now.count = told.count;
	/* New before old, so that there is a route all the time. */
	for (unsigned i = entry->count; replace && i-- > 0;)
		if (!has_hop(&now, &entry->hops[i]))
			remove_hop(mirror, entry, i);
	drop_if_empty(mirror, entry);
}

static void remove_message(struct mirror *mirror, const struct nlmsghdr *message)
{
	struct rib_route hops[ROUTES_HOPS_MAX];
	struct routes_entry told = { .hops = hops };
	struct mirror_entry gone = { .hops = hops };
	struct mirror_entry *entry;
	struct mirror_key key;

	if (!read_message(message, &told, &key))
		return;
	entry = find(mirror, &key);
	if (!entry)
		return;
	gone.count = told.count;
	for (unsigned i = entry->count; i-- > 0;)
		if (has_way(&gone, &entry->hops[i]))
			remove_hop(mirror, entry, i);
	drop_if_empty(mirror, entry);
}

void mirror_on_message(struct mirror *mirror, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_DELROUTE)
		remove_message(mirror, message);
	else
		add_message(mirror, message, message->nlmsg_flags & NLM_F_REPLACE);
}

static void on_dumped(void *context, const struct nlmsghdr *message)
{
	add_message(context, message, false);
}

bool mirror_sync(struct mirror *mirror, struct rtnl *rtnl, struct err *err)
{
	struct mirror fresh = { 0 };
	struct mirror old = *mirror;
	struct mirror_entry *entry, *next;

	if (!routes_dump(rtnl, on_dumped, &fresh, err)) {
		mirror_done(&fresh);
		return false;
	}
	mirror->entries = fresh.entries;
	HASH_ITER(hh, fresh.entries, entry, next)
	{
		const struct mirror_entry *before = find(&old, &entry->key);

		for (unsigned i = 0; i < entry->count; i++)
			if (!has_hop(before, &entry->hops[i]))
				tell(mirror, &entry->hops[i], true);
	}
	HASH_ITER(hh, old.entries, entry, next)
	{
		const struct mirror_entry *after = find(mirror, &entry->key);

		for (unsigned i = 0; i < entry->count; i++)
			if (!has_hop(after, &entry->hops[i]))
				tell(mirror, &entry->hops[i], false);
	}
	mirror_done(&old);
	return true;
}

void mirror_done(struct mirror *mirror)
{
	struct mirror_entry *entry, *next;

	HASH_ITER(hh, mirror->entries, entry, next)
	{
		HASH_DEL(mirror->entries, entry);
		free(entry->hops);
		free(entry);
	}
}
