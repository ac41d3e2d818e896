// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

void netns_enter(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[32];

	if (uid == 0) {
		assert_return_code(unshare(CLONE_NEWNET), 0);
	} else {
		assert_return_code(unshare(CLONE_NEWUSER | CLONE_NEWNET), 0);
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof(map), "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	netns_run("ip link set lo up");
}

int netns_current(void)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(netns >= 0);
	return netns;
}

void netns_use(int netns)
{
	assert_return_code(setns(netns, CLONE_NEWNET), 0);
}

int netns_new(void)
{
	int before = netns_current(), netns;

	assert_return_code(unshare(CLONE_NEWNET), 0);
	netns_run("ip link set lo up");
	netns = netns_current();
	netns_use(before);
	close(before);
	return netns;
}

bool netns_try(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

void netns_run(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

const char *netns_read(const char *format, ...)
{
	static char output[8192];
	char command[512];
	va_list arguments;
	size_t length;
	FILE *pipe;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	pclose(pipe);
	return output;
}

#define LOOK_AGAIN 5 /* milliseconds */

static void on_look_again(uv_timer_t *timer)
{
	*(unsigned *)timer->data += LOOK_AGAIN;
}

void netns_wait(struct uv_loop_s *loop, bool (*done)(void *context), void *context)
{
	uv_timer_t timer;
	unsigned waited = 0;
	bool is_done;

	uv_timer_init(loop, &timer);
	timer.data = &waited;
	/* Not everything that can make it true wakes the loop. */
	uv_timer_start(&timer, on_look_again, LOOK_AGAIN, LOOK_AGAIN);
	while (!(is_done = done(context)) && waited < NETNS_DEADLINE)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	assert_true(is_done);
}

void netns_finish(struct uv_loop_s *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(loop), 0);
}
