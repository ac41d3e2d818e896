// SPDX-License-Identifier: GPL-2.0-or-later
/// Peers of a protected tunnel: whose SA is up, and for whom one is wanted. Nothing is sent to a peer and
/// nothing is taken from it before its SA is up and its identity known; what comes too early waits here for a
/// moment.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "base/timerq.h"

struct iface;

enum sa_state {
	SA_DOWN,
	SA_UP,
	SA_FAILED, ///< it could not be had; whoever makes it goes on trying
};

#define PROTECT_IDENTITY_SIZE 256 ///< with its NUL; longer ones are nobody's

struct held;

struct protect {
	struct addr nbma; ///< the key
	struct iface *iface;
	enum sa_state state;
	char *identity;         ///< the peer's, authenticated; NULL where the SA is not up
	struct mono keep_until; ///< the peer holds an answer of ours; time 0: it does not
	struct held *held;      ///< packets that wait, oldest first
	unsigned held_count;
	struct timer timer; ///< the oldest has waited long enough, or `keep_until`
	UT_hash_handle hh;
};

/// May packets go to the peer and come from it? They may where the tunnel is not protected.
bool protect_is_up(const struct iface *iface, struct addr nbma);
/// The identity of the peer; NULL where it has none.
const char *protect_identity(const struct iface *iface, struct addr nbma);
/// Are there SAs with several nodes behind this address of a packet? Then nobody can be sent to by it.
bool protect_is_shared(const struct iface *iface, struct addr nbma);
/// Sends an NHRP packet, or keeps it until the SA is up: but for a registration, which is made anew then.
/// False where it is dropped (counted).
bool protect_send(
	struct iface *iface, struct addr nbma, const uint8_t *packet, size_t length, struct mono now);
/// Keeps a packet that came before the news that the SA is up.
void protect_hold_received(
	struct iface *iface, struct addr from, const uint8_t *packet, size_t length, struct mono now);
/// See node_on_sa().
void protect_on_sa(
	struct iface *iface, struct addr nbma, enum sa_state state, const char *identity, struct mono now);
/// The peer holds an answer of ours until then: its SA shall stay. Not of more peers than the limit of
/// requesters (counted).
void protect_keep(struct iface *iface, struct addr nbma, struct mono until);
/// Judges anew whether an SA is wanted, and tells `desired`.
void protect_update(struct iface *iface, struct addr nbma);
/// The same for all that the configuration names.
void protect_update_configured(struct iface *iface);
/// The peer is silent: asks for another SA.
void protect_renew(struct iface *iface, struct addr nbma);
/// May who proved to be `identity` (NULL: nobody) have what is in `prefix`? By `ip nhrp authorize`, and an
/// identity which is an address of the tunnel's subnet stands for that address alone.
bool protect_may_own(const struct iface *iface, const char *identity, struct prefix prefix) MUST_CHECK;
void protect_on_timer(struct protect *protect, struct mono now);
/// Forgets all of them.
void protect_done(struct iface *iface);
