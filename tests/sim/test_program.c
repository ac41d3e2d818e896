// SPDX-License-Identifier: GPL-2.0-or-later
/// The language of scenarios, the shrinking of what breaks, and the one invariant that no scenario can break.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "sim/check.h"
#include "sim/history.h"
#include "sim/hunt.h"
#include "sim/play.h"
#include "sim/swarm.h"

static void assert_wrong(const char *line, const char *expected)
{
	struct scenario *scenario = scenario_new();
	struct err err = { "" };

	assert_false(scenario_add_line(scenario, line, 1, &err) && scenario_check(scenario, &err));
	if (!strstr(err.text, expected))
		fail_msg("\"%s\" does not say \"%s\"", err.text, expected);
	scenario_free(scenario);
}

static void errors_name_the_word_and_the_remedy(void **state)
{
	(void)state;
	assert_wrong("at 5s stpo hub1", "there is no statement `stpo`");
	assert_wrong("at 5s stop", "write `stop HOSTS [silently]`");
	assert_wrong("at 5s stop hub1 loudly", "`loudly` is too much");
	assert_wrong("at 5 stop hub1", "times are");
	assert_wrong("at 5s stop router1", "`router1` is no HOSTS");
	assert_wrong("stop hub1", "needs a time");
	assert_wrong("at 5s hold hub1 60s", "without `at`");
	assert_wrong("at 5s stop spoke9", "there is no spoke9");
	assert_wrong("underlay loss 120%", "`120%` is no PERCENT");
	assert_wrong("network hubs 1 spokes 3 phase 4", "phase 4");
	assert_wrong("expect broken \"no", "quote");
}

static void print(const struct scenario *scenario, char text[static 16384])
{
	FILE *out = fmemopen(text, 16384, "w");

	assert_non_null(out);
	scenario_print(scenario, out);
	fclose(out);
}

/// What is printed reads as what it was.
static void a_printed_history_is_the_same(void **state)
{
	static char first[16384], second[16384], copy[16384];
	struct scenario *scenario = history_make(5), *again = scenario_new();
	struct err err;
	char *rest = NULL;

	(void)state;
	print(scenario, first);
	memcpy(copy, first, sizeof(copy));
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		assert_true(scenario_add_line(again, line, 1, &err));
	print(again, second);
	assert_string_equal(first, second);
	scenario_free(scenario);
	scenario_free(again);
}

/// Of a history with one more fault, that one is left.
static void a_failure_is_made_short(void **state)
{
	struct scenario *scenario = history_make(3), *shrunk;
	struct err err;

	(void)state;
	scenario_add(scenario, 12 * MONO_SECOND, "sabotage counter hub1");
	assert_true(scenario_check(scenario, &err));
	shrunk = hunt_shrink(scenario);
	assert_int_equal(shrunk->count, 1);
	assert_string_equal(shrunk->statements[0].text, "sabotage counter hub1");
	assert_int_equal(shrunk->spokes, 2);
	scenario_free(scenario);
	scenario_free(shrunk);
}

static void a_node_that_oversleeps_is_noticed(void **state)
{
	struct star star = star_make(1, STAR_SUMMARY, 1, 2);

	(void)state;
	star_start(&star);
	network_run(star.network, 10 * MONO_SECOND);
	check_wake(star.spokes[0]);
	assert_false(star.network->violation.is_there);
	star.network->now = mono_add(star.network->now, 3600 * MONO_SECOND);
	check_wake(star.spokes[0]);
	assert_true(star.network->violation.is_there);
	assert_int_equal(star.network->violation.invariant, INVARIANT_TIMERS);
	star_done(&star);
}

static void a_swarm_registers(void **state)
{
	struct swarm_figures figures = swarm_run(2000);

	(void)state;
	assert_int_equal(figures.bindings, 2000);
	assert_int_equal(figures.refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_name_the_word_and_the_remedy),
		cmocka_unit_test(a_printed_history_is_the_same),
		cmocka_unit_test(a_failure_is_made_short),
		cmocka_unit_test(a_node_that_oversleeps_is_noticed),
		cmocka_unit_test(a_swarm_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
