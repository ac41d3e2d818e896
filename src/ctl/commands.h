// SPDX-License-Identifier: GPL-2.0-or-later
/// The commands of the control socket. One table says for each its words, its help and what it does; words
/// may be abbreviated as on a router, as long as they stay unambiguous.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/attr.h"

struct ctl_context;
struct ctl_session;
struct exec_command;
struct reply;

#define COMMAND_MAX_WORDS 64

/// The rows of the table in order (ctl/grammar.h); NULL behind the last one.
const struct exec_command *command_row(size_t index);

/// Begins a command for a session. Never NULL; the caller takes the lines of the reply until it is done, and
/// then frees it.
struct reply *command_start(
	struct ctl_context *context, struct ctl_session *session, const char *const *words, size_t count);
/// The reply which says what can follow `count - 1` words, where the last one, possibly empty, is only begun.
struct reply *command_complete(
	struct ctl_context *context, struct ctl_session *session, const char *const *words, size_t count);
/// A reply that is an error from elsewhere.
struct reply *reply_error(const char *text);

/// The next line of a reply: {"ok": true, "view": NAME, "data": {…}}, where NAME tells which text layout
/// fits, and "more": true while others follow, or {"ok": false, "error": TEXT}. NULL where this turn of the
/// event loop did work and the next call goes on. The caller owns it.
json_t *reply_next(struct reply *reply, struct ctl_context *context) MUST_CHECK;
bool reply_is_done(const struct reply *reply);
/// NULL does no harm.
void reply_free(struct reply *reply);
