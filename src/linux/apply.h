// SPDX-License-Identifier: GPL-2.0-or-later
/// Makes the kernel as the core desires it: neighbours, overrides and the rule for them, multicast receivers.
/// What fails is tried again later; what others changed is repaired.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/desired.h"
#include "link/link.h"

struct apply;
struct rtnl;
struct uv_loop_s;

/// Where the items of an interface go.
struct apply_target {
	uint32_t device; ///< index; 0: not there now, its items wait
	struct link *link;
};

struct apply_handler {
	/// The device and link of iface_config.id; false where there is no such interface (any more).
	bool (*target)(void *owner, uint32_t iface, struct apply_target *ret);
	/// A peer shall have an SA, or not any more. May be NULL where no tunnel is protected.
	void (*sa)(void *owner, const struct desired_item *item);
	void *owner;
};

/// What apply_resync() found.
struct apply_report {
	unsigned adopted;  ///< was there as desired, and not by this process
	unsigned removed;  ///< of ours, and not desired
	unsigned repaired; ///< desired, and was missing or different
};

/// `rtnl` and `desired` are borrowed.
struct apply *apply_new(struct uv_loop_s *loop, struct rtnl *rtnl, struct desired *desired,
	const struct apply_handler *handler);
/// Drains the changes of `desired` into the kernel, in order. Failures are logged at a limited rate and
/// end in a resync by timer, with back-off.
void apply_changes(struct apply *apply);
/// Compares all that is desired with what is there and makes it so; also forgets what was done for a link
/// that was opened anew. `ret` may be NULL. The error is the first one; the rest is done all the same, and
/// what failed is tried again by timer.
bool apply_resync(struct apply *apply, struct apply_report *ret, struct err *err) MUST_CHECK;
/// A link was opened anew: it is told all before long, and of the receivers of multicast, too.
void apply_on_link(struct apply *apply);
/// Asks for a resync before long; many such calls make one.
void apply_resync_soon(struct apply *apply);
/// Removes every neighbour and override of ours, and the rule, from the kernel, for the end of the process.
void apply_withdraw(struct apply *apply);
/// Frees it when the loop next runs; the kernel stays as it is. NULL does no harm.
void apply_free(struct apply *apply);
