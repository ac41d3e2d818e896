// SPDX-License-Identifier: GPL-2.0-or-later
// Errors, log levels and memory.
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_err(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_set(&err, "line %d: %s", 3, "bad"));
	assert_string_equal(err.text, "line 3: bad");
	assert_false(err_set(&err, "file x: %s", err.text)); // its own old text as argument
	assert_string_equal(err.text, "file x: line 3: bad");
	assert_false(err_set_errno(&err, ENOENT, "cannot open %s", "x"));
	assert_string_equal(err.text, "cannot open x: No such file or directory");
	assert_false(err_set(NULL, "nobody reads this"));
	assert_false(err_set_errno(NULL, ENOENT, "nor this"));
	assert_false(err_set_errno(&err, ENOENT, "%400s", "x"));
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void test_log_levels(void **state)
{
	enum log_level level;

	(void)state;
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		assert_true(log_level_parse(log_level_name((enum log_level)i), &level));
		assert_int_equal(level, i);
	}
	assert_false(log_level_parse("loud", &level));
}

static void test_alloc(void **state)
{
	uint32_t *numbers = alloc_zeroed(4, sizeof(*numbers));
	char *text = alloc_string("spoke");

	(void)state;
	assert_int_equal(numbers[3], 0);
	numbers = alloc_resize(numbers, 100, sizeof(*numbers));
	numbers[99] = 1;
	char *copy = alloc_copy(text, 6);
	assert_string_equal(copy, "spoke");
	free(alloc_copy(NULL, 0));
	free(copy);
	free(text);
	free(numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_alloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
