// SPDX-License-Identifier: GPL-2.0-or-later
/// What the eBPF filter of a socket for NHRP and dmvpnd share. Addresses and the key are in network order.
#pragma once

#include <linux/types.h>

#define ADMISSION_PEERS (1 << 20) ///< more are strangers
#define ADMISSION_RATE  100 ///< packets in about a second that a known peer may send before it is one, too

#define ADMISSION_SIZE                                                                                       \
	1500 ///< bytes, the longest packet of a stranger with its outer headers: NHRP needs less

#define ADMISSION_NOTED (1 << 10) ///< of the packets that did not come in, the last: who sent them

struct admission_rules {
	__u32 destination; ///< of a point-to-point tunnel, the only sender; 0: multipoint
	__u32 key;
	__u32 has_key;
	__u32 limit;    ///< strangers come in until so many have; it grows as they are handled
	__u32 admitted; ///< packets of strangers that came in; goes round
	__u64 refused;  ///< those that did not
	__u32 refused_from[ADMISSION_NOTED]; ///< by their number, which goes round
};

/// How much a known peer sent of late.
struct admission_peer {
	__u32 second;
	__u32 packets;
};
