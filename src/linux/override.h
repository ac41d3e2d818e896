// SPDX-License-Identifier: GPL-2.0-or-later
/// The override table with the shortcuts, and the rule that consults it before `main`.
///
/// The rule holds for all but what the link itself sends (LINK_MARK): looking up a route with that mark
/// gives the RIB's answer, without it the forwarding path's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct rtnl;

#define OVERRIDE_TABLE    1190
#define OVERRIDE_PRIORITY 1190 ///< of the rule

/// A shortcut.
struct override_route {
	struct prefix prefix;
	struct addr next_hop; ///< taken as reachable on `device`, whatever the other routes say
	uint32_t device;
	uint16_t mtu; ///< of the path, bytes; 0: the device's
};

/// Makes or changes the override of a prefix.
bool override_set(struct rtnl *rtnl, const struct override_route *route, struct err *err) MUST_CHECK;
/// Removes the override of a prefix if it goes by `device`; one that is not there is no error.
bool override_delete(struct rtnl *rtnl, struct prefix prefix, uint32_t device, struct err *err) MUST_CHECK;
/// Gives each route of ours in the override table to `visit`.
bool override_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct override_route *route),
	void *context, struct err *err) MUST_CHECK;

/// Makes the rule; `*ret_existed` tells that it was there.
bool override_rule_add(struct rtnl *rtnl, bool *ret_existed, struct err *err) MUST_CHECK;
/// Removes it; a rule that is not there is no error.
bool override_rule_delete(struct rtnl *rtnl, struct err *err) MUST_CHECK;
