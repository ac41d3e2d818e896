// SPDX-License-Identifier: GPL-2.0-or-later
#include "stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_MS 20000

struct stage *stage_new(struct ctl_limits limits)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct err err = { 0 };
	assert_non_null(stage);
	strcpy(stage->directory, "/tmp/ctl-test-XXXXXX");
	assert_non_null(mkdtemp(stage->directory));
	snprintf(stage->path, sizeof(stage->path), "%s/run/control", stage->directory);
	assert_int_equal(uv_loop_init(&stage->loop), 0);
	stage->hub = hub_new();
	stage->server = ctl_server_open(&stage->loop, stage->path, &stage->hub->context, limits, &err);
	if (stage->server == NULL)
		fail_msg("%s", err.text);
	return stage;
}

void stage_free(struct stage *stage)
{
	char run[64];
	ctl_server_close(stage->server);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&stage->loop), 0);
	assert_int_equal(access(stage->path, F_OK), -1);
	snprintf(run, sizeof(run), "%s/run", stage->directory);
	rmdir(run);
	rmdir(stage->directory);
	fixture_free(stage->hub);
	free(stage);
}

int stage_client(const struct stage *stage)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, stage->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/// Runs the loop until `fd` can be read.
static void wait_for(struct stage *stage, int fd)
{
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	do {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		if (uv_hrtime() / 1000000 > deadline)
			fail_msg("the server did not answer in time");
	} while (poll(&poll_fd, 1, 1) == 0);
}

char *hear(struct stage *stage, int fd)
{
	char *line = NULL, byte;
	size_t length = 0;
	FILE *out = open_memstream(&line, &length);
	for (;;) {
		ssize_t got = read(fd, &byte, 1);
		if (got < 0 && errno == EAGAIN) {
			wait_for(stage, fd);
			continue;
		}
		if (got <= 0 || byte == '\n') {
			fclose(out);
			if (got > 0)
				return line;
			free(line);
			return NULL;
		}
		fputc(byte, out);
	}
}
