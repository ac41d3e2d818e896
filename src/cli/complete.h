// SPDX-License-Identifier: GPL-2.0-or-later
/// What can follow the words so far, as the daemon knows.
#pragma once

#include "cli/cli.h"

/// Asks what can stand in the place of the last word of `line`, which is empty where the line ends with a
/// blank; the filters behind a `|` included. A view dmvpn/completion/1 that the caller owns, or NULL and
/// `err`.
json_t *complete_ask(struct cli *cli, const char *line, struct err *err);
/// Prints the keywords that can stand in the place of the last of `words`, one on a line, for other shells.
enum exit_status complete_print(struct cli *cli, char *const *words, size_t count);
