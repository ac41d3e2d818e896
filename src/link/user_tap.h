// SPDX-License-Identifier: GPL-2.0-or-later
/// The TAP device of a user link.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct nft_ctx;

#define USER_TAP_QUEUES 4 ///< at most

struct user_tap {
	int queues[USER_TAP_QUEUES]; ///< file descriptors, not blocking
	unsigned count;
	struct nft_ctx *claim; ///< tells other processes that the device is in use
};

/// Makes the device `name`, persistent, with our Ethernet address and the MTU, or adopts the one that an
/// earlier process of ours left. It has a queue for each two processors. Each frame has a struct
/// virtio_net_hdr before it; those that are read may be super-packets without checksums (user_segment.h).
bool user_tap_open(
	const char *name, uint16_t mtu, struct user_tap *ret, bool *ret_adopted, struct err *err) MUST_CHECK;
/// Closes it; the device goes unless `keep`.
void user_tap_close(struct user_tap *tap, bool keep);
/// Removes the device if it is a TAP that an earlier process of ours left and nobody uses.
bool user_tap_remove_stale(const char *name);
