// SPDX-License-Identifier: GPL-2.0-or-later
// The control socket with clients of every kind of manners.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
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
#include "stage.h"

#define DEADLINE_MS 20000

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
	expect_text(json_string_value(json_object_get(reply, "error")), text);
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
	int fd = stage_client(stage), other = stage_client(stage);
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
		{ "{\"command\": []}\n", no_command },
		{ "{\"command\": [1]}\n", "The words of a command are strings." },
		{ "{\"command\": [\"\"]}\n", "Unknown word \"\"; known here: show, clear, debug, no, …" },

	};
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = stage_client(stage);
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say(fd, rows[i].request);
		expect_error(stage, fd, rows[i].error);
	}
	char many[1000] = "{\"command\": [\"a\"";
	for (int i = 0; i < 64; i++)
		strcat(many, ", \"a\"");
	say(fd, strcat(many, "]}\n"));
	expect_error(stage, fd, "The command has too many words.");
	say(fd, "{\"command\": \"show  version\"}\n");
	expect_view(stage, fd, "version");
	close(fd);
	stage_free(stage);
}

static void test_oversized(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = stage_client(stage);
	char noise[10000];
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
		int silent = stage_client(stage), half = stage_client(stage), asking = stage_client(stage);
		close(silent);
		say(half, "{\"command\": [");
		close(half);
		say(asking, SHOW_NHRP SHOW_NHRP SHOW_NHRP);
		if (i % 2 == 0)
			uv_run(&stage->loop, UV_RUN_NOWAIT);
		close(asking);
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	}
	int fd = stage_client(stage);
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
	expect_closed(stage, stage_client(stage));
	int fd = stage_client(stage);
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
	int fd = stage_client(stage), fine = stage_client(stage);
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
	fine = stage_client(stage);
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
	int first = stage_client(stage), second = stage_client(stage);
	(void)state;
	say(first, VERSION);
	expect_view(stage, first, "version");
	say(second, VERSION);
	expect_view(stage, second, "version");

	int third = stage_client(stage);
	expect_error(stage, third, "Too many clients; try again later.");
	expect_closed(stage, third);
	close(second);
	say(first, VERSION);
	expect_view(stage, first, "version");
	third = stage_client(stage);
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
