// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "core/desired.h"

/// All bytes count as the hash key: made only by key_make().
struct desired_key {
	uint32_t kind;
	uint32_t iface;
	struct prefix prefix;
	struct addr nbma;
};

struct desired_entry {
	struct desired_key key;
	struct desired_item item; ///< with item.present false: to be forgotten when the change is drained
	bool is_changed;
	bool is_told;               ///< is in the list of changes alone: see desired_tell()
	struct desired_entry *prev; ///< in the list of changes
	struct desired_entry *next;
	UT_hash_handle hh;
};

static struct desired_key key_make(
	enum desired_kind kind, uint32_t iface, struct prefix prefix, struct addr nbma)
{
	struct desired_key key;

	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.iface = iface;
	if (kind == DESIRED_MULTICAST || kind == DESIRED_SA)
		key.nbma = nbma;
	if (kind != DESIRED_SA)
		key.prefix = prefix;
	return key;
}

static struct desired_entry *find(const struct desired *desired, const struct desired_key *key)
{
	struct desired_entry *entry;

	HASH_FIND(hh, desired->entries[key->kind], key, sizeof(*key), entry);
	return entry;
}

/// Puts the entry behind all changes, so that things are applied in the order in which they became true.
static void mark_changed(struct desired *desired, struct desired_entry *entry)
{
	if (entry->is_changed)
		DL_DELETE(desired->changed, entry);
	DL_APPEND(desired->changed, entry);
	entry->is_changed = true;
}

static bool same_value(const struct desired_item *a, const struct desired_item *b)
{
	return a->present == b->present && a->mtu == b->mtu && a->call == b->call &&
	       addr_equal(a->next_hop, b->next_hop) && addr_equal(a->nbma, b->nbma);
}

void desired_set(struct desired *desired, const struct desired_item *item)
{
	struct desired_key key = key_make(item->kind, item->iface, item->prefix, item->nbma);
	struct desired_entry *entry = find(desired, &key);
	struct desired_item wanted = *item;

	wanted.present = true;
	if (entry && same_value(&entry->item, &wanted))
		return;
	if (!entry) {
		entry = alloc_zeroed(1, sizeof(*entry));
		entry->key = key;
		HASH_ADD(hh, desired->entries[item->kind], key, sizeof(entry->key), entry);
	}
	if (!entry->item.present)
		desired->counts[item->kind]++;
	entry->item = wanted;
	mark_changed(desired, entry);
}

void desired_clear(struct desired *desired, const struct desired_item *item)
{
	struct desired_key key = key_make(item->kind, item->iface, item->prefix, item->nbma);
	struct desired_entry *entry = find(desired, &key);

	if (!entry || !entry->item.present)
		return;
	desired->counts[item->kind]--;
	entry->item.present = false;
	mark_changed(desired, entry);
}

void desired_tell(struct desired *desired, const struct desired_item *item)
{
	struct desired_entry *entry = alloc_zeroed(1, sizeof(*entry));

	entry->item = *item;
	entry->is_told = true;
	if (item->present)
		desired->counts[item->kind]++;
	else
		desired->counts[item->kind]--;
	mark_changed(desired, entry);
}

bool desired_pop_change(struct desired *desired, struct desired_item *ret)
{
	struct desired_entry *entry = desired->changed;

	if (!entry)
		return false;
	DL_DELETE(desired->changed, entry);
	entry->is_changed = false;
	*ret = entry->item;
	if (entry->item.present && !entry->is_told)
		return true;
	if (!entry->is_told)
		HASH_DEL(desired->entries[entry->key.kind], entry);
	free(entry);
	return true;
}

bool desired_has_change(const struct desired *desired)
{
	return desired->changed != NULL;
}

bool desired_find(const struct desired *desired, enum desired_kind kind, uint32_t iface, struct prefix prefix,
	struct addr nbma, struct desired_item *ret)
{
	struct desired_key key = key_make(kind, iface, prefix, nbma);
	const struct desired_entry *entry = find(desired, &key);

	if (!entry || !entry->item.present)
		return false;
	*ret = entry->item;
	return true;
}

bool desired_next(const struct desired *desired, enum desired_kind kind, const struct desired_entry **cursor,
	struct desired_item *ret)
{
	const struct desired_entry *entry = *cursor ? (*cursor)->hh.next : desired->entries[kind];

	while (entry && !entry->item.present)
		entry = entry->hh.next;
	if (!entry)
		return false;
	*cursor = entry;
	*ret = entry->item;
	return true;
}

void desired_done(struct desired *desired)
{
	struct desired_entry *entry, *next;

	DL_FOREACH_SAFE(desired->changed, entry, next)
	{
		if (entry->is_told)
			free(entry);
	}
	for (enum desired_kind kind = 0; kind < DESIRED_KINDS; kind++)
		HASH_ITER(hh, desired->entries[kind], entry, next)
		{
			HASH_DEL(desired->entries[kind], entry);
			free(entry);
		}
	desired->changed = NULL;
}
