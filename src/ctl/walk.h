// SPDX-License-Identifier: GPL-2.0-or-later
/// A walk over the tables of one interface in order of address, in steps of bounded work between which the
/// core goes on. First the keys are collected, then they are given in order; what was there all the time is
/// given exactly once, and what a key stands for is looked up when it is its turn.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/trie.h"

struct iface;

/// Where a key was found; several may be or-ed.
enum walk_source {
	WALK_BINDINGS = 1 << 0,    ///< the host prefix of the protocol address
	WALK_RESOLUTIONS = 1 << 1, ///< the host prefix of the destination
	WALK_SHORTCUTS = 1 << 2,   ///< the prefix
	WALK_REQUESTERS = 1 << 3,  ///< the prefix that was answered
	WALK_PEERS = 1 << 4,       ///< the host prefix of the NBMA address
};

#define WALK_CACHE (WALK_BINDINGS | WALK_RESOLUTIONS | WALK_SHORTCUTS | WALK_REQUESTERS)

struct walk {
	unsigned sources; ///< those to collect
	unsigned source;  ///< the one being collected
	size_t bucket;    ///< where in its hash table
	struct prefix at; ///< where in its trie, or among the keys given; no address: at the start
	struct trie keys; ///< prefix → sources, of those that were not given yet
	size_t count;     ///< of keys that were collected
};

/// A walk over `sources` (enum walk_source); end it with walk_done().
struct walk walk_make(unsigned sources);
/// Collects keys, as much as one turn of the event loop allows. False while there are more.
bool walk_collect(struct walk *walk, const struct iface *iface) MUST_CHECK;
/// Takes out the next key in order of family, address, length: returns its sources; 0 at the end.
unsigned walk_next(struct walk *walk, struct prefix *ret_key);
/// How many keys were collected.
size_t walk_count(const struct walk *walk);
void walk_done(struct walk *walk);

struct node;

/// A walk over each interface of a node in turn. Interfaces may come and go meanwhile.
struct tour {
	size_t index;     ///< of the interface
	uint32_t id;      ///< its iface_config.id; 0: the next interface has not been begun
	bool finished;    ///< there are no more interfaces
	struct walk walk; ///< of the interface
	unsigned sources;
};

struct tour tour_make(unsigned sources);
/// The interface whose keys are all collected, so that tour->walk gives them. NULL where this turn of the
/// event loop has done enough and the next call goes on, or where the tour is finished.
struct iface *tour_iface(struct tour *tour, const struct node *node);
/// Done with this interface.
void tour_next(struct tour *tour);
void tour_done(struct tour *tour);
