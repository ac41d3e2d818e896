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

#define CLIENTS (HOOK_CLIENTS_MAX + HOOK_QUEUE_MAX) ///< that fit at once

/// Each is of another client or server.
static void tell(struct hook *hook, enum event_type type, unsigned count)
{
	static uint32_t number;

	for (unsigned i = 0; i < count; i++)
		hook_on_event(hook, &(struct event) { .type = type, .protocol = addr_from_ipv4(++number) },
			"tunnel1");
}

static void test_overflow_is_counted(void **state)
{
	uv_loop_t loop;
	struct hook *hook;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	hook = hook_new(&loop, HOOK_PATIENCE);
	tell(hook, EVENT_PEER_UP, CLIENTS + 1);
	assert_int_equal(hook_left_out(hook), 0); // there is no program to miss them
	hook_set_path(hook, "/bin/true");
	// The loop does not run, so that none of the programs is known to have ended.
	tell(hook, EVENT_PEER_UP, CLIENTS);
	assert_int_equal(hook_left_out(hook), 0);
	tell(hook, EVENT_PEER_DOWN, TOO_MANY);
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	tell(hook, EVENT_REDIRECT_SENT, 1); // not for a hook
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	// Once all have run there is room again.
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	tell(hook, EVENT_PEER_UP, HOOK_QUEUE_MAX);
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	hook_free(hook);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/// A hook in a loop of its own, whose program writes what it is told into a file.
struct trial {
	uv_loop_t loop;
	struct hook *hook;
	char script[32], told[32];
};

/// A new file with a script that appends the event and its address to another one, `told`.
static void write_script(char *path, const char *told)
{
	FILE *file = fdopen(mkstemp(path), "w");

	assert_non_null(file);
	(void)fprintf(file, "#!/bin/sh\necho $DMVPN_EVENT $DMVPN_ADDRESS $DMVPN_REASON >>%s\n", told);
	(void)fchmod(fileno(file), 0700);
	(void)fclose(file);
}

/// How many lines of the file begin with the words; the last one of the file stays in `last`.
static unsigned lines_of(const char *path, const char *words, char last[static 80])
{
	FILE *file = fopen(path, "r");
	unsigned count = 0;

	assert_non_null(file);
	while (fgets(last, 80, file))
		count += strncmp(last, words, strlen(words)) == 0;
	(void)fclose(file);
	return count;
}

static void trial_begin(struct trial *trial)
{
	strcpy(trial->script, "/tmp/dmvpn-test-hook-XXXXXX");
	strcpy(trial->told, "/tmp/dmvpn-test-hook-XXXXXX");
	(void)close(mkstemp(trial->told));
	write_script(trial->script, trial->told);
	assert_int_equal(uv_loop_init(&trial->loop), 0);
	trial->hook = hook_new(&trial->loop, HOOK_PATIENCE);
	hook_set_path(trial->hook, trial->script);
}

static void trial_end(struct trial *trial)
{
	hook_free(trial->hook);
	assert_int_equal(uv_run(&trial->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&trial->loop), 0);
	(void)unlink(trial->script);
	(void)unlink(trial->told);
}

static void tell_client(struct hook *hook, enum event_type type, const char *reason)
{
	hook_on_event(hook,
		&(struct event) { .type = type, .protocol = addr_from_ipv4(0x0a000002), .reason = reason },
		"tunnel1");
}

/// A client that comes and goes without end has few programs run, and the last of its events is told.
static void test_one_client_is_combined(void **state)
{
	struct trial trial;
	char last[80] = "";

	(void)state;
	trial_begin(&trial);
	for (unsigned i = 0; i < 1000; i++) {
		tell_client(trial.hook, EVENT_PEER_UP, NULL);
		tell_client(trial.hook, EVENT_PEER_DOWN, i < 999 ? "expired" : "purged");
	}
	assert_int_equal(hook_left_out(trial.hook), 2000 - HOOK_CLIENTS_MAX - 1);
	assert_int_equal(uv_run(&trial.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(lines_of(trial.told, "peer-", last), HOOK_CLIENTS_MAX + 1);
	assert_int_equal(lines_of(trial.told, "peer-down 10.0.0.2 purged", last), 1);
	// What the operator ends makes what still waits of the client out of date.
	for (unsigned i = 0; i <= HOOK_CLIENTS_MAX; i++)
		tell_client(trial.hook, EVENT_PEER_UP, NULL);
	tell_client(trial.hook, EVENT_PEER_DOWN, EVENT_CLEARED);
	assert_int_equal(hook_left_out(trial.hook), 2000 - HOOK_CLIENTS_MAX);
	trial_end(&trial);
}

/// The burst, and not more than ten a second behind it.
static void test_clients_have_a_rate(void **state)
{
	struct trial trial;
	char last[80];
	uint64_t begin;

	(void)state;
	trial_begin(&trial);
	hook_set_path(trial.hook, "/nowhere/a-program"); // takes no time
	begin = uv_now(&trial.loop);
	tell(trial.hook, EVENT_PEER_UP, HOOK_CLIENTS_BURST);
	hook_set_path(trial.hook, trial.script);
	tell(trial.hook, EVENT_PEER_UP, HOOK_QUEUE_MAX);
	// A server and the operator do not wait for them.
	tell(trial.hook, EVENT_NHS_DOWN, 1);
	tell_client(trial.hook, EVENT_PEER_DOWN, EVENT_CLEARED);
	while (lines_of(trial.told, "nhs-down", last) == 0 ||
		lines_of(trial.told, "peer-down 10.0.0.2", last) == 0)
		uv_run(&trial.loop, UV_RUN_ONCE);
	assert_in_range(lines_of(trial.told, "peer-up", last), 0, (uv_now(&trial.loop) - begin) / 100);
	while (lines_of(trial.told, "peer-up", last) < 10)
		uv_run(&trial.loop, UV_RUN_ONCE);
	assert_in_range(lines_of(trial.told, "peer-up", last), 0, (uv_now(&trial.loop) - begin) / 100);
	assert_int_equal(hook_left_out(trial.hook), 0);
	trial_end(&trial);
}

/// Programs for clients that do not end before leave a place for those of servers.
static void test_servers_have_a_place(void **state)
{
	struct trial trial;
	char last[80];
	FILE *file;

	(void)state;
	trial_begin(&trial);
	file = fopen(trial.script, "a");
	assert_non_null(file);
	(void)fprintf(file,
		"case $DMVPN_EVENT in peer-*) while [ $(grep -c nhs %s) -lt 2 ]; do sleep 0.05; done;; esac\n",
		trial.told);
	(void)fclose(file);
	tell(trial.hook, EVENT_PEER_UP, HOOK_CLIENTS_MAX * 2);
	tell(trial.hook, EVENT_NHS_DOWN, 2);
	while (lines_of(trial.told, "nhs-down", last) < 2)
		uv_run(&trial.loop, UV_RUN_ONCE);
	assert_int_equal(hook_killed(trial.hook), 0);
	assert_int_equal(uv_run(&trial.loop, UV_RUN_DEFAULT), 0);
	trial_end(&trial);
}

/// What a `clear` ends may be more than has room; the servers' events have room of their own.
static void test_clear_of_many(void **state)
{
	uv_loop_t loop;
	struct hook *hook;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	hook = hook_new(&loop, HOOK_PATIENCE);
	hook_set_path(hook, "/bin/true");
	for (uint32_t i = 0; i < HOOK_RUNNING_MAX + HOOK_QUEUE_MAX + TOO_MANY; i++)
		hook_on_event(hook,
			&(struct event) { .type = EVENT_PEER_DOWN,
				.protocol = addr_from_ipv4(i + 1),
				.reason = EVENT_CLEARED },
			"tunnel1");
	assert_int_equal(hook_left_out(hook), TOO_MANY);
	tell(hook, EVENT_NHS_DOWN, HOOK_QUEUE_MAX);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overflow_is_counted),
		cmocka_unit_test(test_one_client_is_combined),
		cmocka_unit_test(test_clients_have_a_rate),
		cmocka_unit_test(test_servers_have_a_place),
		cmocka_unit_test(test_clear_of_many),
		cmocka_unit_test(test_endless_is_killed),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
