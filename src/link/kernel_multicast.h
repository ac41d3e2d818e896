// SPDX-License-Identifier: GPL-2.0-or-later
/// Multicast and broadcast on a kernel link: who gets a copy of them, and the copying.
///
/// On a multipoint device the kernel sends what has a multicast or broadcast destination to the device's
/// broadcast address, which is one of lo (see KERNEL_BROADCAST): a raw socket there gets it, whole and after
/// all filters, and none of it ever leaves the host uncopied. A point-to-point device needs no copies.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

struct kernel_multicast;

/// Starts to copy what the device of this index sends, by `packet`, a packet socket on it that stays the
/// caller's. `config` is copied. NULL and `err` on failure.
struct kernel_multicast *kernel_multicast_open(uv_loop_t *loop, const struct link_config *config,
	uint32_t device, int packet, struct err *err) MUST_CHECK;
/// Ends it; the loop frees the memory. NULL does no harm.
void kernel_multicast_close(struct kernel_multicast *multicast);
/// A receiver of a group, or of all where the group is not set. Returns whether it is a new one of all
/// groups.
bool kernel_multicast_add(struct kernel_multicast *multicast, struct prefix group, struct addr nbma);
/// Returns whether it was a receiver of all groups, and is none any more.
bool kernel_multicast_remove(struct kernel_multicast *multicast, struct prefix group, struct addr nbma);
/// The device has another source address.
void kernel_multicast_set_nbma(struct kernel_multicast *multicast, struct addr nbma);
/// Copies that the device refused.
uint64_t kernel_multicast_refused(const struct kernel_multicast *multicast);
