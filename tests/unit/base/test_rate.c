// SPDX-License-Identifier: GPL-2.0-or-later
// The token bucket and the random numbers.
#include "base/ratelimit.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_burst_and_refill(void **state)
{
	struct ratelimit limit = ratelimit_make(3, 10 * MONO_SECOND);
	struct mono now = { 1000 * MONO_SECOND };

	(void)state;
	assert_int_equal(ratelimit_usage(&limit, now), 0);
	for (int i = 0; i < 3; i++)
		assert_true(ratelimit_take(&limit, now));
	assert_int_equal(ratelimit_usage(&limit, now), 100);
	assert_false(ratelimit_take(&limit, now));
	assert_int_equal(limit.refused, 1);
	now = mono_add(now, 4 * MONO_SECOND); // a token comes back in 3.3 s
	assert_true(ratelimit_take(&limit, now));
	assert_false(ratelimit_take(&limit, now));
	now = mono_add(now, 3600 * MONO_SECOND); // no more than the bucket holds
	for (int i = 0; i < 3; i++)
		assert_true(ratelimit_take(&limit, now));
	assert_false(ratelimit_take(&limit, now));
	assert_false(ratelimit_take(&limit, (struct mono) { 0 })); // time that went back gives nothing
	assert_int_equal(limit.refused, 4);
}

static void test_no_limit(void **state)
{
	struct ratelimit limit = ratelimit_make(0, 0), dense = ratelimit_make(1000, 10);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(ratelimit_take(&limit, (struct mono) { 0 }));
		assert_true(ratelimit_take(&dense, (struct mono) { 0 }));
	}
	assert_int_equal(ratelimit_usage(&limit, (struct mono) { 0 }), 0);
	assert_false(ratelimit_take(&dense, (struct mono) { 0 }));
}

static void test_rng(void **state)
{
	struct rng a, b;
	uint32_t seen[6] = { 0 };

	(void)state;
	rng_seed(&a, 42);
	rng_seed(&b, 42);
	for (int i = 0; i < 6000; i++) {
		uint32_t value = rng_below(&a, 6);

		assert_in_range(value, 0, 5);
		assert_int_equal(value, rng_below(&b, 6));
		seen[value]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 900, 1100);
	assert_int_equal(rng_below(&a, 0), 0);
	assert_int_equal(rng_below(&a, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_and_refill),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
