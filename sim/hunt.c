// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/hunt.h"

#include <time.h>

#include "sim/history.h"
#include "sim/play.h"

static const struct play_options no_options = { .picture_at = -1 };

/// Plays it: what broke.
static struct violation try(const struct scenario *scenario)
{
	struct play *play = play_run(scenario, &no_options);
	struct violation violation = play->network->violation;

	play_free(play);
	return violation;
}

static bool still_breaks(const struct scenario *scenario, enum invariant invariant)
{
	struct violation violation = try(scenario);

	return violation.is_there && violation.invariant == invariant;
}

/// Leaves out `size` statements at a time, wherever it still breaks without them; whether it did anywhere.
static bool leave_out(struct scenario **scenario, size_t size, enum invariant invariant)
{
	bool shorter = false;

	for (size_t first = 0; first < (*scenario)->count;) {
		struct scenario *copy = scenario_copy(*scenario);
		size_t count = copy->count - first < size ? copy->count - first : size;

		scenario_remove(copy, first, count);
		if (still_breaks(copy, invariant)) {
			scenario_free(*scenario);
			*scenario = copy;
			shorter = true;
		} else {
			scenario_free(copy);
			first += size;
		}
	}
	return shorter;
}

/// Without the last spokes, if nothing names them.
static void leave_out_spokes(struct scenario *scenario, enum invariant invariant)
{
	struct err err;

	while (scenario->spokes > 2) {
		scenario->spokes--;
		if (scenario_check(scenario, &err) && still_breaks(scenario, invariant))
			continue;
		scenario->spokes++;
		return;
	}
}

struct scenario *hunt_shrink(const struct scenario *scenario)
{
	struct scenario *shrunk = scenario_copy(scenario);
	struct violation violation = try(scenario);
	bool shorter = violation.is_there;

	while (shorter) {
		shorter = false;
		for (size_t size = shrunk->count; size > 0; size /= 2)
			shorter |= leave_out(&shrunk, size, violation.invariant);
	}
	leave_out_spokes(shrunk, violation.invariant);
	violation = try(shrunk);
	if (violation.is_there)
		shrunk->duration = violation.at.us - SIM_START * MONO_SECOND + MONO_SECOND;
	return shrunk;
}

static int64_t now_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

struct scenario *hunt(uint64_t first, uint64_t count, int64_t seconds, uint64_t *ret_played)
{
	int64_t end = now_seconds() + seconds;

	*ret_played = 0;
	for (uint64_t seed = first; seed - first < count; seed++) {
		struct scenario *scenario = history_make(seed), *shrunk;
		bool broke = try(scenario).is_there;

		(*ret_played)++;
		shrunk = broke ? hunt_shrink(scenario) : NULL;
		scenario_free(scenario);
		if (broke)
			return shrunk;
		if (seconds > 0 && now_seconds() >= end)
			break;
	}
	return NULL;
}
