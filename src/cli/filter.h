// SPDX-License-Identifier: GPL-2.0-or-later
/// What stands behind a command's `|`: which lines of its output are shown.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/err.h"

#define FILTERS_MAX 8

enum filter_kind {
	FILTER_INCLUDE, ///< lines that match
	FILTER_EXCLUDE, ///< lines that do not
	FILTER_BEGIN,   ///< from the first line that matches on
	FILTER_SECTION, ///< lines that match, each with those behind it that stand further in
	FILTER_COUNT,   ///< only how many lines match
};

struct filter {
	enum filter_kind kind;
	char pattern[256]; ///< an extended regular expression
};

/// The filters of a command line.
struct filters {
	struct filter items[FILTERS_MAX];
	size_t count;
	bool json; ///< `| json`: the view as JSON
};

/// Cuts the filters off a line: "show dmvpn | include UP" keeps "show dmvpn ". False and `err` where one of
/// them is not known.
bool filters_parse(char *line, struct filters *ret, struct err *err) MUST_CHECK;
/// A stream which passes on to `out` what the filters let through. Closing it does not close `out`. Without
/// filters NULL. The patterns are good.
FILE *filters_open(const struct filters *filters, FILE *out);
/// The names of filters and what they do: "include" and so on; NULL behind the last.
const char *filter_name(size_t index, const char **ret_help);
