// SPDX-License-Identifier: GPL-2.0-or-later
/// What the daemon gives to the control commands: the things to look at, and hooks for what only the
/// daemon can do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "ctl/eventlog.h"

struct config;
struct ctl_change;
struct ike;
struct link;
struct node;
struct static_route;

/// Owned by the daemon, which may change every field between two turns of the event loop.
struct ctl_context {
	struct node *node;
	const struct config *config;
	struct ike *ike; ///< NULL: no tunnel is protected
	struct mono (*now)(void);
	struct mono started;    ///< when the daemon started
	struct eventlog events; ///< of late
	/// The link of the interface with this iface_config.id, or NULL; the hook itself may be NULL.
	struct link *(*link)(void *owner, uint32_t iface);
	/// How the kernel shows the device of the interface with this iface_config.id: "up", "down" by the
	/// administrator's wish, "dormant" or "no-carrier"; NULL: it is not there. May be NULL.
	const char *(*device_state)(void *owner, uint32_t iface);
	/// A command changed the node: its actions and desired state wait to be drained. May be NULL.
	void (*changed)(void *owner);
	/// Makes this whole text the configuration: it is checked, and what differs from the present one is
	/// applied. False where it has an error, then nothing changes; `ret` tells more, and is freed with
	/// ctl_change_free(). May be NULL.
	bool (*configure)(void *owner, const char *text, size_t length, struct ctl_change *ret);
	/// The same with the file at `config_path`, read anew. May be NULL.
	bool (*reload)(void *owner, struct ctl_change *ret);
	/// How many events the event hook was not told, and how often it was killed. May be NULL.
	void (*hook_counts)(void *owner, uint64_t *ret_left_out, uint64_t *ret_killed);
	/// Why this `ip route` of the configuration is not in the routing table, a part of a sentence; NULL:
	/// it is. May be NULL.
	const char *(*route_waits)(void *owner, const struct static_route *route);
	const char *config_path; ///< the file that the daemon was started with; NULL: none
	void *owner;
};
