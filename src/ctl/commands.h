// SPDX-License-Identifier: GPL-2.0-or-later
/// The commands of the control socket. One table says for each its words, its help and what it does; words
/// may be abbreviated as on a router, as long as they stay unambiguous.
#pragma once

#include <stddef.h>

#include <jansson.h>

struct ctl_context;

#define COMMAND_MAX_WORDS 12

/// Runs a command and returns the reply: {"ok": true, "view": NAME, "data": {…}}, where NAME tells which
/// text layout fits, or {"ok": false, "error": TEXT}. Never NULL; the caller owns it.
json_t *command_run(struct ctl_context *context, const char *const *words, size_t count);

/// The same reply for an error from elsewhere.
json_t *command_error(const char *text);
