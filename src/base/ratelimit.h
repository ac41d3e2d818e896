// SPDX-License-Identifier: GPL-2.0-or-later
/// A token bucket without a clock.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mono.h"

struct ratelimit {
	uint32_t burst;   ///< tokens that the bucket holds; 0: no limit
	int64_t interval; ///< microseconds in which `burst` tokens come back
	int64_t credit;   ///< microseconds of saved-up time
	struct mono updated;
	uint64_t refused;
};

/// A full bucket of `burst` tokens, refilled evenly over `interval` microseconds.
struct ratelimit ratelimit_make(uint32_t burst, int64_t interval);
/// Takes a token; false where there is none, which is counted.
bool ratelimit_take(struct ratelimit *limit, struct mono now);
/// Share of the bucket in use, in percent.
uint32_t ratelimit_usage(const struct ratelimit *limit, struct mono now);
