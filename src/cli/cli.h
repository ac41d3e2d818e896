// SPDX-License-Identifier: GPL-2.0-or-later
/// One use of dmvpnctl: where it asks, and how it shows what it hears.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"
#include "cli/connection.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,      ///< the daemon did not take the command
	EXIT_NO_CONNECTION = 2 ///< wrong usage, or nobody to ask
};

struct cli {
	const char *control;           ///< path of the daemon's socket
	bool json;                     ///< show views as JSON
	bool interactive;              ///< a person types
	unsigned page;                 ///< lines of a page; 0: no paging
	bool ended;                    ///< `exit`
	struct connection *connection; ///< NULL: none
	char hostname[64];
	char mode[32]; ///< of the session, as in a prompt: "", "config", "config-if"
};

/// Ends the connection; the next request makes another one.
void cli_disconnect(struct cli *cli);

/// What takes the parts of a reply; it owns `data`.
struct cli_taker {
	void (*part)(void *context, const char *view, json_t *data);
	void *context;
};

/// Sends a request and gives every part of the reply to `taker`. What is heard meanwhile by listening is
/// printed. EXIT_REFUSED and `err` where the daemon refuses, EXIT_NO_CONNECTION and `err` where the
/// connection breaks.
enum exit_status cli_request(
	struct cli *cli, json_t *request, const struct cli_taker *taker, struct err *err);
/// The whole view that a command gives, or NULL and `err`. The caller owns it.
json_t *cli_view(struct cli *cli, const char *command, struct err *err);
/// {"command": line} with what the session is.
json_t *cli_command(const struct cli *cli, const char *line);

/// Runs one line as it was typed, with its filters, and prints what comes.
enum exit_status cli_run(struct cli *cli, const char *line);
/// Prints what is heard by listening: an event, a packet, or that some were lost.
void cli_print_live(FILE *out, const json_t *line);
