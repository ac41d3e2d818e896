// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/field.h"
#include "cli/local.h"
#include "cli/filter.h"
#include "cli/merge.h"
#include "cli/pager.h"
#include "cli/tables.h"

/// Connects, unless there is a connection.
static bool ensure_connection(struct cli *cli, struct err *err)
{
	if (cli->connection == NULL)
		cli->connection = connection_open(cli->control, err);
	return cli->connection != NULL;
}

void cli_disconnect(struct cli *cli)
{
	connection_close(cli->connection);
	cli->connection = NULL;
	cli->mode[0] = '\0';
}

json_t *cli_command(const struct cli *cli, const char *line)
{
	json_t *text = json_string(line);
	if (text == NULL) // no UTF-8
		text = json_string("?");
	return json_pack("{s:o, s:b}", "command", text, "interactive", cli->interactive);
}

void cli_print_live(FILE *out, const json_t *line)
{
	const json_t *event = json_object_get(line, "event"), *packet = json_object_get(line, "packet");
	if (event != NULL)
		table_event(out, event);
	else if (packet != NULL)
		table_packet(out, packet);
	else
		fprintf(out, "%% %lld events are not shown: there were too many\n",
			field_number(line, "lost"));
	fflush(out);
}

/// The next line of the reply, past those that were heard by listening.
static json_t *receive_reply(struct cli *cli, struct err *err)
{
	for (;;) {
		json_t *line = connection_receive(cli->connection, PATIENCE_SECONDS, err);
		if (line == NULL || json_object_get(line, "ok") != NULL)
			return line;
		if (!cli->json)
			cli_print_live(stdout, line);
		json_decref(line);
	}
}

enum exit_status cli_request(struct cli *cli, json_t *request, const struct cli_taker *taker, struct err *err)
{
	bool more = true;
	if (!ensure_connection(cli, err)) {
		json_decref(request);
		return EXIT_NO_CONNECTION;
	}
	if (!connection_send(cli->connection, request, err)) {
		cli_disconnect(cli);
		return EXIT_NO_CONNECTION;
	}
	while (more) {
		json_t *line = receive_reply(cli, err);
		if (line == NULL) {
			cli_disconnect(cli);
			return EXIT_NO_CONNECTION;
		}
		snprintf(cli->mode, sizeof(cli->mode), "%s", field_text(line, "mode"));
		if (!field_true(line, "ok")) {
			err_set(err, "%s", field_text(line, "error"));
			json_decref(line);
			return EXIT_REFUSED;
		}
		more = field_true(line, "more");
		taker->part(
			taker->context, field_text(line, "view"), json_incref(json_object_get(line, "data")));
		json_decref(line);
	}
	return EXIT_OK;
}

static void take_whole(void *context, const char *view, json_t *data)
{
	(void)view;
	merge_part(context, data);
}

json_t *cli_view(struct cli *cli, const char *command, struct err *err)
{
	json_t *whole = NULL;
	const struct cli_taker taker = { take_whole, &whole };
	enum exit_status status = cli_request(cli, cli_command(cli, command), &taker, err);
	if (status == EXIT_OK) {
		merge_finish(whole);
		return whole;
	}
	json_decref(whole);
	return NULL;
}

/// The output of one command on its way.
struct printer {
	bool json;
	FILE *out;
	json_t *whole; ///< JSON is printed when it is whole
	char view[32]; ///< of the last part
	json_t *last;  ///< it; kept for what the client itself does
};

static void print_part(void *context, const char *view, json_t *data)
{
	struct printer *printer = context;
	snprintf(printer->view, sizeof(printer->view), "%s", view);
	json_decref(printer->last);
	printer->last = json_incref(data);
	if (strcmp(view, "client") == 0)
		json_decref(data);
	else if (printer->json)
		merge_part(&printer->whole, data);
	else {
		table_print(printer->out, view, data);
		json_decref(data);
	}
}

static void print_json(struct printer *printer)
{
	if (printer->whole == NULL)
		return;
	merge_finish(printer->whole);
	json_dumpf(printer->whole, printer->out, JSON_INDENT(2));
	fputc('\n', printer->out);
	json_decref(printer->whole);
}

/// Where somebody not interactive switched on something to listen to, that is what the command is for.
static bool begins_to_listen(const struct cli *cli, const struct printer *printer)
{
	const json_t *data = printer->last;
	return !cli->interactive && strcmp(printer->view, "debugging") == 0 &&
	       (field_true(data, "monitor") || field_true(data, "packet") || field_true(data, "cache") ||
		       field_true(data, "event"));
}

/// Prints what comes until the connection ends or SIGINT.
static enum exit_status print_live(struct cli *cli)
{
	struct err err;
	json_t *line;
	fflush(stdout);
	while ((line = connection_receive(cli->connection, -1, &err)) != NULL) {
		if (cli->json) {
			json_dumpf(line, stdout, JSON_COMPACT);
			putchar('\n');
			fflush(stdout);
		} else {
			cli_print_live(stdout, line);
		}
		json_decref(line);
		if (ferror(stdout))
			return EXIT_OK;
	}
	fprintf(stderr, "dmvpnctl: %s\n", err.text);
	return EXIT_NO_CONNECTION;
}

static enum exit_status show(struct cli *cli, const char *command, const struct filters *filters, FILE *out)
{
	struct printer printer = { .json = cli->json || filters->json };
	const struct cli_taker taker = { print_part, &printer };
	struct err err = { 0 };
	FILE *filtered = filters_open(filters, out);
	printer.out = filtered != NULL ? filtered : out;

	enum exit_status status = cli_request(cli, cli_command(cli, command), &taker, &err);
	print_json(&printer);
	if (status == EXIT_OK && strcmp(printer.view, "client") == 0)
		status = local_run(cli, printer.last, printer.out, printer.json, &err);
	if (filtered != NULL)
		fclose(filtered);
	fflush(out);
	if (err.text[0] != '\0')
		fprintf(stderr, status == EXIT_REFUSED ? "%% %s\n" : "dmvpnctl: %s\n", err.text);
	if (status == EXIT_OK && begins_to_listen(cli, &printer))
		status = print_live(cli);
	json_decref(printer.last);
	return status;
}

enum exit_status cli_run(struct cli *cli, const char *line)
{
	struct filters filters;
	struct err err = { 0 };
	char *command = alloc_string(line);
	enum exit_status status = EXIT_REFUSED;
	if (filters_parse(command, &filters, &err)) {
		FILE *out = pager_open(cli->interactive ? cli->page : 0);
		status = show(cli, command, &filters, out);
		fclose(out);
	} else {
		fprintf(stderr, "%% %s\n", err.text);
	}
	free(command);
	return status;
}
