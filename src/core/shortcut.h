// SPDX-License-Identifier: GPL-2.0-or-later
/// Shortcuts: prefixes behind other nodes that packets reach directly, overriding the next hop of the
/// routing table. One is there only while the route under it stays as it was.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/timerq.h"

struct binding;
struct iface;
struct rib_route;

struct shortcut {
	struct prefix prefix; ///< the key
	struct iface *iface;
	struct addr next_hop;    ///< protocol address of the node that answered; its binding is in the cache
	struct addr destination; ///< the data address that was resolved
	struct prefix under;     ///< the route that is overridden
	struct addr under_next_hop;
	uint16_t holding_time; ///< seconds
	uint16_t mtu;
	bool usable; ///< its next hop may be used: the override is wanted
	bool exact;  ///< `under` is the same prefix: next-hop override, else a route of its own
	struct mono created;
	struct mono expires;
	struct timer timer;  ///< refresh, then expiry
	struct binding *via; ///< of `next_hop`, which lists it
	struct shortcut *via_prev;
	struct shortcut *via_next;
};

/// A reply says that `prefix` around `destination` is behind `next_hop`, whose binding is in the cache.
/// Installs as much of it as our own routing table allows (RFC 2332 section 6.3), or renews it. False
/// where nothing of it can be used; `*ret_reason` says why.
bool shortcut_install(struct iface *iface, struct addr destination, struct prefix prefix,
	struct addr next_hop, uint16_t holding_time, uint16_t mtu, struct mono now,
	const char **ret_reason) MUST_CHECK;
/// The shortcut that a packet to `destination` takes, or NULL.
struct shortcut *shortcut_find(const struct iface *iface, struct addr destination);
void shortcut_remove(struct shortcut *shortcut, const char *reason);
/// Removes all by a next hop.
void shortcut_remove_via(struct binding *next_hop, const char *reason);
/// The SA with a next hop came or went: overrides are wanted only under it.
void shortcut_place_via(struct binding *next_hop);
/// Removes what is by a next hop and not its identity's, which is counted and told.
void shortcut_remove_unauthorized(struct binding *next_hop, const char *identity, struct mono now);
/// Removes one, or all by a next hop, and asks anew for those which carried data.
void shortcut_renew(struct shortcut *shortcut, const char *reason, struct mono now);
void shortcut_renew_via(struct binding *next_hop, const char *reason, struct mono now);
/// A route inside or around `changed` is not what it was: withdraws what does not hold any more.
void shortcut_on_route(struct iface *iface, struct prefix changed);
void shortcut_on_timer(struct shortcut *shortcut, struct mono now);
/// The first shortcut inside `within` behind `*cursor`, which becomes its prefix; NULL at the end. A cursor
/// of no address starts the walk; shortcuts may be removed between two calls.
struct shortcut *shortcut_next(const struct iface *iface, struct prefix within, struct prefix *cursor);
