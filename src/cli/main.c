// SPDX-License-Identifier: GPL-2.0-or-later
// dmvpnctl: gives one command to the daemon and prints the answer.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/field.h"
#include "cli/tables.h"

#define DEFAULT_CONTROL  "/run/dmvpnd/control"
#define PATIENCE_SECONDS 30

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,      ///< the daemon did not take the command
	EXIT_NO_CONNECTION = 2 ///< wrong usage, or nobody to ask
};

static const char usage[] =
	"usage: dmvpnctl [--control SOCKET] [--json] COMMAND...\n"
	"\n"
	"  --control SOCKET  where the daemon listens (default " DEFAULT_CONTROL ")\n"
	"  --json            print the view as JSON\n"
	"  --version         print the version of this program\n"
	"\n"
	"Commands are those of a router, words may be abbreviated: \"show dmvpn\", \"sh ip nhrp nhs detail\",\n"
	"\"clear ip nhrp\". \"dmvpnctl help\" lists them all.\n"
	"Exit status: 0 done, 1 the command was refused, 2 wrong usage or no connection to the daemon.\n";

static bool connect_error(const char *path, int code, struct err *err)
{
	if (code == ENOENT || code == ECONNREFUSED)
		return err_set(err,
			"nobody answers on the control socket %s: start dmvpnd, or name its socket with "
			"--control",
			path);
	if (code == EACCES)
		return err_set(err, "no permission for the control socket %s: run dmvpnctl as root", path);
	return err_set_errno(err, code, "control socket %s", path);
}

static int connect_to(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	if (strlen(path) >= sizeof(address.sun_path)) {
		err_set(err, "the path of the control socket is too long: %.100s…", path);
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set_errno(err, errno, "socket");
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		connect_error(path, errno, err);
		close(fd);
		return -1;
	}
	return fd;
}

/// Sends {"command": [words]} as a line.
static bool send_request(int fd, char *const *words, int count, struct err *err)
{
	json_t *list = json_array();
	for (int i = 0; i < count; i++)
		for (const char *word = words[i]; *word != '\0';) {
			size_t blanks = strspn(word, " \t"), length = strcspn(word + blanks, " \t");
			json_t *string = json_stringn(word + blanks, length);
			if (string == NULL)
				string = json_string("?");
			if (length > 0)
				json_array_append(list, string);
			json_decref(string);
			word += blanks + length;
		}
	json_t *request = json_pack("{s:o}", "command", list);
	char *text = json_dumps(request, JSON_COMPACT);
	json_decref(request);

	size_t length = strlen(text), sent = 0;
	text[length++] = '\n';
	while (sent < length) {
		ssize_t part = send(fd, text + sent, length - sent, MSG_NOSIGNAL);
		if (part < 0)
			break;
		sent += (size_t)part;
	}
	free(text);
	return sent == length || err_set_errno(err, errno, "the daemon took no request");
}

static json_t *receive_reply(int fd, struct err *err)
{
	FILE *stream = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;
	json_error_t error;

	errno = 0;
	ssize_t length = getline(&line, &size, stream);
	int code = errno;
	json_t *reply = length > 0 ? json_loadb(line, (size_t)length, 0, &error) : NULL;
	if (length <= 0 && code == EAGAIN)
		err_set(err, "the daemon did not answer within %d seconds", PATIENCE_SECONDS);
	else if (length <= 0)
		err_set(err, "the daemon closed the connection without an answer");
	else if (!json_is_object(reply))
		err_set(err, "the daemon's answer is no JSON: is this dmvpnd's control socket?");
	free(line);
	fclose(stream);
	if (json_is_object(reply))
		return reply;
	json_decref(reply);
	return NULL;
}

static json_t *ask(const char *path, char *const *words, int count, struct err *err)
{
	int fd = connect_to(path, err);
	if (fd < 0)
		return NULL;
	if (!send_request(fd, words, count, err)) {
		close(fd);
		return NULL;
	}
	return receive_reply(fd, err);
}

static enum exit_status print_reply(const json_t *reply, bool json)
{
	const json_t *data = json_object_get(reply, "data");
	if (!field_true(reply, "ok")) {
		fprintf(stderr, "%% %s\n", field_text(reply, "error"));
		return EXIT_REFUSED;
	}
	if (json) {
		json_dumpf(data, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		table_print(stdout, field_text(reply, "view"), data);
	}
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *control = DEFAULT_CONTROL;
	bool json = false;
	struct err err = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "c:jhV", options, NULL)) != -1)
		switch (option) {
		case 'c':
			control = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		case 'V':
			puts("dmvpnctl " DMVPN_VERSION);
			return EXIT_OK;
		default:
			fputs(usage, stderr);
			return EXIT_NO_CONNECTION;
		}
	if (optind == argc) {
		fputs(usage, stderr);
		return EXIT_NO_CONNECTION;
	}

	json_t *reply = ask(control, argv + optind, argc - optind, &err);
	if (reply == NULL) {
		fprintf(stderr, "dmvpnctl: %s\n", err.text);
		return EXIT_NO_CONNECTION;
	}
	enum exit_status status = print_reply(reply, json);
	json_decref(reply);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_REFUSED;
	return status;
}
