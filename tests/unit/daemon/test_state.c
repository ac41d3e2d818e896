// SPDX-License-Identifier: GPL-2.0-or-later
// Request IDs that no restart uses again.
#include "daemon/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char directory[32];

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/state-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/request-id", directory);
	return unlink(path) | rmdir(directory);
}

/// What a daemon would begin with that starts now, after a crash of the one before.
static uint32_t first_after_a_crash(void)
{
	struct state *state = state_open(directory);
	uint32_t first = state_request_id(state);

	state_close(state, first);
	return first;
}

static void ids_go_on_after_a_crash(void **state)
{
	struct state *before = state_open(directory);
	uint32_t next = state_request_id(before);

	(void)state;
	for (int second = 0; second < 10; second++) {
		next += 20000;
		state_keep(before, next);
	}
	assert_true((int32_t)(first_after_a_crash() - next) >= 0);
	state_close(before, next);
}

/// Between two looks a hub may purge more than was reserved.
static void a_leap_is_caught_up_with(void **state)
{
	struct state *before = state_open(directory);
	uint32_t next = state_request_id(before) + 200000;

	(void)state;
	state_keep(before, next);
	assert_true((int32_t)(first_after_a_crash() - next) >= 0);
	state_close(before, next);
}

/// IDs go round.
static void the_last_id_is_followed_by_the_first(void **state)
{
	struct state *before = state_open(directory);
	uint32_t next = UINT32_MAX - 100;

	(void)state;
	state_close(before, next);
	before = state_open(directory);
	assert_int_equal(state_request_id(before), next);
	next += 60000;
	state_keep(before, next);
	assert_true((int32_t)(first_after_a_crash() - next) >= 0);
	state_close(before, next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ids_go_on_after_a_crash, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(a_leap_is_caught_up_with, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			the_last_id_is_followed_by_the_first, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
