// SPDX-License-Identifier: GPL-2.0-or-later
// dmvpnctl: with a command, gives it to the daemon and prints the answer; without, a shell.
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/shell.h"

static const char usage[] =
	"usage: dmvpnctl [--control SOCKET] [--json] [COMMAND...]\n"
	"\n"
	"  --control SOCKET  where the daemon listens (default " DEFAULT_CONTROL ")\n"
	"  --json            print the view as JSON\n"
	"  --dot, --svg      with topology: as a graph for Graphviz, as a picture\n"
	"  --version         print the version of this program\n"
	"  --help            print this\n"
	"\n"
	"Commands are those of a router, words may be abbreviated: \"show dmvpn\", \"sh ip nhrp nhs detail\",\n"
	"\"clear ip nhrp\", \"show dmvpn | include UP\". \"dmvpnctl help\" lists them all. Without a command it is a\n"
	"shell: \"?\" tells what can follow, the tabulator completes, \"exit\" ends it.\n"
	"Exit status: 0 done, 1 the command was refused, 2 wrong usage or no connection to the daemon.\n";

/// The arguments as one line. The caller frees it.
static char *join(char *const *words, int count)
{
	char *line = alloc_string("");
	for (int i = 0; i < count; i++) {
		size_t length = strlen(line);
		line = alloc_resize(line, length + strlen(words[i]) + 2, 1);
		sprintf(line + length, "%s%s", i > 0 ? " " : "", words[i]);
	}
	return line;
}

static enum exit_status run_command(struct cli *cli, char *const *words, int count)
{
	if (strcmp(words[0], "complete") == 0)
		return complete_print(cli, words + 1, (size_t)count - 1);
	char *line = join(words, count);
	enum exit_status status = cli_run(cli, line);
	free(line);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "dot", no_argument, NULL, 'D' },
		{ "svg", no_argument, NULL, 'S' },
		{ 0 },
	};
	struct cli cli = { .control = DEFAULT_CONTROL };
	static char dot[] = "topology dot", svg[] = "topology svg";
	char *form = NULL;
	int option;

	setlocale(LC_CTYPE, "");
	while ((option = getopt_long(argc, argv, "c:jhV", options, NULL)) != -1)
		switch (option) {
		case 'c':
			cli.control = optarg;
			break;
		case 'j':
			cli.json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("dmvpnctl " DMVPN_VERSION);
			return EXIT_OK;
		case 'D':
			form = dot;
			break;
		case 'S':
			form = svg;
			break;
		default:
			fputs(usage, stderr);
			return EXIT_NO_CONNECTION;
		}
	if (form != NULL && (optind + 1 != argc || strcmp(argv[optind], "topology") != 0)) {
		fprintf(stderr, "dmvpnctl: --dot and --svg belong to the command topology\n");
		return EXIT_NO_CONNECTION;
	}
	enum exit_status status;
	if (form != NULL)
		status = run_command(&cli, &form, 1);
	else if (optind < argc)
		status = run_command(&cli, argv + optind, argc - optind);
	else
		status = shell_run(&cli);
	cli_disconnect(&cli);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_REFUSED;
	return status;
}
