// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/placed.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

struct placed_key {
	uint32_t iface;
	struct prefix prefix;
};

/// A neighbour.
struct placed {
	struct placed_key key; ///< zeroed before it is filled: it is compared as bytes
	struct addr nbma;
	bool wanted;
	UT_hash_handle hh;
};

struct use_key {
	uint32_t iface;
	struct addr nbma;
};

/// How many neighbours use an NBMA address.
struct placed_use {
	struct use_key key;
	unsigned count;
	UT_hash_handle hh;
};

static struct placed_key key_of(const struct desired_item *item)
{
	struct placed_key key;

	memset(&key, 0, sizeof(key));
	key.iface = item->iface;
	key.prefix = item->prefix;
	return key;
}

static struct placed *find_placed(const struct placed_table *table, const struct desired_item *item)
{
	struct placed_key key = key_of(item);
	struct placed *placed;

	HASH_FIND(hh, table->all, &key, sizeof(key), placed);
	return placed;
}

static struct placed_use *find_use(
	const struct placed_table *table, uint32_t iface, struct addr nbma, struct use_key *ret_key)
{
	struct placed_use *use;

	memset(ret_key, 0, sizeof(*ret_key));
	ret_key->iface = iface;
	ret_key->nbma = nbma;
	HASH_FIND(hh, table->uses, ret_key, sizeof(*ret_key), use);
	return use;
}

static void retain(struct placed_table *table, uint32_t iface, struct addr nbma)
{
	struct use_key key;
	struct placed_use *use = find_use(table, iface, nbma, &key);

	if (!use) {
		use = alloc_zeroed(1, sizeof(*use));
		memcpy(&use->key, &key, sizeof(key));
		HASH_ADD(hh, table->uses, key, sizeof(use->key), use);
	}
	use->count++;
}

static void release(struct placed_table *table, uint32_t iface, struct addr nbma)
{
	struct use_key key;
	struct placed_use *use = find_use(table, iface, nbma, &key);

	if (!use || --use->count)
		return;
	HASH_DEL(table->uses, use);
	free(use);
	table->forget(table->owner, iface, nbma);
}

bool placed_set(struct placed_table *table, const struct desired_item *item)
{
	struct placed *placed = find_placed(table, item);
	bool new = !placed;

	if (new) {
		struct placed_key key = key_of(item);

		placed = alloc_zeroed(1, sizeof(*placed));
		memcpy(&placed->key, &key, sizeof(key));
		HASH_ADD(hh, table->all, key, sizeof(placed->key), placed);
	}
	placed->wanted = true;
	if (!addr_equal(placed->nbma, item->nbma)) {
		retain(table, item->iface, item->nbma);
		if (addr_is_set(placed->nbma))
			release(table, item->iface, placed->nbma);
	}
	placed->nbma = item->nbma;
	return new;
}

static void remove_placed(struct placed_table *table, struct placed *placed)
{
	HASH_DEL(table->all, placed);
	release(table, placed->key.iface, placed->nbma);
	free(placed);
}

void placed_remove(struct placed_table *table, const struct desired_item *item)
{
	struct placed *placed = find_placed(table, item);

	if (placed)
		remove_placed(table, placed);
}

void placed_want_none(struct placed_table *table)
{
	for (struct placed *placed = table->all; placed; placed = placed->hh.next)
		placed->wanted = false;
}

void placed_remove_unwanted(struct placed_table *table)
{
	struct placed *placed, *next;

	HASH_ITER(hh, table->all, placed, next)
	if (!placed->wanted)
		remove_placed(table, placed);
}

void placed_done(struct placed_table *table)
{
	struct placed *placed, *next_placed;
	struct placed_use *use, *next_use;

	HASH_ITER(hh, table->all, placed, next_placed)
	{
		HASH_DEL(table->all, placed);
		free(placed);
	}
	HASH_ITER(hh, table->uses, use, next_use)
	{
		HASH_DEL(table->uses, use);
		free(use);
	}
}
