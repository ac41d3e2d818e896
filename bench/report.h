// SPDX-License-Identifier: GPL-2.0-or-later
/// The figures of a measurement, printed as lines for people or as one JSON object.
#pragma once

#include <stdbool.h>

#include <jansson.h>

struct report {
	json_t *figures;
	bool as_json;
};

/// `what` was measured: the heading that people read. To be ended with report_end().
struct report report_begin(const char *what, bool as_json);
/// `key` is the figure's name in the JSON object, `text` what people read; a value that is no number is null.
void report_number(struct report *report, const char *key, double value, int decimals, const char *text);
void report_text(struct report *report, const char *key, const char *value);
/// Prints the JSON object, where that is wanted, and frees it.
void report_end(struct report *report);
