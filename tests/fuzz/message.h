// SPDX-License-Identifier: GPL-2.0-or-later
/// Messages out of the bytes of a fuzzer: well-formed, and of few addresses and request IDs, so that they
/// mean something to the nodes that get them.
#pragma once

#include "base/addr.h"
#include "base/rd.h"
#include "wire/nhrp_auth.h"

/// What the bytes choose from.
struct fuzz_choice {
	struct addr tunnel[8]; ///< protocol addresses
	struct addr behind[4]; ///< addresses behind nodes
	struct addr nbma[8];
	uint32_t request_id; ///< the receiver's next one
	struct nhrp_auth_key key;
};

/// Ends the process where the law does not hold.
void fuzz_require(bool law);
/// One of the protocol addresses, or none.
struct addr fuzz_protocol(const struct fuzz_choice *choice, struct rd *rd);
struct addr fuzz_nbma(const struct fuzz_choice *choice, struct rd *rd);
/// The header of an IP packet, whole or one byte short; `buffer` has room for 20. Returns its length.
size_t fuzz_ip(const struct fuzz_choice *choice, struct rd *rd, uint8_t *buffer);
/// Bytes as they stand, up to 255; NULL where the input has ended.
const uint8_t *fuzz_raw(struct rd *rd, size_t *ret_length);
/// A message that decodes, with the key; returns its length, 0 where it got too long.
size_t fuzz_message(const struct fuzz_choice *choice, struct rd *rd, uint8_t packet[static NHRP_MAX_PACKET]);
