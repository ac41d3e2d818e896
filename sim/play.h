// SPDX-License-Identifier: GPL-2.0-or-later
/// A scenario that is played.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/scenario.h"
#include "sim/star.h"

struct play {
	const struct scenario *scenario;
	struct star star;
	struct network *network;           ///< the star's
	const struct statement *statement; ///< that is being applied
	uint32_t expected;                 ///< a bit for each invariant that shall break
	bool *waits;                       ///< by index of the host: it does not start by itself
	uint64_t lost;                     ///< at the last `mark`
	uint64_t sent;
	size_t *roams_to; ///< by spoke: who has the roaming address of its LAN
};

/// What is wanted beside the run.
struct play_options {
	FILE *timeline;     ///< every line goes there; NULL: none is wanted
	const char *only;   ///< the name of the host whose lines are wanted; NULL: of all
	bool keeps;         ///< the last lines, for trace_print()
	int64_t picture_at; ///< microseconds from the start; -1: no picture
	FILE *picture;
};

/// Makes the network of a scenario and plays it to its end, or until an invariant breaks.
struct play *play_run(const struct scenario *scenario, const struct play_options *options);
/// Whether all was as it should be: nothing broke, or just what the scenario says.
bool play_passed(const struct play *play);
void play_free(struct play *play);

/// The one host that a value names.
struct host *play_host(const struct play *play, const struct value *value);
/// The hosts that a value names, one after the other: start with `*cursor` = 0; NULL at the end.
struct host *play_next_host(const struct play *play, const struct value *value, size_t *cursor);
/// The address with the number 20 in the LAN of spoke `lan` is at spoke `to` from now on.
void play_roam(struct play *play, size_t lan, size_t to);
