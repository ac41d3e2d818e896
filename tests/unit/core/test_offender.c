// SPDX-License-Identifier: GPL-2.0-or-later
// Who sends the most of what is refused, in little memory.
#include "core/offender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct addr sender(uint32_t number)
{
	return addr_from_ipv4(0xc6336400 + number);
}

static void test_few_are_counted_exactly(void **state)
{
	struct offenders offenders = { 0 };

	(void)state;
	assert_null(offenders_at(&offenders, 0));
	offenders_note(&offenders, sender(1), "first");
	for (int i = 0; i < 5; i++)
		offenders_note(&offenders, sender(2), "second");
	assert_true(addr_equal(offenders_at(&offenders, 0)->from, sender(2)));
	assert_int_equal(offenders_at(&offenders, 0)->count, 5);
	assert_int_equal(offenders_at(&offenders, 0)->doubt, 0);
	assert_string_equal(offenders_at(&offenders, 0)->reason, "second");
	assert_true(addr_equal(offenders_at(&offenders, 1)->from, sender(1)));
	assert_null(offenders_at(&offenders, 2));
}

/// A sender of a tenth is found among a flood from ever new addresses, and counted within the doubt.
static void test_the_worst_is_found_in_a_flood(void **state)
{
	struct offenders offenders = { 0 };
	const struct offender *worst;

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		offenders_note(&offenders, i % 10 == 0 ? sender(1) : sender(1000 + i), "flood");
	worst = offenders_at(&offenders, 0);
	assert_true(addr_equal(worst->from, sender(1)));
	assert_in_range(1000, worst->count - worst->doubt, worst->count);
	assert_non_null(offenders_at(&offenders, OFFENDERS - 1));
	assert_null(offenders_at(&offenders, OFFENDERS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_are_counted_exactly),
		cmocka_unit_test(test_the_worst_is_found_in_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
