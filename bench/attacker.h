// SPDX-License-Identifier: GPL-2.0-or-later
/// Somebody who sends as much as the machine can, one fifth of each: forged, replayed and mutated
/// registrations, resolutions without the password, and a spoke with the password that registers from ever
/// new addresses.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "wire/nhrp_auth.h"

#define ATTACKER_STRANGERS 0x0a800000u ///< 10.128.0.0/9: underlay addresses of nobody

struct attacker {
	unsigned spokes; ///< of the hub under attack
	double rate;     ///< packets a second; 0: all that it can
	const struct nhrp_auth_key *password;
	_Atomic(uint64_t) *sent; ///< counted here, in memory that processes share
};

/// A process that attacks until it is killed; negative and `err` on failure.
pid_t attacker_start(const struct attacker *attacker, struct err *err) MUST_CHECK;
