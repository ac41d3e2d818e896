// SPDX-License-Identifier: GPL-2.0-or-later
/// The shell of a router: a prompt with the host's name, completion by the tabulator, help by "?", history,
/// pages.
#pragma once

#include "cli/cli.h"

/// Runs until `exit` or the end of the input. Without a terminal each line of the input is a command, and the
/// status is that of the first one that failed.
enum exit_status shell_run(struct cli *cli);
