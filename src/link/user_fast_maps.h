// SPDX-License-Identifier: GPL-2.0-or-later
/// What the eBPF programs of a user link and dmvpnd share. Addresses are in network order.
#pragma once

#include <linux/types.h>

#define FAST_PEERS     (1 << 20) ///< more go by the threads
#define FAST_ACTIVE    (1 << 16) ///< peers told of in a walk; more are told of in the next
#define FAST_UNDERLAYS 64        ///< interfaces

/// What the programs are told; dmvpnd may change it at any time.
struct fast_tunnel {
	__u32 device;      ///< index of the TAP device
	__u32 nbma;        ///< our own address in the underlay
	__u32 destination; ///< of a point-to-point tunnel; 0: multipoint
	__u32 key;         ///< network order
	__u32 has_key;
	__u32 mtu;     ///< of the TAP device
	__u32 epoch;   ///< counts the walks over active peers, from 1 on
	__u32 paused;  ///< every packet goes by the threads
	__u32 hairpin; ///< link_config.hairpin
};

struct fast_peer {
	__u64 sent_packets, sent_bytes;
	__u64 received_packets, received_bytes;
	__u32 sent_epoch, received_epoch; ///< when its use was last told
};

enum fast_direction {
	FAST_SENT,
	FAST_RECEIVED,
};

/// In the queue of active peers.
struct fast_use {
	__u32 nbma;
	__u32 direction;
};
