// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/histogram.h"

static const int64_t bounds[HISTOGRAM_BOUNDS] = { 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 5000000, 10000000 };

int64_t histogram_bound(unsigned index)
{
	return bounds[index];
}

void histogram_add(struct histogram *histogram, int64_t duration)
{
	unsigned index = 0;

	if (duration < 0)
		duration = 0;
	while (index < HISTOGRAM_BOUNDS && duration > bounds[index])
		index++;
	histogram->counts[index]++;
	histogram->sum += (uint64_t)duration;
}
