// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table is an array of numbers and pointers with open addressing. What is taken out leaves a mark, so
// that a reader in the midst of a search goes on; a table half full of peers and marks is made anew, and
// published whole.
#include "link/user_peers.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

#define LOCALLY_ADMINISTERED 0x02
#define LEAST_SIZE           64

struct user_slot {
	uint64_t number; ///< the peer's, or that of the one that was here: set once, before the pointer
	_Atomic(struct user_peer *) peer;
};

struct user_table {
	struct user_retired retired;
	size_t size;  ///< a power of two
	size_t used;  ///< slots with a peer or a mark
	size_t count; ///< of peers
	struct user_slot slots[];
};

/// Stands where a peer was.
static struct user_peer mark;

uint64_t user_peers_number(struct addr nbma)
{
	return addr_to_ipv4(nbma);
}

void user_peers_write_mac(uint64_t number, uint8_t mac[static USER_MAC_SIZE])
{
	mac[0] = LOCALLY_ADMINISTERED;
	for (int i = 1; i < USER_MAC_SIZE; i++)
		mac[i] = (uint8_t)(number >> (8 * (USER_MAC_SIZE - 1 - i)));
}

uint64_t user_peers_read_mac(const uint8_t mac[static USER_MAC_SIZE])
{
	uint64_t number = 0;

	if (mac[0] != LOCALLY_ADMINISTERED)
		return 0;
	for (int i = 1; i < USER_MAC_SIZE; i++)
		number = number << 8 | mac[i];
	return number;
}

/* The table */

static size_t slot_of(const struct user_table *table, uint64_t number)
{
	return (size_t)hash_bytes(&number, sizeof(number)) & (table->size - 1);
}

/// The slot of the peer, or the free one at which the search ends.
static size_t search(const struct user_table *table, uint64_t number)
{
	size_t slot = slot_of(table, number);

	for (;; slot = (slot + 1) & (table->size - 1)) {
		const struct user_peer *peer =
			atomic_load_explicit(&table->slots[slot].peer, memory_order_acquire);

		if (!peer || (peer != &mark && table->slots[slot].number == number))
			return slot;
	}
}

static void put(struct user_table *table, struct user_peer *peer)
{
	struct user_slot *slot = &table->slots[search(table, peer->number)];

	slot->number = peer->number;
	atomic_store_explicit(&slot->peer, peer, memory_order_release);
	table->used++;
	table->count++;
}

static struct user_table *current(const struct user_peers *peers)
{
	return atomic_load_explicit(&peers->table, memory_order_acquire);
}

/// Makes room for one more.
static struct user_table *make_room(struct user_peers *peers)
{
	struct user_table *old = current(peers), *table;
	size_t size = LEAST_SIZE;

	if (old && 2 * (old->used + 1) <= old->size)
		return old;
	while (old && size < 4 * old->count)
		size *= 2;
	table = alloc_zeroed(1, sizeof(*table) + size * sizeof(table->slots[0]));
	table->size = size;
	for (size_t i = 0; old && i < old->size; i++)
		if (old->slots[i].peer && old->slots[i].peer != &mark)
			put(table, old->slots[i].peer);
	atomic_store_explicit(&peers->table, table, memory_order_release);
	if (old)
		user_readers_retire(&peers->readers, &old->retired);
	return table;
}

struct user_peer *user_peers_find(const struct user_peers *peers, uint64_t number)
{
	struct user_table *table = current(peers);

	return table ? atomic_load_explicit(&table->slots[search(table, number)].peer, memory_order_acquire)
		     : NULL;
}

struct user_peer *user_peers_get(struct user_peers *peers, struct addr nbma)
{
	uint64_t number = user_peers_number(nbma);
	struct user_peer *peer = user_peers_find(peers, number);

	if (!peer) {
		peer = alloc_zeroed(1, sizeof(*peer));
		peer->number = number;
		peer->nbma = nbma;
		memcpy(&peer->underlay, nbma.bytes, sizeof(peer->underlay));
		put(make_room(peers), peer);
	}
	return peer;
}

bool user_peers_settle(struct user_peers *peers, struct user_peer *peer)
{
	struct user_table *table = current(peers);

	if (peer->neighbour || peer->receiver || peer->destination)
		return false;
	atomic_store_explicit(&table->slots[search(table, peer->number)].peer, &mark, memory_order_release);
	table->count--;
	/* One on the list of the active is retired when it is taken off there. */
	peer->gone = true;
	if (!atomic_exchange(&peer->active, true))
		user_readers_retire(&peers->readers, &peer->retired);
	return true;
}

/* Receivers of multicast */

