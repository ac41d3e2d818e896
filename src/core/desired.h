// SPDX-License-Identifier: GPL-2.0-or-later
/// The state that the core wants the system to have: neighbours of the tunnel devices, shortcut routes in
/// the override table, receivers of multicast. The core sets and clears; the shell drains the changes in
/// order, and can walk over everything to repair what somebody else changed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum desired_kind {
	DESIRED_NEIGHBOUR, ///< on `iface`, the next hop `prefix` (a host's) is at `nbma`
	DESIRED_ROUTE,     ///< in the override table, `prefix` goes to `next_hop` on `iface`
	/// On `iface`, `nbma` receives what is sent to the multicast group `prefix`, or, where that is not
	/// set, whatever multicast and broadcast is in no group of its own. Without `nbma`: there is such a
	/// group. Clients that receive what is in no group are told of, and remembered by peer.receiver.
	DESIRED_MULTICAST,
	DESIRED_SA, ///< on `iface`, the peer at `nbma` is talked to under an SA
};
#define DESIRED_KINDS 4

/// What is wanted, or, with `present` false, what is wanted no more.
struct desired_item {
	enum desired_kind kind;
	bool present;
	uint32_t iface;       ///< iface_config.id
	struct prefix prefix; ///< NEIGHBOUR, ROUTE, MULTICAST
	struct addr next_hop; ///< ROUTE
	struct addr nbma;     ///< NEIGHBOUR, MULTICAST, SA
	uint16_t mtu;         ///< ROUTE: of the path, bytes; 0: the device's
	bool call;            ///< SA: is to be made; else it is only to stay
};

struct desired_entry;

struct desired {
	struct desired_entry *entries[DESIRED_KINDS]; ///< by iface and key
	struct desired_entry *changed;                ///< in order of change
	size_t counts[DESIRED_KINDS];                 ///< what is wanted, by kind
};

void desired_set(struct desired *desired, const struct desired_item *item);
/// `item` needs kind, iface and its key: prefix, nbma for DESIRED_SA, both for
/// DESIRED_MULTICAST.
void desired_clear(struct desired *desired, const struct desired_item *item);
/// Tells of a change of something whose owner remembers whether it is wanted, as is right for what there are
/// very many of: it is no entry here, but comes in order with the other changes, and counts. The owner tells
/// each change once, and wants nothing in this way that it sets.
void desired_tell(struct desired *desired, const struct desired_item *item);
/// Takes the oldest change; false where there is none. Several changes of one item come as one.
bool desired_pop_change(struct desired *desired, struct desired_item *ret) MUST_CHECK;
bool desired_has_change(const struct desired *desired);
/// The wanted item with this key, or false.
bool desired_find(const struct desired *desired, enum desired_kind kind, uint32_t iface, struct prefix prefix,
	struct addr nbma, struct desired_item *ret) MUST_CHECK;
/// Walks over all that is wanted of a kind: start with `*cursor` = NULL; false at the end. Nothing may be set
/// or cleared meanwhile.
bool desired_next(const struct desired *desired, enum desired_kind kind, const struct desired_entry **cursor,
	struct desired_item *ret) MUST_CHECK;
void desired_done(struct desired *desired);
