// SPDX-License-Identifier: GPL-2.0-or-later
/// What the eBPF filter of a socket for NHRP and dmvpnd share. Addresses and the key are in network order.
#pragma once

#include <linux/types.h>

#define ADMISSION_PLACES 21  ///< bits: known peers are counted in so many places, by their address
#define ADMISSION_RATES  16  ///< bits: and their packets in so many
#define ADMISSION_RATE   100 ///< packets in about a second that a known peer may send before it is a stranger

#define ADMISSION_SIZE                                                                                       \
	1500 ///< bytes, the longest packet of a stranger with its outer headers: NHRP needs less

#define ADMISSION_NOTED (1 << 10) ///< of the packets that did not come in, the last: who sent them

struct admission_rules {
	__u64 multiplier;  ///< a secret, odd
	__u32 destination; ///< of a point-to-point tunnel, the only sender; 0: multipoint
	__u32 key;
	__u32 has_key;
	__u32 limit;    ///< strangers come in until so many have; it grows as they are handled
	__u32 admitted; ///< packets of strangers that came in; goes round
	__u64 refused;  ///< those that did not
	__u32 refused_from[ADMISSION_NOTED]; ///< by their number, which goes round
};

/// How much known peers sent of late.
struct admission_rate {
	__u32 second;
	__u32 packets;
};

/// One of 2^bits places, by multiply-shift hashing (Dietzfelbinger and others: "A reliable randomized
/// algorithm for the closest-pair problem"): two addresses meet in one by chance, whoever chose them.
static inline __u32 admission_place(__u64 multiplier, __u32 address, int bits)
{
	return (__u32)(multiplier * address >> (64 - bits));
}
