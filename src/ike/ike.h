// SPDX-License-Identifier: GPL-2.0-or-later
/// The protection of tunnels by strongSwan: which peers shall have SAs, and which have. Peers are told apart
/// by the tunnel's profile and source and the peer's address; tunnels which have these in common share the
/// SAs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "core/protect.h"
#include "ike/sa.h"

struct crypto_config;
struct ike;
struct uv_loop_s;

struct ike_handler {
	/// The SA of a peer on an interface came, went, or could not be had; `identity` is the peer's where
	/// the state is SA_UP. A peer that nobody wants is told of, too.
	void (*on_sa)(
		void *owner, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity);
	/// What goes to the peer needs this mark, whose bits in `mask` count, and what came under its SA has
	/// it; told before on_sa() and whenever it changes. 0: there is none. May be NULL.
	void (*on_mark)(void *owner, uint32_t iface, struct addr nbma, uint32_t mark, uint32_t mask);
	/// The peer is forgotten. May be NULL.
	void (*on_forgotten)(void *owner, uint32_t iface, struct addr nbma);
	/// Which of the nodes behind this address the peer was last; false: that is not known. May be NULL.
	bool (*place)(void *owner, struct addr nbma, const char *identity, uint16_t *ret);
	struct mono (*now)(void);
	void *owner;
};

/// A tunnel that is protected.
struct ike_tunnel {
	uint32_t iface;             ///< iface_config.id
	char profile[SA_NAME_SIZE]; ///< the `crypto ipsec profile`, or the connection in swanctl.conf
	bool foreign;               ///< the connection is the administrator's
	bool marks;        ///< each SA has a mark of its own, so that peers can share an NBMA address
	struct addr local; ///< our address in the underlay; unset: not there now
};

/// How much a peer's SA is wanted.
enum ike_want {
	IKE_UNWANTED, ///< it ends, if nobody else wants it
	IKE_KEEP,     ///< it shall stay; the peer makes it
	IKE_CALL,     ///< we make it where it is not there
};

/// `socket` is the path of charon's VICI socket; `crypto` is borrowed.
struct ike *ike_new(struct uv_loop_s *loop, const char *socket, const struct crypto_config *crypto,
	const struct ike_handler *handler);
/// The configuration is another one: loads what it says.
void ike_configure(struct ike *ike, const struct crypto_config *crypto);
/// Forgets the tunnels that are not among these.
void ike_keep_tunnels(struct ike *ike, const uint32_t *ifaces, size_t count);
/// Protects a tunnel, or follows its source.
void ike_set_tunnel(struct ike *ike, const struct ike_tunnel *tunnel);
/// How much the SA of a peer of this interface is wanted from now on.
void ike_want(struct ike *ike, uint32_t iface, struct addr nbma, enum ike_want want);
/// A packet came from the peer: whatever SA it has is there at its end.
void ike_heard(struct ike *ike, uint32_t iface, struct addr nbma);
/// The peer is silent under its SA: ends that at once, and makes another one if it is wanted so.
void ike_renew(struct ike *ike, uint32_t iface, struct addr nbma);
/// `clear crypto session`: ends the SAs with a peer (unset: with all), which come back where they are wanted.
/// Returns how many there were.
size_t ike_clear(struct ike *ike, struct addr nbma);
/// Do all SAs of this interface have marks?
bool ike_has_marks(const struct ike *ike, uint32_t iface);
/// Is charon there?
bool ike_is_connected(const struct ike *ike);
/// The state of a peer, for views: "up", "calling", "waiting", "down".
const char *ike_peer_state(const struct ike *ike, uint32_t iface, struct addr nbma);

/// What we did for a peer's SA, for views.
struct ike_attempts {
	bool known;          ///< an SA was asked for, or the peer made one
	bool ours;           ///< it is for us to make the SA, not for the peer
	struct mono last;    ///< when we began last; time 0: never
	unsigned failures;   ///< in a row, up to now
	const char *failure; ///< what is known of the last one, a part of a sentence; NULL: none failed
};

/// All zero where `ike` is NULL, or nothing was asked of it for the peer.
struct ike_attempts ike_attempts(const struct ike *ike, uint32_t iface, struct addr nbma);
/// All IKE SAs of ours, for views.
const struct sa_table *ike_sas(const struct ike *ike);
/// Frees itself when the loop next runs. With `keep` strongSwan keeps our connections and SAs, for a
/// successor; else they end. NULL does no harm.
void ike_close(struct ike *ike, bool keep);