struct user_peer *user_peers_receivers(const struct user_peers *peers)
{
	return atomic_load_explicit(&peers->receivers, memory_order_acquire);
}

static void add_receiver(struct user_peers *peers, struct user_peer *peer)
{
	struct user_peer *first = peers->receivers;

	peer->receiver_prev = NULL;
	atomic_store_explicit(&peer->receiver_next, first, memory_order_relaxed);
	if (first)
		first->receiver_prev = peer;
	atomic_store_explicit(&peers->receivers, peer, memory_order_release);
}

/// Its own pointer stays, for readers that are at it.
static void remove_receiver(struct user_peers *peers, struct user_peer *peer)
{
	struct user_peer *next = peer->receiver_next, *prev = peer->receiver_prev;

	if (next)
		next->receiver_prev = prev;
	atomic_store_explicit(prev ? &prev->receiver_next : &peers->receivers, next, memory_order_release);
}

void user_peers_set_receiver(struct user_peers *peers, struct user_peer *peer, bool receiver)
{
	if (receiver && !peer->receiver)
		add_receiver(peers, peer);
	if (!receiver && peer->receiver)
		remove_receiver(peers, peer);
	peer->receiver = receiver;
}

/// What the readers see is never changed: a new copy takes its place.
struct user_groups {
	struct user_retired retired;
	struct groups groups;
	struct group_receiver receivers[];
};

const struct groups *user_peers_groups(const struct user_peers *peers)
{
	const struct user_groups *copy = atomic_load_explicit(&peers->groups, memory_order_acquire);

	return copy ? &copy->groups : NULL;
}

void user_peers_set_groups(struct user_peers *peers, const struct groups *groups)
{
	size_t size = groups->count * sizeof(groups->receivers[0]);
	struct user_groups *copy = NULL, *old;

	if (groups->count) {
		copy = alloc_zeroed(1, sizeof(*copy) + size);
		memcpy(copy->receivers, groups->receivers, size);
		copy->groups = (struct groups) { copy->receivers, groups->count };
	}
	old = atomic_exchange(&peers->groups, copy);
	if (old)
		user_readers_retire(&peers->readers, &old->retired);
}

/* Counting */

static void activate(struct user_peers *peers, struct user_peer *peer, atomic_bool *flag)
{
	if (atomic_load_explicit(flag, memory_order_relaxed))
		return;
	atomic_store(flag, true);
	if (atomic_exchange(&peer->active, true))
		return;
	struct user_peer *first = atomic_load(&peers->active);

	do
		atomic_store(&peer->active_next, first);
	while (!atomic_compare_exchange_weak(&peers->active, &first, peer));
}

void user_peers_count_sent(struct user_peers *peers, struct user_peer *peer, uint64_t packets, uint64_t bytes)
{
	atomic_fetch_add_explicit(&peer->sent_packets, packets, memory_order_relaxed);
	atomic_fetch_add_explicit(&peer->sent_bytes, bytes, memory_order_relaxed);
	activate(peers, peer, &peer->sent);
}

void user_peers_count_received(
	struct user_peers *peers, struct user_peer *peer, uint64_t packets, uint64_t bytes)
{
	atomic_fetch_add_explicit(&peer->received_packets, packets, memory_order_relaxed);
	atomic_fetch_add_explicit(&peer->received_bytes, bytes, memory_order_relaxed);
	activate(peers, peer, &peer->received);
}

void user_peers_each_active(struct user_peers *peers,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct user_peer *peer = atomic_exchange(&peers->active, NULL), *next;

	for (; peer; peer = next) {
		next = atomic_load(&peer->active_next);
		if (peer->gone) {
			user_readers_retire(&peers->readers, &peer->retired);
			continue;
		}
		/* Off the list first: a flag that is set again meanwhile brings it back. */
		atomic_store(&peer->active, false);
		bool sent = atomic_exchange(&peer->sent, false);
		bool received = atomic_exchange(&peer->received, false);

		if (sent || received)
			visit(context, peer->nbma, sent, received);
	}
}

void user_peers_done(struct user_peers *peers)
{
	struct user_table *table = current(peers);
	struct user_peer *peer, *next;

	for (peer = atomic_exchange(&peers->active, NULL); peer; peer = next) {
		next = peer->active_next;
		if (peer->gone)
			free(peer);
	}
	for (size_t i = 0; table && i < table->size; i++)
		if (table->slots[i].peer != &mark)
			free(table->slots[i].peer);
	free(table);
	free(atomic_exchange(&peers->groups, NULL));
	user_readers_done(&peers->readers);
	atomic_store(&peers->table, NULL);
	atomic_store(&peers->receivers, NULL);
}
