// SPDX-License-Identifier: GPL-2.0-or-later
/// How long something took, counted by classes of duration, as metrics want it.
#pragma once

#include <stdint.h>

#define HISTOGRAM_BOUNDS 13

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS +
			1]; ///< by the first bound that is not exceeded; the last: beyond all
	uint64_t sum;       ///< microseconds
};

/// The upper bound of a class, microseconds, inclusive.
int64_t histogram_bound(unsigned index);
/// Counts a duration in microseconds; a negative one counts as 0.
void histogram_add(struct histogram *histogram, int64_t duration);
