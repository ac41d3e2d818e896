// SPDX-License-Identifier: GPL-2.0-or-later
/// `configure terminal`: lines of configuration, each of which is checked with all that runs, and applied at
/// once.
///
/// A line that is right but leaves its block incomplete, as the first lines of a new tunnel do, waits for
/// those that complete it; then all of them are applied together.
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"

struct ctl_context;

/// Of one session; all zero is not configuring.
struct ctl_configure {
	bool active;
	unsigned context; ///< of the next line (enum command_context)
	char *block;      ///< the lines of the block that is open; NULL: none
	bool waiting;     ///< the block is not complete and not applied
	bool astray;      ///< the first line of another block was refused: what follows is not for this one
};

void configure_begin(struct ctl_configure *configure);
/// Takes a line. Returns what to tell (dmvpn/message/1), or NULL and `err` where the line is refused.
json_t *configure_line(
	struct ctl_configure *configure, struct ctl_context *context, const char *line, struct err *err);
/// As in a prompt: "config", "config-if", with a star where lines wait; NULL: not configuring.
const char *configure_mode(const struct ctl_configure *configure);
/// What can follow the words of a line, as grammar_complete().
json_t *configure_complete(const struct ctl_configure *configure, const char *line, const char *begun,
	bool *ret_end, struct err *err);
void configure_end(struct ctl_configure *configure);
