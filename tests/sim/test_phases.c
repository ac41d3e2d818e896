// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"

/// Registers, talks for a while, and tells by how many hosts the last packet went.
static void phase(enum star_routes routes, size_t first, size_t last)
{
	struct star star = bed_make(1, routes, 1, 3);
	struct flow *flow;

	bed_start(&star);
	flow = bed_talk(&star, 0, 1, 1);
	assert_int_equal(flow->trail_count, first);
	network_run(star.network, MONO_SECOND);
	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail_count, last);
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

static void phase1_goes_by_the_hub(void **state)
{
	(void)state;
	phase(STAR_PHASE1, 3, 3);
}

static void phase2_goes_direct(void **state)
{
	(void)state;
	phase(STAR_PHASE2, 3, 2);
}

static void phase3_summary_goes_direct(void **state)
{
	(void)state;
	phase(STAR_SUMMARY, 3, 2);
}

static void phase3_exact_goes_direct(void **state)
{
	(void)state;
	phase(STAR_EXACT, 3, 2);
}

static void phase3_default_goes_direct(void **state)
{
	(void)state;
	phase(STAR_DEFAULT, 3, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(phase1_goes_by_the_hub),
		cmocka_unit_test(phase2_goes_direct),
		cmocka_unit_test(phase3_summary_goes_direct),
		cmocka_unit_test(phase3_exact_goes_direct),
		cmocka_unit_test(phase3_default_goes_direct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
