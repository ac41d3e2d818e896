// SPDX-License-Identifier: GPL-2.0-or-later
/// Questions about the mirrored routing table in the terms of a cloud: which side of it is a
/// destination on, and by which of its nodes?
#pragma once

#include <stdbool.h>

#include "base/addr.h"

struct iface;
struct node;

enum route_side {
	ROUTE_NONE,  ///< no route, or one that says unreachable
	ROUTE_OURS,  ///< this node's own address, or behind it: we are the egress
	ROUTE_CLOUD, ///< across the cloud
};

struct route_verdict {
	enum route_side side;
	struct iface *iface;  ///< CLOUD: the interface of the cloud it leaves by
	struct addr next_hop; ///< CLOUD: the node to go by; the destination itself where it is on the
			      ///< tunnel's subnet
	struct prefix prefix; ///< OURS: what we may vouch for (RFC 2332 section 6.3)
	struct prefix route;  ///< the route's own prefix
};

/// Judges where `destination` is, seen from the cloud of `iface` (all interfaces with its network-id).
struct route_verdict route_judge(const struct iface *iface, struct addr destination);
/// The NBMA address to send an NHRP packet for `destination` to: by the routed next hop's binding, else by
/// the active server. Unset where there is none.
struct addr route_nbma(const struct iface *iface, struct addr destination);
/// `addr` could be another node's address in the underlay: a host's, not ours, and not on the tunnel's
/// subnet.
bool route_may_be_nbma(const struct iface *iface, struct addr addr);
/// `a` and `b` belong to one cloud.
bool route_same_cloud(const struct iface *a, const struct iface *b);
/// `addr` is one of this node's own addresses.
bool route_is_own(const struct node *node, struct addr addr);
