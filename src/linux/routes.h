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

/// `ip route`: by next hop, by device, or both.
struct main_route {
	struct prefix prefix;
	struct addr next_hop; ///< unset: by device
	uint32_t device;      ///< 0: by next hop
	uint32_t metric;
};

/// Makes or changes a route in the main table.
bool routes_static_set(struct rtnl *rtnl, const struct main_route *route, struct err *err) MUST_CHECK;
/// A route that is not there is no error.
bool routes_static_delete(struct rtnl *rtnl, const struct main_route *route, struct err *err) MUST_CHECK;
/// Removes every route of ours in the main table, whoever left it; `*ret_count` tells how many.
bool routes_static_flush(struct rtnl *rtnl, unsigned *ret_count, struct err *err) MUST_CHECK;

/// A table entry as the kernel tells it: one route with one or more next hops.
struct route_entry {
	uint32_t table;
	uint8_t protocol;
	struct rib_route *hops; ///< one per next hop that works; alike but for next_hop and device
	unsigned count;
};

#define ROUTES_HOPS_MAX 256

/// Reads a message RTM_NEWROUTE or RTM_DELROUTE into `*ret`, whose `hops` the caller provides with room for
/// ROUTES_HOPS_MAX. False where it is no route that forwarding looks up (cache, multicast, broadcast).
bool routes_read(const struct nlmsghdr *message, struct route_entry *ret) MUST_CHECK;
/// Dumps the IPv4 routes of all tables as messages for routes_read().
bool routes_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct nlmsghdr *message),
	void *context, struct err *err) MUST_CHECK;
