// SPDX-License-Identifier: GPL-2.0-or-later
// Texts that hold secrets.
#include "base/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_text(void **state)
{
	char *text;
	FILE *out = private_open(&text);

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		fprintf(out, "%05u", i);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), 500000);
	assert_memory_equal(text + 5 * 4321, "04321", 5);
	private_free(text);

	out = private_open(&text);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, "");
	private_free(text);
	private_free(NULL);
}

static void test_too_long(void **state)
{
	static const char mebibyte[1024 * 1024] = { [0 ... 1024 * 1024 - 1] = 'x' };
	char *text;
	FILE *out = private_open(&text);

	(void)state;
	for (size_t i = 0; i < PRIVATE_TEXT_MAX / sizeof(mebibyte); i++)
		fwrite(mebibyte, sizeof(mebibyte), 1, out);
	assert_int_not_equal(fclose(out), 0);
	assert_true(strlen(text) < PRIVATE_TEXT_MAX);
	private_free(text);
}

/// Does the kernel leave the memory at `address` out of core dumps?
static bool is_left_out(const void *address)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool inside = false, found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)address && (uintptr_t)address < end;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, " dd") != NULL;
	}
	fclose(maps);
	return found;
}

static void test_left_out(void **state)
{
	char *text;
	FILE *out = private_open(&text);

	(void)state;
	fputs("secret", out);
	assert_int_equal(fclose(out), 0);
	assert_true(is_left_out(text));
	assert_false(is_left_out(&out));
	private_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
