// SPDX-License-Identifier: GPL-2.0-or-later
/// The words of a statement against its usage, which is at once grammar and documentation:
///
///   stop HOSTS [silently]       small words stand for themselves, what is in brackets may be left out
///   limit HOSTS a|b NUMBER      one of several words
///   HOST HOSTS TIME PERCENT NUMBER ADDRESS PREFIX TEXT   are values; TEXT is one word, or several in quotes
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/err.h"

#define MAX_VALUES 12
#define MAX_WORDS  24
#define WORD_SIZE  64

enum host_kind { HOSTS_ALL, HOSTS_HUBS, HOSTS_SPOKES, HOSTS_ONE_HUB, HOSTS_ONE_SPOKE };

/// One value for each part of the usage that is not a small word outside of brackets: a bracket is a value
/// too, which tells whether it is there, and is followed by its parts.
struct value {
	bool is_set;
	int64_t number; ///< NUMBER, PERCENT, TIME in microseconds, or which of several words
	enum host_kind hosts;
	size_t index; ///< of one host, from 0
	struct addr addr;
	struct prefix prefix;
	char text[WORD_SIZE];
};

struct words {
	char word[MAX_WORDS][WORD_SIZE];
	size_t count;
};

/// Splits a line at blanks, up to a `#`; quotes hold together. False where it is too long, or a quote is
/// open.
bool grammar_split(const char *line, struct words *ret, struct err *err) MUST_CHECK;
/// Reads `words` by `usage`; false with what is wrong, and the usage.
bool grammar_match(const char *usage, const struct words *words, struct value values[static MAX_VALUES],
	struct err *err) MUST_CHECK;
/// "100ms", "5s", "2m", "1h", "1d".
bool grammar_time(const char *text, int64_t *ret) MUST_CHECK;
