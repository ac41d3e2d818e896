// SPDX-License-Identifier: GPL-2.0-or-later
// SplitMix64 (Steele, Lea, Flood 2014): any seed is good, zero too.
#include "base/rng.h"

void rng_seed(struct rng *rng, uint64_t seed)
{
	rng->state = seed;
}

uint32_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

uint32_t rng_below(struct rng *rng, uint32_t limit)
{
	uint32_t uneven, value;

	if (limit == 0)
		return 0;
	// Values in the last, incomplete run of `limit` numbers would be drawn too often.
	uneven = (uint32_t)((UINT64_C(1) << 32) % limit);
	do {
		value = rng_next(rng);
	} while (value >= UINT32_MAX - uneven + 1 && uneven != 0);
	return value % limit;
}
