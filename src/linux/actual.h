// SPDX-License-Identifier: GPL-2.0-or-later
/// What is in the kernel of ours: neighbours and overrides. Those that are wanted get claimed; the rest goes.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "linux/neigh.h"
#include "linux/override.h"

struct actual_neighbour;
struct actual_override;

/// All zero is empty.
struct actual {
	struct actual_neighbour *neighbours; ///< hash
	struct actual_override *overrides;   ///< hash
};

bool actual_read(struct actual *actual, struct rtnl *rtnl, struct err *err) MUST_CHECK;
/// It is wanted so. Returns whether it is so; where not, the caller sets it, and it counts as claimed.
bool actual_claim_neighbour(struct actual *actual, const struct neighbour *neighbour);
/// As for a neighbour.
bool actual_claim_override(struct actual *actual, const struct override_route *route);
/// Removes from the kernel what nobody claimed; the error is the first one, the rest is done all the same.
bool actual_remove_unclaimed(
	struct actual *actual, struct rtnl *rtnl, unsigned *ret_count, struct err *err) MUST_CHECK;
void actual_done(struct actual *actual);
