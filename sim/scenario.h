// SPDX-License-Identifier: GPL-2.0-or-later
/// A story that the simulator plays: what the network is, what happens to it and when, and what is expected.
/// It is read from a file, made by chance (history.h), or from the command line; each of them can be printed
/// as a file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/err.h"
#include "sim/grammar.h"
#include "sim/star.h"

struct verb;

#define STATEMENT_SIZE 160

struct statement {
	int64_t at; ///< microseconds from the start; -1: before it
	const struct verb *verb;
	struct value values[MAX_VALUES];
	unsigned line; ///< in its file; 0: none
	char text[STATEMENT_SIZE];
};

struct scenario {
	char title[120]; ///< the first comment of its file
	uint64_t seed;
	size_t hubs;
	size_t spokes;
	enum star_routes routes;
	int64_t duration;
	struct statement *statements; ///< in order of time, those of one moment as written
	size_t count;
	size_t capacity;
};

/// One hub, two spokes, phase 3 with a summary route, seed 1, a minute.
struct scenario *scenario_new(void);
struct scenario *scenario_copy(const struct scenario *scenario);
void scenario_free(struct scenario *scenario);
/// Reads a file; NULL with what is wrong, and where.
struct scenario *scenario_read(const char *path, struct err *err) MUST_CHECK;
/// Adds a line as a file has it; `line` is its number.
bool scenario_add_line(
	struct scenario *scenario, const char *line, unsigned number, struct err *err) MUST_CHECK;
/// Adds a statement at `at` microseconds (-1: before the start), whose words are known to be right.
void scenario_add(struct scenario *scenario, int64_t at, const char *format, ...) PRINTF_LIKE(3, 4);
void scenario_remove(struct scenario *scenario, size_t first, size_t count);
/// Every host that a statement names is there. Statements are in order of time from now on.
bool scenario_check(struct scenario *scenario, struct err *err) MUST_CHECK;
/// Writes it as a file.
void scenario_print(const struct scenario *scenario, FILE *out);
/// By the words of the command line and of files: phase 1 to 3, and how phase 3 routes; false for another
/// phase.
bool scenario_phase(struct scenario *scenario, int64_t phase, const char *routes) MUST_CHECK;
