// SPDX-License-Identifier: GPL-2.0-or-later
/// A peer: another node of the cloud by its NBMA address, with every binding that points to it. It lives
/// as long as it has bindings. It remembers when data went to it and came from it, which tells
/// a binding in use from an idle one, and a dead peer from a silent one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/mono.h"

struct binding;
struct iface;

struct peer {
	struct addr nbma; ///< the key
	struct iface *iface;
	struct binding *bindings; ///< list by binding.peer_next
	uint32_t binding_count;
	bool receiver; ///< of multicast, as a registered client: see core/multicast.h
	struct mono created;
	struct mono last_sent;        ///< data to the peer; time 0 where never
	struct mono last_received;    ///< anything from the peer; time 0 where never
	struct mono unanswered_since; ///< MONO_NEVER: the last word was the peer's
	int64_t patience;             ///< microseconds of silence until it is asked whether it lives
	UT_hash_handle hh;
};

/// Silence before the first question, microseconds; an answer without data doubles it, up to the last.
#define PEER_PATIENCE_FIRST (2 * MONO_SECOND)
#define PEER_PATIENCE_LAST  (16 * MONO_SECOND)

/// The peer with this NBMA address, made where there is none.
struct peer *peer_get(struct iface *iface, struct addr nbma, struct mono now);
struct peer *peer_find(const struct iface *iface, struct addr nbma);
/// Data went to the peer within the last `window` microseconds, at most a minute.
bool peer_is_in_use(const struct peer *peer, int64_t window, struct mono now);
/// Ties and unties a binding; the peer goes with its last binding.
void peer_attach(struct peer *peer, struct binding *binding);
void peer_detach(struct binding *binding);
