// SPDX-License-Identifier: GPL-2.0-or-later
// The daemon's views, then what the system says. Programs are run without a shell; those that are missing, or
// may not look, leave what they say. Of IPsec only what `nokeys` shows.
#include "cli/support.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/tables.h"

extern char **environ;

#define OUTPUT_MAX (1024 * 1024) ///< bytes of one program

static const char *const views[] = {
	"show version",
	"show running-config all",
	"show interfaces",
	"show dmvpn detail",
	"show ip nhrp detail",
	"show ip nhrp self",
	"show ip nhrp summary",
	"show ip nhrp nhs detail",
	"show ip nhrp multicast",
	"show ip nhrp traffic detail",
	"show ip route next-hop-override",
	"show events",
};

static const char *const programs[] = {
	"uname -a",
	"cat /etc/os-release",
	"ip -details -statistics link show",
	"ip address show",
	"ip rule show",
	"ip route show",
	"ip route show table 1190",
	"ip neighbour show",
	"ip xfrm state list nokeys",
	"ip xfrm policy list",
	"nft list table inet dmvpn",
};

/// What a program writes, errors included. The caller frees it.
static char *run_program(const char *line)
{
	char *copy = alloc_string(line), *words[8] = { 0 }, *rest, *text = alloc_zeroed(OUTPUT_MAX + 1, 1);
	size_t count = 0, length = 0;
	int ends[2];
	pid_t child;
	posix_spawn_file_actions_t actions;

	for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < 7;
		word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	if (pipe2(ends, 0) != 0) {
		free(copy);
		return text;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	int code = posix_spawnp(&child, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (code != 0)
		snprintf(text, OUTPUT_MAX, "%s: %s\n", words[0], strerror(code));
	for (ssize_t got; code == 0 && length < OUTPUT_MAX; length += (size_t)got)
		if ((got = read(ends[0], text + length, OUTPUT_MAX - length)) <= 0)
			break;
	close(ends[0]);
	if (code == 0)
		waitpid(child, NULL, 0);
	free(copy);
	return text;
}

static json_t *section(const char *command, const char *view, json_t *data)
{
	return json_pack("{s:s, s:s, s:o}", "command", command, "view", view, "data", data);
}

struct support {
	json_t *sections;
	json_t *whole;
	char view[32];
};

static void take(void *context, const char *view, json_t *data)
{
	struct support *support = context;
	snprintf(support->view, sizeof(support->view), "%s", view);
	json_t *parts = support->whole;
	json_array_append_new(parts, data);
}

/// One view of the daemon: the parts as they come.
static bool ask(struct cli *cli, const char *command, struct support *support, struct err *err)
{
	const struct cli_taker taker = { take, support };
	support->whole = json_array();
	support->view[0] = '\0';
	enum exit_status status = cli_request(cli, cli_command(cli, command), &taker, err);
	if (status == EXIT_REFUSED) // another version: go on with the rest
		json_array_append_new(support->whole, json_pack("{s:s}", "text", err->text));
	if (status == EXIT_NO_CONNECTION) {
		json_decref(support->whole);
		return false;
	}
	err->text[0] = '\0';
	return true;
}

static void heading(FILE *out, const char *command)
{
	fprintf(out, "\n------------------ %s ------------------\n\n", command);
}

static json_t *text_of(const char *text)
{
	json_t *string = json_string(text);
	return string != NULL ? string : json_string("(no UTF-8)");
}

bool support_print(struct cli *cli, FILE *out, bool json, struct err *err)
{
	json_t *sections = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		struct support support = { 0 };
		if (!ask(cli, views[i], &support, err)) {
			json_decref(sections);
			return false;
		}
		if (!json)
			heading(out, views[i]);
		for (size_t j = 0; j < json_array_size(support.whole); j++) {
			json_t *part = json_array_get(support.whole, j);
			if (json)
				json_array_append_new(
					sections, section(views[i], support.view, json_incref(part)));
			else
				table_print(out, support.view[0] ? support.view : "message", part);
		}
		json_decref(support.whole);
	}
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char *text = run_program(programs[i]);
		if (!json) {
			heading(out, programs[i]);
			fputs(text, out);
		} else {
			json_array_append_new(sections,
				section(programs[i], "text", json_pack("{s:o}", "text", text_of(text))));
		}
		free(text);
	}
	json_t *whole = json_pack("{s:s, s:o}", "schema", "dmvpn/tech-support/1", "sections", sections);
	if (json) {
		json_dumpf(whole, out, JSON_INDENT(2));
		fputc('\n', out);
	}
	json_decref(whole);
	return true;
}
