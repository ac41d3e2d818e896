// SPDX-License-Identifier: GPL-2.0-or-later
/// Commands that the client itself carries out, out of several views.
#pragma once

#include <stdio.h>

#include "cli/cli.h"

/// Carries out what a view "client" says. EXIT_REFUSED and `err` where that does not work.
enum exit_status local_run(struct cli *cli, const json_t *what, FILE *out, bool json, struct err *err);
