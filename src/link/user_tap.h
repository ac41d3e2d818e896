// SPDX-License-Identifier: GPL-2.0-or-later
/// The TAP device of a user link.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "link/link.h"

struct nft_ctx;

#define USER_TAP_QUEUES 4 ///< at most

struct user_tap {
	int queues[USER_TAP_QUEUES]; ///< file descriptors, not blocking
	unsigned count;
	bool takes_udp;        ///< super-packets of UDP, too
	struct nft_ctx *claim; ///< tells other processes that the device is in use
};

/// How many queues a link has, each with a pair of threads: what is configured, or one for each two
/// processors.
unsigned user_tap_queues(const struct link_config *config);
/// Makes the device, persistent, with our Ethernet address and the MTU, or adopts the one that an earlier
/// process of ours left, which may have one queue only. Each frame has a struct virtio_net_hdr before it;
/// those that are read may be super-packets without checksums (user_segment.h), unless all goes one by one.
bool user_tap_open(const struct link_config *config, struct user_tap *ret, bool *ret_adopted,
	struct err *err) MUST_CHECK;
/// Closes it; the device goes unless `keep`.
void user_tap_close(struct user_tap *tap, bool keep);
/// Removes the device if it is a TAP that an earlier process of ours left and nobody uses.
bool user_tap_remove_stale(const char *name);
