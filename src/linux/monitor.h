// SPDX-License-Identifier: GPL-2.0-or-later
/// What happens in the kernel, as typed events: devices, addresses, missing neighbours, and the routing
/// tables main and local as an exact stream of routes added and removed.
///
/// The kernel does not tell every IPv4 route that goes: a replaced one, and all those of a device that goes
/// down, vanish silently. The monitor remembers what it told and makes up for that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "core/rib.h"
#include "linux/device.h"

struct monitor;
struct rtnl;
struct uv_loop_s;

/// Each may be NULL. Called from the event loop and from monitor_sync(); they may send requests, but not
/// close the monitor.
struct monitor_handler {
	/// A route of the RIB, never one of the override table, came or went.
	void (*on_route)(void *owner, const struct rib_route *route, bool added);
	/// A device came, changed, or (`exists` false) went.
	void (*on_link)(void *owner, const struct device_info *device, bool exists);
	/// `address` is the host's with the length of its subnet.
	void (*on_address)(void *owner, uint32_t device, struct prefix address, bool added);
	/// The kernel holds a packet for a next hop without a neighbour. Told for every device.
	void (*on_neighbour_miss)(void *owner, uint32_t device, struct addr next_hop);
	/// After the last of several such events that came together.
	void (*on_end)(void *owner);
	/// Somebody else removed a neighbour, an override or the rule of ours, or events were lost: time for
	/// apply_resync().
	void (*on_disturbed)(void *owner);
	void *owner;
};

/// `rtnl` is borrowed, for dumps and to know which events are our own doing.
struct monitor *monitor_open(struct uv_loop_s *loop, struct rtnl *rtnl, const struct monitor_handler *handler,
	struct err *err) MUST_CHECK;
/// Reads the routing tables anew and tells the difference by on_route; the first call tells everything.
bool monitor_sync(struct monitor *monitor, struct err *err) MUST_CHECK;
/// Frees it when the loop next runs. NULL does no harm.
void monitor_close(struct monitor *monitor);
