// SPDX-License-Identifier: GPL-2.0-or-later
/// Shortcuts: prefixes behind other nodes that packets reach directly, overriding the next hop of the
/// routing table. One is there only while the route under it stays as it was.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/timerq.h"

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
	bool exact; ///< `under` is the same prefix: next-hop override, else a route of its own
	struct mono created;
	struct mono expires;
	struct timer timer; ///< refresh, then expiry
};
