// SPDX-License-Identifier: GPL-2.0-or-later
/// What goes to and comes from each peer of a kernel link.
///
/// The kernel counts by device, not by peer, and does not note the use of a permanent neighbour. So an
/// nftables table (kernel_table.h) notes the outer addresses of the tunnel's data packets in dynamic
/// sets with counters, one lookup a packet; addresses idle for a minute leave them.
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

struct kernel_traffic;

/// Why the counts of a peer are wanted.
enum kernel_role {
	KERNEL_NEIGHBOUR = 1,   ///< the neighbour table points to it
	KERNEL_RECEIVER = 2,    ///< of multicast
	KERNEL_DESTINATION = 4, ///< of a point-to-point tunnel
};

/// Sets up the counting. NULL and `err` on failure.
struct kernel_traffic *kernel_traffic_open(const struct link_config *config, struct err *err) MUST_CHECK;
/// Removes it. NULL does no harm.
void kernel_traffic_close(struct kernel_traffic *traffic);
/// Counts for another source address from now on; what was counted stays.
bool kernel_traffic_set_nbma(struct kernel_traffic *traffic, struct addr nbma, struct err *err) MUST_CHECK;
/// Keeps counts of a peer as long as it has a role.
void kernel_traffic_add(struct kernel_traffic *traffic, struct addr nbma, enum kernel_role role);
void kernel_traffic_remove(struct kernel_traffic *traffic, struct addr nbma, enum kernel_role role);
/// Of several peers behind one address what came is told by its mark; 0: the peer has none.
void kernel_traffic_set_mark(struct kernel_traffic *traffic, struct addr nbma, uint32_t mark);
/// Reads the kernel's counters, and then visits the peers whose counters changed since the last time.
void kernel_traffic_walk(struct kernel_traffic *traffic,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context);
/// The counts at the last walk; bytes are those of the payload. False where the peer is not known.
bool kernel_traffic_counters(
	const struct kernel_traffic *traffic, struct addr nbma, struct link_counters *ret);
