// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket with clients of every kind of manners. Server and clients live in one thread: the
// clients wait by running the server's loop until their socket has something, or a deadline passed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <uv.h>

#include "ctl/server.h"
#include "fixture.h"

#define DEADLINE_MS 20000

struct stage {
	uv_loop_t loop;
	struct fixture *hub;
	struct ctl_server *server;
	char directory[32];
	char path[64];
};

static struct stage *stage_new(struct ctl_limits limits)
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

static void stage_free(struct stage *stage)
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

static int client(const struct stage *stage)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	strcpy(address.sun_path, stage->path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text)
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

/// Reads one line; NULL where the server closed the connection. The caller frees it.
static char *hear(struct stage *stage, int fd)
{
	char *line = NULL, byte;
	size_t length = 0;
	FILE *out = open_memstream(&line, &length);
	for (;;) {
		ssize_t got = recv(fd, &byte, 1, 0);
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

static json_t *hear_reply(struct stage *stage, int fd)
{
	char *line = hear(stage, fd);
	if (line == NULL)
		fail_msg("the server closed the connection");
	json_t *reply = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(reply);
	free(line);
	return reply;
}

static void expect_view(struct stage *stage, int fd, const char *view)
{
	json_t *reply = hear_reply(stage, fd);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	assert_string_equal(json_string_value(json_object_get(reply, "view")), view);
	json_decref(reply);
}

static void expect_error(struct stage *stage, int fd, const char *text)
{
	json_t *reply = hear_reply(stage, fd);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_string_equal(json_string_value(json_object_get(reply, "error")), text);
	json_decref(reply);
}

static void expect_closed(struct stage *stage, int fd)
{
	char *line;
	while ((line = hear(stage, fd)) != NULL)
		free(line);
	close(fd);
}

#define SHOW_NHRP "{\"command\": [\"sh\", \"ip\", \"nh\"]}\n"
#define VERSION   "{\"command\": [\"show\", \"version\"]}\n"

static void test_requests(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = client(stage), other = client(stage);
	(void)state;
	say(fd, SHOW_NHRP);
	expect_view(stage, fd, "nhrp");

	say(fd, "{\"command\": [\"show\",");
	say(other, SHOW_NHRP VERSION SHOW_NHRP);
	expect_view(stage, other, "nhrp");
	expect_view(stage, other, "version");
	expect_view(stage, other, "nhrp");
	say(fd, " \"dmvpn\"]}\n");
	expect_view(stage, fd, "dmvpn");
	close(fd);
	close(other);
	stage_free(stage);
}

static void test_malformed(void **state)
{
	static const char no_object[] = "The request is not a JSON object.";
	static const char no_command[] = "A request is an object with \"command\": a list of words.";
	static const struct {
		const char *request, *error;
	} rows[] = {
		{ "\n", no_object },
		{ "show version\n", no_object },
		{ "{\"command\": [\"show\"\n", no_object },
		{ "[]\n", no_command },
		{ "{}\n", no_command },
		{ "{\"command\": \"show version\"}\n", no_command },
		{ "{\"command\": []}\n", no_command },
		{ "{\"command\": [1]}\n", "The words of a command are strings." },
		{ "{\"command\": [\"\"]}\n",
			"Unknown word \"\"; known here: show, clear, debug, no, undebug, help." },
		{ "{\"command\": [\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}\n",
			"The command has too many words." },
	};
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = client(stage);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say(fd, rows[i].request);
		expect_error(stage, fd, rows[i].error);
	}
	say(fd, VERSION);
	expect_view(stage, fd, "version");
	close(fd);
	stage_free(stage);
}

static void test_oversized(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = client(stage);
	char noise[5000];
	(void)state;
	memset(noise, '[', sizeof(noise) - 1);
	noise[sizeof(noise) - 1] = '\0';
	say(fd, noise);
	expect_error(stage, fd, "The request is too long.");
	expect_closed(stage, fd);
	stage_free(stage);
}

static void test_vanishing(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	(void)state;
	for (int i = 0; i < 100; i++) {
		int silent = client(stage), half = client(stage), asking = client(stage);
		close(silent);
		say(half, "{\"command\": [");
		close(half);
		say(asking, SHOW_NHRP SHOW_NHRP SHOW_NHRP);
		if (i % 2 == 0)
			uv_run(&stage->loop, UV_RUN_NOWAIT);
		close(asking);
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	}
	int fd = client(stage);
	say(fd, VERSION);
	expect_view(stage, fd, "version");
	close(fd);
	stage_free(stage);
}

static void test_silent_client(void **state)
{
	struct ctl_limits limits = CTL_LIMITS_DEFAULT;
	limits.patience = 30;
	struct stage *stage = stage_new(limits);
	(void)state;
	expect_closed(stage, client(stage));
	int fd = client(stage);
	say(fd, "{\"comm");
	expect_closed(stage, fd);
	stage_free(stage);
}

/// Asks and asks and does not read, until the server takes no more; it must give up on us.
static void test_slow_reader(void **state)
{
	struct ctl_limits limits = CTL_LIMITS_DEFAULT;
	limits.patience = 200;
	struct stage *stage = stage_new(limits);
	int fd = client(stage), fine = client(stage);
	static const char request[] = "{\"command\": [\"help\"]}\n";
	uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
	(void)state;
	for (;;) {
		ssize_t sent = send(fd, request, strlen(request), MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN)
			break;
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		if (uv_hrtime() / 1000000 > deadline)
			fail_msg("the server still waits for a client that does not read");
	}
	assert_int_equal(errno, EPIPE);
	close(fd);
	close(fine);
	fine = client(stage);
	say(fine, VERSION);
	expect_view(stage, fine, "version");
	close(fine);
	stage_free(stage);
}

static void test_too_many_clients(void **state)
{
	struct ctl_limits limits = CTL_LIMITS_DEFAULT;
	limits.clients = 2;
	struct stage *stage = stage_new(limits);
	int first = client(stage), second = client(stage);
	(void)state;
	say(first, VERSION);
	expect_view(stage, first, "version");
	say(second, VERSION);
	expect_view(stage, second, "version");

	int third = client(stage);
	expect_error(stage, third, "Too many clients; try again later.");
	expect_closed(stage, third);
	close(second);
	say(first, VERSION);
	expect_view(stage, first, "version");
	third = client(stage);
	say(third, VERSION);
	expect_view(stage, third, "version");
	close(first);
	close(third);
	stage_free(stage);
}

/// Opening at `path` fails, and the error says `why`.
static void expect_no_server(struct stage *stage, const char *path, const char *why)
{
	struct err err = { 0 };
	assert_null(ctl_server_open(&stage->loop, path, &stage->hub->context, CTL_LIMITS_DEFAULT, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	assert_non_null(strstr(err.text, "control socket"));
}

static void test_path(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	struct stat status;
	char file[64], dead[64], deep[80], long_path[200] = "/tmp/";
	struct err err = { 0 };
	(void)state;
	assert_int_equal(stat(stage->path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	expect_no_server(stage, stage->path, "another dmvpnd answers there");

	snprintf(file, sizeof(file), "%s/file", stage->directory);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	expect_no_server(stage, file, "something else is there");
	assert_int_equal(access(file, F_OK), 0);
	snprintf(deep, sizeof(deep), "%s/no/such/dir", stage->directory);
	expect_no_server(stage, deep, "cannot make the directory");
	unlink(file);

	memset(long_path + 5, 'x', sizeof(long_path) - 6);
	expect_no_server(stage, long_path, "too long");

	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(dead, sizeof(dead), "%s/dead", stage->directory);
	strcpy(address.sun_path, dead);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	struct ctl_server *server =
		ctl_server_open(&stage->loop, dead, &stage->hub->context, CTL_LIMITS_DEFAULT, &err);
	assert_non_null(server);
	ctl_server_close(server);
	ctl_server_close(NULL);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_vanishing),
		cmocka_unit_test(test_silent_client),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_too_many_clients),
		cmocka_unit_test(test_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
