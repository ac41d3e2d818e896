// SPDX-License-Identifier: GPL-2.0-or-later
/// A link of a protected tunnel, whose peers may share an NBMA address. It is another link in which such a
/// peer has a stand-in, an address of this host alone, in the place of its own: see linux/marks.h. So the
/// links themselves need not know of it.
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "link/link.h"

/// As open() of `ops`, which carries the packets.
struct link *marked_open(const struct link_ops *ops, struct uv_loop_s *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err);
/// What is for the peer at `nbma` is sent to `outer`, and what comes from it has this mark (0: not known
/// now). `outer` unset: the peer is forgotten. The link is one of marked_open().
void marked_set(struct link *link, struct addr nbma, struct addr outer, uint32_t mark);
