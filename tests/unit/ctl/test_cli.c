// SPDX-License-Identifier: GPL-2.0-or-later
// The program dmvpnctl against a control server: what it prints, and its exit status.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "stage.h"

#define MAX_ARGUMENTS 12

/// Runs dmvpnctl with the words of `line`, %s in it being `path`. Returns its exit status, and both of its
/// outputs in `*ret_text`, which the caller frees.
static int run(struct stage *stage, const char *line, const char *path, char **ret_text)
{
	char *argv[MAX_ARGUMENTS] = { (char[]) { "dmvpnctl" } }, text[256], *rest, *heard;
	int pipe_fd[2], status;
	size_t size, count = 1;

	snprintf(text, sizeof(text), line, path);
	for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(pipe_fd[1], STDOUT_FILENO);
		dup2(pipe_fd[1], STDERR_FILENO);
		execv(DMVPNCTL, argv);
		_exit(127);
	}
	close(pipe_fd[1]);
	assert_int_equal(fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK), 0);

	FILE *out = open_memstream(ret_text, &size);
	while ((heard = hear(stage, pipe_fd[0])) != NULL) {
		fprintf(out, "%s\n", heard);
		free(heard);
	}
	fclose(out);
	close(pipe_fd[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(struct stage *stage, const char *line, const char *path, int status, const char *part)
{
	char *text;
	int got = run(stage, line, path, &text);
	if (got != status || strstr(text, part) == NULL)
		fail_msg("dmvpnctl %s: exit status %d, output:\n%s", line, got, text);
	free(text);
}

static void test_commands(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	(void)state;
	expect(stage, "--control %s show dmvpn", stage->path, 0, "Interface: Tunnel1, IPv4 NHRP Details");
	expect(stage, "--control=%s sh ip nh", stage->path, 0, "10.0.0.2/32 via 10.0.0.2");
	expect(stage, "-c %s sh ip nhrq", stage->path, 1,
		"% Unknown word \"nhrq\"; known here: nhrp, route.");
	expect(stage, "-c %s clear ip nhrp", stage->path, 0, "2 entries cleared.");
	expect(stage, "-c %s a a a a a a a a", stage->path, 1, "% Unknown word");
	stage_free(stage);
}

static void test_json(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	char *text;
	(void)state;
	assert_int_equal(run(stage, "--control %s show ip nhrp --json", stage->path, &text), 0);
	json_t *view = json_loads(text, 0, NULL);
	if (view == NULL)
		fail_msg("no JSON:\n%s", text);
	assert_string_equal(json_string_value(json_object_get(view, "schema")), "dmvpn/nhrp/1");
	json_decref(view);
	free(text);
	stage_free(stage);
}

static void test_usage(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	(void)state;
	expect(stage, "--nonsense %s", "", 2, "usage: dmvpnctl");
	expect(stage, "--help%s", "", 0, "usage: dmvpnctl");
	expect(stage, "--version%s", "", 0, "dmvpnctl ");
	stage_free(stage);
}

static void test_no_daemon(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	char path[64];
	(void)state;
	snprintf(path, sizeof(path), "%s/nothing", stage->directory);
	expect(stage, "--control %s show dmvpn", path, 2, path);
	expect(stage, "--control %s show dmvpn", path, 2, "start dmvpnd, or name its socket with --control");
	stage_free(stage);
}

static void test_no_socket(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[64];
	(void)state;
	snprintf(path, sizeof(path), "%s/dead", stage->directory);
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	expect(stage, "--control %s show dmvpn", path, 2, "nobody answers on the control socket");
	unlink(path);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_no_socket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
