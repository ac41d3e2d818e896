// SPDX-License-Identifier: GPL-2.0-or-later
/// Pseudo-random numbers for jitter, from a seed that the owner injects. Not for secrets.
#pragma once

#include <stdint.h>

struct rng {
	uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed);
uint32_t rng_next(struct rng *rng);
/// Uniform in [0, limit); 0 where `limit` is 0.
uint32_t rng_below(struct rng *rng, uint32_t limit);
