// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "conf/conf.h"
#include "daemon/daemon.h"
#include "daemon/logformat.h"

#define DEFAULT_CONFIG    "/etc/dmvpn/dmvpnd.conf"
#define DEFAULT_CONTROL   "/run/dmvpnd/control"
#define DEFAULT_STATE_DIR "/var/lib/dmvpnd"

#define EXIT_USAGE 2 // for a wrong configuration too: another start ends alike

struct arguments {
	struct daemon_options daemon;
	bool check;
};

static const char usage[] =
	"Usage: dmvpnd [--config FILE] [--control SOCKET] [--state-dir DIR] [--check] [--log-level LEVEL]\n"
	"              [--log-format FORMAT]\n"
	"\n"
	"  --config FILE      the configuration (default " DEFAULT_CONFIG ")\n"
	"  --control SOCKET   where dmvpnctl finds the daemon (default " DEFAULT_CONTROL ")\n"
	"  --state-dir DIR    what survives a restart (default " DEFAULT_STATE_DIR ")\n"
	"  --no-sandbox       do not give up system calls (seccomp), to look for what a hook lacks\n"
	"  --check            only read the configuration: status 0 if it is good, 2 if not\n"
	"  --log-level LEVEL  error, warning, notice, info (default) or debug\n"
	"  --log-format FORMAT\n"
	"                     text or json (an object a line); by default text, or fields for systemd's journal\n"
	"  --version, --help\n"
	"\n"
	"Runs in the foreground and logs to standard error.\n";

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "control", required_argument, NULL, 's' },
	{ "state-dir", required_argument, NULL, 'd' },
	{ "no-sandbox", no_argument, NULL, 'n' },
	{ "check", no_argument, NULL, 'k' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "log-format", required_argument, NULL, 'f' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void set_log_level(const char *text)
{
	enum log_level level;

	if (!log_level_parse(text, &level)) {
		(void)fprintf(stderr, "dmvpnd: no log level is called \"%s\"; see dmvpnd --help\n", text);
		exit(EXIT_USAGE);
	}
	log_set_level(level);
}

static void set_log_format(const char *text)
{
	if (!logformat_set(text)) {
		(void)fprintf(stderr, "dmvpnd: no log format is called \"%s\"; see dmvpnd --help\n", text);
		exit(EXIT_USAGE);
	}
}

static struct arguments read_arguments(int argc, char **argv)
{
	struct arguments arguments = {
		.daemon = { .config = DEFAULT_CONFIG,
			.control = DEFAULT_CONTROL,
			.state_dir = DEFAULT_STATE_DIR,
			.sandbox = true },
	};
	int option;

	logformat_set_journal();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments.daemon.config = optarg;
			break;
		case 's':
			arguments.daemon.control = optarg;
			break;
		case 'd':
			arguments.daemon.state_dir = optarg;
			break;
		case 'n':
			arguments.daemon.sandbox = false;
			break;
		case 'k':
			arguments.check = true;
			break;
		case 'l':
			set_log_level(optarg);
			break;
		case 'f':
			set_log_format(optarg);
			break;
		case 'v':
			(void)printf("dmvpnd %s\n", DMVPN_VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			(void)fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		(void)fprintf(
			stderr, "dmvpnd: unexpected argument \"%s\"; see dmvpnd --help\n", argv[optind]);
		exit(EXIT_USAGE);
	}
	return arguments;
}

static void print_messages(const char *file, const struct conf_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *message = &messages->items[i];
		const char *severity = message->severity == CONF_ERROR ? "error" : "warning";

		if (message->line == 0)
			(void)fprintf(stderr, "%s: %s: %s\n", file, severity, message->text);
		else if (message->column == 0)
			(void)fprintf(
				stderr, "%s:%u: %s: %s\n", file, message->line, severity, message->text);
		else
			(void)fprintf(stderr, "%s:%u:%u: %s: %s\n", file, message->line, message->column,
				severity, message->text);
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = read_arguments(argc, argv);
	struct conf_messages messages = { 0 };
	struct config *config = conf_load(arguments.daemon.config, &messages);

	print_messages(arguments.daemon.config, &messages);
	conf_messages_free(&messages);
	if (!config)
		return EXIT_USAGE;
	if (!arguments.check)
		return daemon_run(config, &arguments.daemon);
	conf_free(config);
	return EXIT_SUCCESS;
}
