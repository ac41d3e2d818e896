// SPDX-License-Identifier: GPL-2.0-or-later
/// A peer of protected tunnels: who wants its SA, and what is being done for it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "core/protect.h"
#include "ike/ike.h"

/// All bytes count as the hash key.
struct ike_peer_key {
	char base[SA_NAME_SIZE]; ///< of the connections' names: see ike_connection_base()
	struct addr nbma;
};

enum ike_peer_state {
	PEER_DOWN,    ///< nothing is done
	PEER_CALLING, ///< we asked charon to make the SA
	PEER_WAITING, ///< that failed; again after a while
	PEER_UP,
};

struct ike_peer_want {
	uint32_t iface;
	enum ike_want want;
};

#define PEER_WANTS_MAX 8 ///< tunnels that can share a peer

struct ike_peer {
	struct ike_peer_key key;
	enum ike_peer_state state;
	struct ike_peer_want wants[PEER_WANTS_MAX];
	unsigned want_count;
	struct mono called;   ///< last
	struct mono deadline; ///< CALLING, WAITING
	unsigned failures;    ///< of calls in a row
	const char *failure;  ///< what is known of the last one; NULL: none failed
	struct mono unwanted; ///< since when nobody wants it; MONO_NEVER: somebody does
	struct mono wanted;   ///< since when somebody wants it
	bool loaded;          ///< charon has a connection for it
	bool was_wanted;
	bool settling;                          ///< its SA is there, and may not be at its end yet
	bool recall;                            ///< charon lost the SA: we call once, though the peer would
	uint32_t mark, mark_mask;               ///< what was told last
	char identity[SA_ID_SIZE];              ///< what was told last
	struct mono checked;                    ///< CALLING: charon was last asked whether it is still at it
	struct ike_peer *prev_call, *next_call; ///< CALLING
	struct ike_peer *prev_due, *next_due;
	bool due; ///< something is to be done for it, as soon as the handler is not at work
	UT_hash_handle hh;
};

/// All zero is empty.
struct ike_peers {
	struct ike_peer *peers; ///< hash
	struct ike_peer *calls; ///< list: those that are CALLING, the one that was checked longest ago first
	struct ike_peer *due;   ///< list
};

/// NULL where there is none; ike_peer_get() makes it then.
struct ike_peer *ike_peer_find(const struct ike_peers *peers, const char *base, struct addr nbma);
struct ike_peer *ike_peer_get(struct ike_peers *peers, const char *base, struct addr nbma, struct mono now);
void ike_peer_free(struct ike_peers *peers, struct ike_peer *peer);
/// Changes the state, and nothing else.
void ike_peer_set_state(struct ike_peers *peers, struct ike_peer *peer, enum ike_peer_state state);
void ike_peer_set_due(struct ike_peers *peers, struct ike_peer *peer);
/// Takes the first that is due off the list; NULL where there is none.
struct ike_peer *ike_peer_take_due(struct ike_peers *peers);
/// False where too many tunnels share the peer.
bool ike_peer_set_want(struct ike_peer *peer, uint32_t iface, enum ike_want want, struct mono now) MUST_CHECK;
/// Is it for us to make the peer's SA?
bool ike_peer_wants_call(const struct ike_peer *peer);
/// The strongest of all wants.
enum ike_want ike_peer_want(const struct ike_peer *peer);
