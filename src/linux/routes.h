// SPDX-License-Identifier: GPL-2.0-or-later
/// The routing tables: static routes of ours in `main`, and the reading of all of them as the core mirrors
/// them.
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "core/rib.h"

struct rtnl;

/// rtm_protocol of static routes, in nobody's list: it tells them from the administrator's, and routing
/// daemons redistribute them as the kernel's. (FRR takes a route of RTNL_PROTOCOL for one that its own nhrpd
/// left, and passes it over.)
#define ROUTES_STATIC_PROTOCOL 119

/// `ip route`: by next hop, by device, or both; neither discards (Null0).
struct routes_static {
	struct prefix prefix;
	struct addr next_hop; ///< unset: by device
	uint32_t device;      ///< 0: by next hop, wherever that is
	uint32_t metric;
};

/// Adds a route to the main table; one that is there just so is no error. Routes of others with the same
/// prefix and metric stay, and come first.
bool routes_static_add(struct rtnl *rtnl, const struct routes_static *route, struct err *err) MUST_CHECK;
/// A route that is not there is no error.
bool routes_static_delete(struct rtnl *rtnl, const struct routes_static *route, struct err *err) MUST_CHECK;
/// Removes the routes of ours in the main table, whoever left them, but for those that are `wanted` (NULL:
/// none);
/// `*ret_count` tells how many. The kernel tells the device of every route.
bool routes_static_flush(struct rtnl *rtnl, bool (*wanted)(void *context, const struct routes_static *route),
	void *context, unsigned *ret_count, struct err *err) MUST_CHECK;

/// A table entry as the kernel tells it: one route with one or more next hops.
struct routes_entry {
	struct prefix prefix;
	uint32_t metric;
	uint32_t table;
	uint8_t protocol;
	struct rib_route *hops; ///< alike but for next_hop and device
	unsigned count;
};

#define ROUTES_HOPS_MAX 256

/// Reads a message RTM_NEWROUTE (next hops that work) or RTM_DELROUTE (all) into `*ret`, whose `hops` the
/// caller provides with room for ROUTES_HOPS_MAX. False where it is no route that forwarding looks up (cache,
/// multicast, broadcast).
bool routes_read(const struct nlmsghdr *message, struct routes_entry *ret) MUST_CHECK;
/// Dumps the IPv4 routes of all tables as messages for routes_read().
bool routes_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct nlmsghdr *message),
	void *context, struct err *err) MUST_CHECK;
