// SPDX-License-Identifier: GPL-2.0-or-later
/// Multicast groups that have receivers of their own (`ip nhrp map multicast group`), for both links.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct group_receiver {
	struct prefix group;
	struct addr nbma; ///< not set: says no more than that the group is there
};

/// All zero is empty.
struct groups {
	struct group_receiver *receivers; ///< longer prefixes first, those of one group beside each other
	size_t count;
};

/// Adds a receiver; one that is there already stays as it is.
void groups_add(struct groups *groups, struct prefix group, struct addr nbma);
void groups_remove(struct groups *groups, struct prefix group, struct addr nbma);
/// The entries of the longest group that has this address: how many there are, the first in `*ret_first`;
/// 0 where the packet goes to the receivers of all groups.
size_t groups_find(
	const struct groups *groups, struct addr destination, const struct group_receiver **ret_first);
void groups_done(struct groups *groups);

/// The destination of an IP packet; not set for anything else.
struct addr groups_destination(uint16_t ethertype, const uint8_t *packet, size_t length);
