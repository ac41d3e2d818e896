// SPDX-License-Identifier: GPL-2.0-or-later
/// Canonical output.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"

struct command;

/// Writes the lines of one command: of tunnel `index`, or the global ones.
void print_command(FILE *out, const struct config *config, size_t index, const struct command *command,
	bool hide_secrets);
/// Writes the block of tunnel `index`.
void print_tunnel(FILE *out, const struct config *config, size_t index, bool hide_secrets);
