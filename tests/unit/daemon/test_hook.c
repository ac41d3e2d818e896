// SPDX-License-Identifier: GPL-2.0-or-later
// The event hook's limits: what does not fit is counted, what fits is run.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/attr.h"
#include "core/action.h"
#include "daemon/hook.h"

#define TOO_MANY 40

static void tell(struct hook *hook, enum event_type type, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		hook_on_event(hook, &(struct event) { .type = type }, "tunnel1");
}

static void test_overflow_is_counted(void **state)
{
	uv_loop_t loop;
	struct hook *hook;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	hook = hook_new(&loop, HOOK_PATIENCE);
	tell(hook, EVENT_PEER_UP, HOOK_RUNNING_MAX + HOOK_QUEUE_MAX + 1);
	assert_int_equal(hook_left_out(hook), 0); // there is no program to miss them
	hook_set_path(hook, "/bin/true");
	// The loop does not run, so that none of the programs is known to have ended.
	tell(hook, EVENT_PEER_UP, HOOK_RUNNING_MAX + HOOK_QUEUE_MAX);
	assert_int_equal(hook_left_out(hook), 0);
	tell(hook, EVENT_PEER_DOWN, TOO_MANY);
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	tell(hook, EVENT_REDIRECT_SENT, 1); // not for a hook
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	// Once all have run there is room again.
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	tell(hook, EVENT_PEER_UP, HOOK_RUNNING_MAX + HOOK_QUEUE_MAX);
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	hook_free(hook);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/// A program that never ends, and what it started, is killed; its place is free again.
static void test_endless_is_killed(void **state)
{
	const char script[] = "/tmp/dmvpn-test-hook-XXXXXX";
	char path[sizeof(script)];
	uv_loop_t loop;
	struct hook *hook;
	FILE *file;

	(void)state;
	memcpy(path, script, sizeof(script));
	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	(void)fputs("#!/bin/sh\nsleep 1000 &\nwait\n", file);
	(void)fchmod(fileno(file), 0700);
	(void)fclose(file);
	assert_int_equal(uv_loop_init(&loop), 0);
	hook = hook_new(&loop, 300);
	hook_set_path(hook, path);
	tell(hook, EVENT_PEER_UP, HOOK_RUNNING_MAX + 1);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(hook_killed(hook), HOOK_RUNNING_MAX + 1);
	hook_free(hook);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_overflow_is_counted),
		cmocka_unit_test(test_endless_is_killed) };

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
