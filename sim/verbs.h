// SPDX-License-Identifier: GPL-2.0-or-later
/// The statements of a scenario: one table of their usage, what they do, and what they are for.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sim/grammar.h"
#include "sim/play.h"

enum verb_when {
	VERB_BEFORE = 1,   ///< without a time: what the network is
	VERB_AT = 2,       ///< at a time: what happens
	VERB_DISTURBS = 4, ///< the nodes have to find it out: the bounds count from here
	VERB_FIRST = 8,    ///< before others of the same time, which need to know
};

struct verb {
	const char *usage;
	unsigned when; ///< enum verb_when
	void (*apply)(struct play *play, const struct value *values);
	const char *help;
};

/// The verb whose usage the words follow, with their values; NULL with what is wrong.
const struct verb *verb_match(const struct words *words, int64_t at, struct value values[static MAX_VALUES],
	struct err *err) MUST_CHECK;
/// All of them, up to one without a usage.
const struct verb *verbs(void);

/// The verbs that look, of expect.c.
extern const struct verb expect_verbs[];
