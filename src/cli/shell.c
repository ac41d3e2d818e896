// SPDX-License-Identifier: GPL-2.0-or-later
// While a line is edited, what the session listens to is printed above it: the editor takes its characters
// from get_character(), which waits for the terminal and for the daemon.
#include "cli/shell.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "cli/complete.h"
#include "cli/field.h"
#include "cli/pager.h"

#define HISTORY_SIZE 1000

struct shell {
	struct cli *cli;
	EditLine *editor;
	History *history;
	char prompt[120];
	char history_path[512]; ///< empty: there is no home
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static struct shell *shell_of(EditLine *editor)
{
	void *shell = NULL;
	el_get(editor, EL_CLIENTDATA, &shell);
	return shell;
}

static char *prompt(EditLine *editor)
{
	struct shell *shell = shell_of(editor);
	const struct cli *cli = shell->cli;
	snprintf(shell->prompt, sizeof(shell->prompt), cli->mode[0] != '\0' ? "%s(%s)# " : "%s%s# ",
		cli->hostname[0] != '\0' ? cli->hostname : "dmvpn", cli->mode);
	return shell->prompt;
}

/// Prints what the daemon said, above the line that is being edited.
static void print_heard(struct shell *shell)
{
	struct err err;
	printf("\r\033[K");
	do {
		json_t *line = connection_receive(shell->cli->connection, PATIENCE_SECONDS, &err);
		if (line == NULL) {
			printf("%% %s; the next command connects again\n", err.text);
			cli_disconnect(shell->cli);
			break;
		}
		cli_print_live(stdout, line);
		json_decref(line);
	} while (connection_has_line(shell->cli->connection));
	fflush(stdout);
	el_set(shell->editor, EL_REFRESH);
}

/// One character of the terminal; bytes that are none are passed over.
static int read_character(wchar_t *ret)
{
	mbstate_t state = { 0 };
	char byte;
	for (;;) {
		ssize_t got = read(STDIN_FILENO, &byte, 1);
		if (got <= 0)
			return (int)got;
		size_t used = mbrtowc(ret, &byte, 1, &state);
		if (used == (size_t)-1)
			memset(&state, 0, sizeof(state));
		else if (used != (size_t)-2)
			return 1;
	}
}

static int get_character(EditLine *editor, wchar_t *ret)
{
	struct shell *shell = shell_of(editor);
	for (;;) {
		bool connected = shell->cli->connection != NULL;
		struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
		if (connected && connection_has_line(shell->cli->connection)) {
			print_heard(shell);
			continue;
		}
		if (connected)
			fds[1].fd = connection_fd(shell->cli->connection);
		int ready = poll(fds, connected ? 2 : 1, -1);
		if (ready < 0 && errno == EINTR && !interrupted)
			continue;
		if (ready < 0) {
			errno = EINTR;
			return -1;
		}
		if (connected && fds[1].revents != 0)
			print_heard(shell);
		if (fds[0].revents != 0)
			return read_character(ret);
	}
}

/// The line up to the cursor. The caller frees it.
static char *line_so_far(EditLine *editor)
{
	const LineInfo *info = el_line(editor);
	size_t length = (size_t)(info->cursor - info->buffer);
	char *line = alloc_zeroed(length + 1, 1);
	memcpy(line, info->buffer, length);
	return line;
}

static size_t last_word_length(const char *line)
{
	size_t length = strlen(line), begin = length;
	while (begin > 0 && !strchr(" \t", line[begin - 1]))
		begin--;
	return length - begin;
}

static void print_help(const json_t *view)
{
	const json_t *words = json_object_get(view, "words");
	for (size_t i = 0; i < json_array_size(words); i++)
		printf("  %-20s %s\n", field_text(json_array_get(words, i), "word"),
			field_text(json_array_get(words, i), "help"));
	if (field_true(view, "end"))
		printf("  <cr>\n");
	if (json_array_size(words) == 0 && !field_true(view, "end"))
		printf("%% Unrecognized command\n");
}

static json_t *ask(struct shell *shell, const char *line)
{
	struct err err;
	json_t *view = complete_ask(shell->cli, line, &err);
	if (view == NULL)
		printf("\n%% %s\n", err.text);
	return view;
}

static unsigned char on_help(EditLine *editor, int character)
{
	struct shell *shell = shell_of(editor);
	char *line = line_so_far(editor);
	(void)character;
	printf("?\n");
	json_t *view = ask(shell, line);
	if (view != NULL)
		print_help(view);
	json_decref(view);
	free(line);
	fflush(stdout);
	return CC_REDISPLAY;
}

/// What all keywords that are possible begin with. The caller frees it. `*ret_count`: how many they are.
static char *common_beginning(const json_t *view, size_t *ret_count)
{
	const json_t *words = json_object_get(view, "words");
	char *common = NULL;
	*ret_count = 0;
	for (size_t i = 0; i < json_array_size(words); i++) {
		const json_t *word = json_array_get(words, i);
		const char *text = field_text(word, "word");
		if (field_true(word, "argument"))
			continue;
		(*ret_count)++;
		if (common == NULL) {
			common = alloc_string(text);
			continue;
		}
		size_t same = 0;
		while (common[same] != '\0' && common[same] == text[same])
			same++;
		common[same] = '\0';
	}
	return common != NULL ? common : alloc_string("");
}

static unsigned char on_tab(EditLine *editor, int character)
{
	struct shell *shell = shell_of(editor);
	char *line = line_so_far(editor);
	size_t typed = last_word_length(line), count;
	json_t *view = ask(shell, line);
	unsigned char result = CC_REFRESH;
	(void)character;
	free(line);
	if (view == NULL)
		return CC_REDISPLAY;
	char *common = common_beginning(view, &count);
	if (count > 0 && (strlen(common) > typed || count == 1)) {
		el_deletestr(editor, (int)typed);
		el_insertstr(editor, common);
		if (count == 1)
			el_insertstr(editor, " ");
	} else {
		putchar('\n');
		print_help(view);
		fflush(stdout);
		result = CC_REDISPLAY;
	}
	free(common);
	json_decref(view);
	return result;
}

static void open_history(struct shell *shell)
{
	const char *home = getenv("HOME");
	HistEvent event;
	shell->history = history_init();
	history(shell->history, &event, H_SETSIZE, HISTORY_SIZE);
	history(shell->history, &event, H_SETUNIQUE, 1);
	if (home != NULL && home[0] == '/')
		snprintf(shell->history_path, sizeof(shell->history_path), "%s/.dmvpnctl_history", home);
	if (shell->history_path[0] != '\0')
		history(shell->history, &event, H_LOAD, shell->history_path);
}

/// Lines that may hold a secret are not remembered.
static bool may_be_secret(const char *line)
{
	return strcasestr(line, "auth") != NULL || strcasestr(line, "key") != NULL ||
	       strcasestr(line, "secret") != NULL || strcasestr(line, "pass") != NULL;
}

static void remember(struct shell *shell, const char *line)
{
	HistEvent event;
	if (line[strspn(line, " \t\n")] != '\0' && !may_be_secret(line))
		history(shell->history, &event, H_ENTER, line);
}

static void close_history(struct shell *shell)
{
	HistEvent event;
	if (shell->history_path[0] != '\0')
		history(shell->history, &event, H_SAVE, shell->history_path);
	history_end(shell->history);
}

/// The name for the prompt, and whether the daemon is there at all.
static bool learn_name(struct cli *cli, struct err *err)
{
	json_t *version = cli_view(cli, "show version", err);
	if (version == NULL)
		return false;
	snprintf(cli->hostname, sizeof(cli->hostname), "%s", field_text(version, "hostname"));
	json_decref(version);
	return true;
}

static EditLine *open_editor(struct shell *shell)
{
	EditLine *editor = el_init("dmvpnctl", stdin, stdout, stderr);
	el_set(editor, EL_CLIENTDATA, shell);
	el_set(editor, EL_PROMPT, prompt);
	el_set(editor, EL_EDITOR, "emacs");
	el_set(editor, EL_HIST, history, shell->history);
	el_set(editor, EL_ADDFN, "dmvpn-help", "what can follow", on_help);
	el_set(editor, EL_ADDFN, "dmvpn-complete", "complete the word", on_tab);
	el_set(editor, EL_BIND, "?", "dmvpn-help", NULL);
	el_set(editor, EL_BIND, "\t", "dmvpn-complete", NULL);
	el_set(editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_set(editor, EL_GETCFN, get_character);
	return editor;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r\n")] == '\0' || line[strspn(line, " \t")] == '!';
}

/// A line without its end. Ends it in place.
static char *trimmed(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static void run_terminal(struct shell *shell)
{
	struct cli *cli = shell->cli;
	while (!cli->ended) {
		int length;
		interrupted = 0;
		const char *typed = el_gets(shell->editor, &length);
		if (interrupted) {
			printf("^C\n");
			el_reset(shell->editor);
			continue;
		}
		if (typed == NULL || length <= 0) {
			putchar('\n');
			break;
		}
		char *line = trimmed(alloc_string(typed));
		remember(shell, line);
		if (!is_blank(line)) {
			cli_run(cli, line);
			if (cli->mode[0] == '\0' && strncasecmp(line, "exit", 4) != 0) {
				struct err err; // the command may have been `hostname`
				if (cli->connection != NULL && !learn_name(cli, &err))
					printf("%% %s\n", err.text);
			}
		}
		free(line);
	}
}

static enum exit_status run_script(struct cli *cli)
{
	enum exit_status status = EXIT_OK;
	char *line = NULL;
	size_t size = 0;
	while (!cli->ended && status != EXIT_NO_CONNECTION && getline(&line, &size, stdin) > 0) {
		if (is_blank(trimmed(line)))
			continue;
		enum exit_status one = cli_run(cli, line);
		status = status == EXIT_OK || one == EXIT_NO_CONNECTION ? one : status;
	}
	free(line);
	return status;
}

enum exit_status shell_run(struct cli *cli)
{
	struct shell shell = { .cli = cli };
	struct sigaction action = { .sa_handler = on_interrupt };
	struct err err;

	cli->interactive = true;
	if (!learn_name(cli, &err)) {
		fprintf(stderr, "dmvpnctl: %s\n", err.text);
		return EXIT_NO_CONNECTION;
	}
	if (!isatty(STDIN_FILENO))
		return run_script(cli);
	cli->page = pager_lines();
	sigaction(SIGINT, &action, NULL);
	open_history(&shell);
	shell.editor = open_editor(&shell);
	run_terminal(&shell);
	el_end(shell.editor);
	close_history(&shell);
	return EXIT_OK;
}
