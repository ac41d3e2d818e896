// SPDX-License-Identifier: GPL-2.0-or-later
// What stands behind a command's `|`.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "cli/filter.h"

/// What the filters of the line leave of the output; the caller frees it.
static char *sifted(const char *typed, const char *output)
{
	struct filters filters;
	struct err err = { 0 };
	char line[200], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	strcpy(line, typed);
	if (!filters_parse(line, &filters, &err))
		fail_msg("%s: %s", typed, err.text);
	assert_int_equal(strlen(line), strcspn(typed, "|"));
	assert_memory_equal(line, typed, strlen(line));
	FILE *sieve = filters_open(&filters, out);
	assert_non_null(sieve);
	for (const char *c = output; *c != '\0'; c++) {
		fputc(*c, sieve);
		if (*c == '2')
			fflush(sieve); // a line may come in pieces
	}
	fclose(sieve);
	fclose(out);
	return text;
}

/// What is left of three peers and a head; the caller frees it.
static char *filtered(const char *typed)
{
	return sifted(typed, "Peers\nhub 10.0.0.1 UP\nspoke2 10.0.0.2 NHRP\nspoke3 10.0.0.3 UP");
}

static void test_filters(void **state)
{
	static const struct {
		const char *line, *output;
	} rows[] = {
		{ "show dmvpn | include UP", "hub 10.0.0.1 UP\nspoke3 10.0.0.3 UP\n" },
		{ "show dmvpn | i UP|NHRP", "hub 10.0.0.1 UP\nspoke2 10.0.0.2 NHRP\nspoke3 10.0.0.3 UP\n" },
		{ "show dmvpn |  exclude  spoke", "Peers\nhub 10.0.0.1 UP\n" },
		{ "show dmvpn | begin ^spoke", "spoke2 10.0.0.2 NHRP\nspoke3 10.0.0.3 UP\n" },
		{ "show dmvpn | count UP", "Number of lines which match regexp = 2\n" },
		{ "show dmvpn | count", "Number of lines which match regexp = 4\n" },
		{ "show dmvpn | include UP | exclude hub", "spoke3 10.0.0.3 UP\n" },
		{ "show dmvpn | include 10.0.0.2 NHRP ", "spoke2 10.0.0.2 NHRP\n" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = filtered(rows[i].line);
		assert_string_equal(text, rows[i].output);
		free(text);
	}
}

/// A block goes with the line that heads it, wherever that stands.
static void test_section(void **state)
{
	static const char configuration[] = "hostname hub\n"
					    "crypto ikev2 keyring K\n"
					    " peer hub\n"
					    "  address 192.0.2.1\n"
					    " peer spoke\n"
					    "  address 192.0.2.2\n"
					    "!\n"
					    "interface Tunnel1\n"
					    " description interface of the cloud\n"
					    " ip mtu 1400\n"
					    "!\n"
					    "interface Tunnel2\n"
					    " ip mtu 1300\n"
					    "end\n";
	static const struct {
		const char *line, *output;
	} rows[] = {
		{ "x | section ^interface Tunnel1$",
			"interface Tunnel1\n description interface of the cloud\n ip mtu 1400\n" },
		{ "x | sec interface",
			"interface Tunnel1\n description interface of the cloud\n ip mtu 1400\n"
			"interface Tunnel2\n ip mtu 1300\n" },
		{ "x | section peer spoke", " peer spoke\n  address 192.0.2.2\n" },
		{ "x | section mtu", " ip mtu 1400\n ip mtu 1300\n" },
		{ "x | section interface | include mtu", " ip mtu 1400\n ip mtu 1300\n" },
		{ "x | section router", "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = sifted(rows[i].line, configuration);
		assert_string_equal(text, rows[i].output);
		free(text);
	}
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{ "x | frobnicate",
			"unknown filter \"frobnicate\"; known are: include, exclude, begin, section, count, json" },
		{ "x |", "unknown filter \"\"; known are: include, exclude, begin, section, count, json" },
		{ "x | section", "`| section` needs a regular expression" },
		{ "x | include", "`| include` needs a regular expression" },
		{ "x | include (", "\"(\" is no regular expression: Unmatched ( or \\(" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct filters filters;
		struct err err = { 0 };
		char line[100];
		strcpy(line, rows[i].line);
		assert_false(filters_parse(line, &filters, &err));
		assert_string_equal(err.text, rows[i].error);
	}
}

static void test_none(void **state)
{
	struct filters filters;
	struct err err;
	char plain[] = "description a|b", json[] = "show version | json";
	(void)state;
	assert_true(filters_parse(plain, &filters, &err));
	assert_string_equal(plain, "description a|b");
	assert_null(filters_open(&filters, stdout));
	assert_false(filters.json);
	assert_true(filters_parse(json, &filters, &err));
	assert_true(filters.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
