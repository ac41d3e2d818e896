// SPDX-License-Identifier: GPL-2.0-or-later
/// The figures of a measurement, printed as lines for people or as one JSON object.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#define REPORT_MOST_VALUES 31

/// A figure with a name in the JSON object and a text for people, as report_number() takes them.
struct report_figure {
	const char *key;
	int decimals;
	const char *text;
};

struct report {
	json_t *figures;
	bool as_json;
};

/// `what` was measured: the heading that people read. To be ended with report_end().
struct report report_begin(const char *what, bool as_json);
/// `key` is the figure's name in the JSON object, `text` what people read; a value that is no number is null.
void report_number(struct report *report, const char *key, double value, int decimals, const char *text);
void report_text(struct report *report, const char *key, const char *value);
/// For people: what the next figures are of.
void report_title(const struct report *report, const char *text);
/// Of 1 to REPORT_MOST_VALUES values.
double report_median(const double *values, unsigned count);
/// Prints the JSON object, where that is wanted, and frees it.
void report_end(struct report *report);
