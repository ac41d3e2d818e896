// SPDX-License-Identifier: GPL-2.0-or-later
/// The threads of a user link, in pairs: frames from the TAP device to the GRE socket, packets from the
/// socket to the device. They share nothing with the control thread but the peers, which they read without a
/// lock, and numbers.
#pragma once

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "link/link.h"
#include "link/user_peers.h"
#include "link/user_tap.h"

struct user_worker;

/// Counted by any thread.
struct user_drops {
	atomic_uint_fast64_t unknown_peer, not_wanted, send_failed, device_full;
};

struct user_datapath {
	const struct link_config *config;
	atomic_uint_fast32_t nbma; ///< our own address in the underlay, network order
	atomic_uint_fast16_t mtu;  ///< of the device
	struct user_tap tap;
	int sockets[USER_TAP_QUEUES]; ///< for all but NHRP, each for the packets of other peers
	unsigned socket_count;
	struct user_peers peers;
	struct user_peer *destination; ///< NULL: multipoint
	struct user_drops drops;
	atomic_bool recursion;   ///< the route to a peer led back into the device, be it by another one
	atomic_bool device_gone; ///< somebody deleted the device
	int stop;                ///< eventfd: the threads end
	struct user_worker *workers[USER_READERS];
	unsigned worker_count;
};

/// Starts the threads. The fields from `config` to `destination` are set; `config` stays.
bool user_datapath_start(struct user_datapath *path, struct err *err) MUST_CHECK;
/// Waits until they have ended. Nothing that was read is lost.
void user_datapath_stop(struct user_datapath *path);
