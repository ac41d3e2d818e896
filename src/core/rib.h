// SPDX-License-Identifier: GPL-2.0-or-later
/// The mirrored routing table: what the kernel's routing table says without our overrides. Every
/// question of the core about routes is asked here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/trie.h"

enum rib_kind {
	RIB_UNICAST,     ///< by next_hop, or connected where it is unset
	RIB_LOCAL,       ///< an address of this host
	RIB_UNREACHABLE, ///< blackhole, prohibit, unreachable
};

struct rib_route {
	struct prefix prefix;
	enum rib_kind kind;
	struct addr next_hop; ///< unset: connected
	uint32_t device;      ///< index of the outgoing device
	uint32_t metric;      ///< lower wins
	uint8_t protocol;     ///< rtm_protocol: who installed it
};

struct rib {
	struct trie routes; ///< prefix → list of routes, the best one first
};

/// Adds a route, or changes the one with the same prefix, metric, device and next hop. Returns whether the
/// best route of the prefix changed.
bool rib_add(struct rib *rib, const struct rib_route *route);
/// Removes the route with the same prefix, metric, device and next hop. Returns whether the best route of
/// the prefix changed.
bool rib_remove(struct rib *rib, const struct rib_route *route);
/// The route a packet to `addr` takes, or NULL. Borrowed until the next change.
const struct rib_route *rib_lookup(const struct rib *rib, struct addr addr);
/// The route of the network that `addr` lies in: as rib_lookup(), but this host's own addresses aside.
const struct rib_route *rib_lookup_network(const struct rib *rib, struct addr addr);
/// The best route of exactly this prefix, or NULL.
const struct rib_route *rib_exact(const struct rib *rib, struct prefix prefix);
/// The shortest prefix around `addr` within `bound` that contains no route more specific than the one
/// of the network of `addr` (RFC 2332 section 6.3).
struct prefix rib_widest(const struct rib *rib, struct addr addr, struct prefix bound);
void rib_done(struct rib *rib);
