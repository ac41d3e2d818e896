// SPDX-License-Identifier: GPL-2.0-or-later
/// Neighbours of tunnel devices, marked as ours by their protocol number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

struct nlmsghdr;
struct rtnl;

struct neighbour {
	uint32_t device;
	struct addr address;
	struct lladdr lladdr;
};

/// Makes or changes a permanent neighbour.
bool neigh_set(struct rtnl *rtnl, const struct neighbour *neighbour, struct err *err) MUST_CHECK;
/// A neighbour that is not there is no error.
bool neigh_delete(struct rtnl *rtnl, uint32_t device, struct addr address, struct err *err) MUST_CHECK;
/// Gives every neighbour of ours, on all devices, to `visit`.
bool neigh_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct neighbour *neighbour),
	void *context, struct err *err) MUST_CHECK;
/// Reads a message about a neighbour; `*ret_protocol` tells who made it. False where it names no address.
bool neigh_read(const struct nlmsghdr *message, struct neighbour *ret, uint8_t *ret_protocol) MUST_CHECK;
