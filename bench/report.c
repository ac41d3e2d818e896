// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report report_begin(const char *what, bool as_json)
{
	if (!as_json)
		(void)printf("%s\n", what);
	return (struct report) { .figures = json_object(), .as_json = as_json };
}

void report_number(struct report *report, const char *key, double value, int decimals, const char *text)
{
	double scale = pow(10, decimals);
	json_t *number = json_null();

	if (isfinite(value) && decimals == 0)
		number = json_integer((json_int_t)llround(value));
	else if (isfinite(value))
		number = json_real(round(value * scale) / scale);
	json_object_set_new(report->figures, key, number);
	if (!report->as_json) {
		(void)printf("  %12.*f  %s\n", decimals, value, text);
		(void)fflush(stdout);
	}
}

void report_title(const struct report *report, const char *text)
{
	if (!report->as_json)
		(void)printf("%s\n", text);
}

void report_text(struct report *report, const char *key, const char *value)
{
	json_object_set_new(report->figures, key, json_string(value));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double report_median(const double *values, unsigned count)
{
	double sorted[REPORT_MOST_VALUES];

	memcpy(sorted, values, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

void report_end(struct report *report)
{
	if (report->as_json) {
		json_dumpf(report->figures, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
		(void)printf("\n");
	}
	json_decref(report->figures);
}
