// SPDX-License-Identifier: GPL-2.0-or-later
/// The cache of bindings: which NBMA address a protocol address of the cloud has. One per address and
/// interface. The cache alone tells `desired` of neighbours and of dynamic multicast receivers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "base/timerq.h"

struct iface;
struct peer;

#define BINDING_TYPES (BINDING_STATIC + 1)

/// In rising order of trust: a binding is replaced only by one of the same type or a higher one.
enum binding_type {
	BINDING_TEMPORARY, ///< being resolved: packets go by the NHS meanwhile
	BINDING_CACHED,    ///< learned by resolution
	BINDING_DYNAMIC,   ///< a client registered it here
	BINDING_NHS,       ///< a configured NHS
	BINDING_STATIC,    ///< `ip nhrp map`
};

struct binding {
	struct addr protocol; ///< the key
	struct iface *iface;
	enum binding_type type;
	struct peer *peer;        ///< whose NBMA address packets go to; never NULL
	struct addr claimed_nbma; ///< what the peer thinks its NBMA address is, where NAT changed it
	bool configured;          ///< the configuration has it
	bool unique;
	bool nat;     ///< peer->nbma differs from claimed_nbma
	bool secured; ///< the SA with its peer is up, or none is needed; as iface->binding_counts has it
	bool has_neighbour;    ///< in the kernel's table: a client's only once the kernel asked for it
	uint16_t mtu;          ///< that the peer told, bytes; 0: it did not
	uint16_t holding_time; ///< seconds, as granted
	char *identity;        ///< who it belongs to, on a protected tunnel; NULL: not known
	uint32_t request_id;   ///< of the registration or reply
	struct mono created;
	struct mono updated;
	struct mono expires; ///< MONO_NEVER for STATIC and NHS
	struct timer timer;  ///< refresh, then expiry
	struct binding *peer_prev;
	struct binding *peer_next;
	struct shortcut *shortcuts; ///< by this next hop: list by shortcut.via_next
	UT_hash_handle hh;
};

/// What a binding shall be; see struct binding.
struct binding_facts {
	enum binding_type type;
	struct addr nbma;
	struct addr claimed_nbma;
	bool unique;
	uint16_t mtu;
	uint16_t holding_time;
	uint32_t request_id;
	const char *identity; ///< borrowed
};

struct binding *cache_find(const struct iface *iface, struct addr protocol);
/// Makes or changes the binding of `protocol`. Returns NULL where a binding of a higher type is there, or
/// the limit of its kind is reached (counted).
struct binding *cache_set(
	struct iface *iface, struct addr protocol, const struct binding_facts *facts, struct mono now);
/// Does it belong to somebody else than `identity`?
bool cache_is_anothers(const struct binding *binding, const char *identity);
/// Which of the nodes behind `nbma` this identity is, as it registered from there; false: that is not known.
bool cache_place_of(const struct iface *iface, struct addr nbma, const char *identity, uint16_t *ret);
/// The kernel asks for the binding: it gets it as a neighbour, anew where it had it before.
void cache_give_neighbour(struct binding *binding);
/// Ends a binding, with the event that its type asks for.
void cache_remove(struct binding *binding, const char *reason);
/// A configured binding becomes that of a server.
void cache_make_nhs(struct binding *binding);
/// The tunnel is protected from now on, or no longer.
void cache_on_protection(struct iface *iface);
/// A walk over all bindings that may come and go meanwhile; it must be ended.
struct cache_walk {
	struct iface *iface; ///< NULL: it was ended, or its interface was
	struct binding *next;
	struct cache_walk *next_walk; ///< the interface's
};

void cache_walk_begin(struct cache_walk *walk, struct iface *iface);
/// NULL behind the last one.
struct binding *cache_walk_next(struct cache_walk *walk);
void cache_walk_end(struct cache_walk *walk);
/// The interface ends, and with it all walks over its bindings, which are gone already.
void cache_walks_done(struct iface *iface);
/// The timer of a binding fired: refresh what is used, end what expired.
void cache_on_timer(struct binding *binding, struct mono now);
/// The SA of the peer at `nbma` came or went: bindings that resolution found are used only under it, and
/// packets go by the server without. What the identity of the peer may not have goes.
void cache_on_sa(struct iface *iface, struct addr nbma, struct mono now);
/// Points every temporary binding by the NBMA address `from` to `to`: another server took over.
void cache_move_temporary(struct iface *iface, struct addr from, struct addr to, struct mono now);
