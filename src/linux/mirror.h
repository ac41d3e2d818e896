// SPDX-License-Identifier: GPL-2.0-or-later
/// The routing tables main and local as last seen: turns what the kernel tells into an exact stream of
/// routes added and removed.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "core/rib.h"

struct mirror_entry;
struct nlmsghdr;
struct rtnl;

typedef void mirror_tell(void *context, const struct rib_route *route, bool added);

struct mirror {
	struct mirror_entry *entries; ///< hash
	mirror_tell *tell;
	void *context;
};

/// Takes in a message RTM_NEWROUTE or RTM_DELROUTE and tells what changed.
void mirror_on_message(struct mirror *mirror, const struct nlmsghdr *message);
/// Reads the tables anew and tells the difference.
bool mirror_sync(struct mirror *mirror, struct rtnl *rtnl, struct err *err) MUST_CHECK;
/// Frees the entries and tells nothing.
void mirror_done(struct mirror *mirror);
