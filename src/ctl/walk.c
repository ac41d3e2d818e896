// SPDX-License-Identifier: GPL-2.0-or-later
// Hash tables are walked by their buckets in reversed binary order: counting from the highest bit down, so
// that a table which doubles meanwhile splits buckets only into ones that are both before or both behind the
// cursor.
#include "ctl/walk.h"

#include <stdint.h>

#include "base/hash.h"
#include "core/cache.h"
#include "core/iface.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/resolve.h"
#include "ctl/view.h"

#define STEP_BUCKETS  64  ///< at most ten keys each
#define STEP_PREFIXES 256 ///< of a trie

struct walk walk_make(unsigned sources)
{
	return (struct walk) { .sources = sources, .source = 1 };
}

static void collect(struct walk *walk, struct prefix key)
{
	uintptr_t before = (uintptr_t)trie_exact(&walk->keys, key), sources = before | walk->source;
	walk->count += before == 0;
	trie_set(&walk->keys, key, (void *)sources);
}

/// The bucket after `bucket` in reversed binary order; 0 after the last.
static size_t next_bucket(size_t bucket, size_t count)
{
	size_t bit = count >> 1;
	while (bit > 0 && (bucket & bit)) {
		bucket &= ~bit;
		bit >>= 1;
	}
	return bit > 0 ? bucket | bit : 0;
}

/// Collects from a hash table whose keys are addresses. True at its end.
static bool collect_hash(struct walk *walk, const UT_hash_table *table)
{
	for (unsigned step = 0; table != NULL && step < STEP_BUCKETS; step++) {
		walk->bucket &= table->num_buckets - 1; // it may be a new table, which begins small
		const UT_hash_handle *handle = table->buckets[walk->bucket].hh_head;
		for (; handle != NULL; handle = handle->hh_next)
			collect(walk, prefix_host(*(const struct addr *)handle->key));
		walk->bucket = next_bucket(walk->bucket, table->num_buckets);
		if (walk->bucket == 0)
			return true;
	}
	return table == NULL;
}

/// The first prefix of a trie behind walk->at, over both families. NULL at the end.
static void *next_of(struct walk *walk, const struct trie *trie, struct prefix *ret)
{
	const struct prefix all4 = prefix_make((struct addr) { .family = ADDR_IPV4 }, 0);
	const struct prefix all6 = prefix_make((struct addr) { .family = ADDR_IPV6 }, 0);
	const struct prefix *after = addr_is_set(walk->at.addr) ? &walk->at : NULL;
	void *found = NULL;
	if (after == NULL || after->addr.family == ADDR_IPV4) {
		found = trie_next(trie, all4, after, ret);
		after = NULL;
	}
	if (found == NULL)
		found = trie_next(trie, all6, after, ret);
	if (found != NULL)
		walk->at = *ret;
	return found;
}

static bool collect_trie(struct walk *walk, const struct trie *trie)
{
	struct prefix key;
	for (unsigned step = 0; step < STEP_PREFIXES; step++) {
		if (next_of(walk, trie, &key) == NULL)
			return true;
		collect(walk, key);
	}
	return false;
}

static bool collect_source(struct walk *walk, const struct iface *iface)
{
	switch ((enum walk_source)walk->source) {
	case WALK_BINDINGS:
		return collect_hash(walk, iface->bindings != NULL ? iface->bindings->hh.tbl : NULL);
	case WALK_RESOLUTIONS:
		return collect_hash(walk, iface->resolutions != NULL ? iface->resolutions->hh.tbl : NULL);
	case WALK_PEERS:
		return collect_hash(walk, iface->peers != NULL ? iface->peers->hh.tbl : NULL);
	case WALK_SHORTCUTS:
		return collect_trie(walk, &iface->shortcuts);
	case WALK_REQUESTERS:
		return collect_trie(walk, &iface->requesters);
	}
	return true;
}

bool walk_collect(struct walk *walk, const struct iface *iface)
{
	while ((walk->sources & walk->source) == 0 && walk->source <= walk->sources)
		walk->source <<= 1;
	if (walk->source > walk->sources)
		return true;
	if (!collect_source(walk, iface))
		return false;
	walk->source <<= 1;
	walk->bucket = 0;
	walk->at = (struct prefix) { 0 };
	return walk->source > walk->sources;
}

unsigned walk_next(struct walk *walk, struct prefix *ret_key)
{
	unsigned sources = (unsigned)(uintptr_t)next_of(walk, &walk->keys, ret_key);
	// One by one, as to free very many at the end takes long.
	if (sources != 0)
		(void)trie_remove(&walk->keys, *ret_key);
	return sources;
}

size_t walk_count(const struct walk *walk)
{
	return walk->count;
}

void walk_done(struct walk *walk)
{
	trie_done(&walk->keys);
	*walk = (struct walk) { 0 };
}

struct tour tour_make(unsigned sources)
{
	return (struct tour) { .sources = sources };
}

void tour_next(struct tour *tour)
{
	walk_done(&tour->walk);
	tour->id = 0;
	tour->index++;
}

struct iface *tour_iface(struct tour *tour, const struct node *node)
{
	if (tour->id != 0 &&
		(tour->index >= node->iface_count || iface_at(node, tour->index)->config->id != tour->id)) {
		tour_next(tour);
		return NULL;
	}
	if (tour->index >= node->iface_count) {
		tour->finished = true;
		return NULL;
	}
	struct iface *iface = iface_at(node, tour->index);
	if (tour->id == 0) {
		tour->walk = walk_make(tour->sources);
		tour->id = iface->config->id;
	}
	return walk_collect(&tour->walk, iface) ? iface : NULL;
}

void tour_done(struct tour *tour)
{
	walk_done(&tour->walk);
}
