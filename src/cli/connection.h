// SPDX-License-Identifier: GPL-2.0-or-later
/// A connection to the daemon's control socket: JSON lines both ways (docs/cli.md).
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"

#define DEFAULT_CONTROL  "/run/dmvpnd/control"
#define PATIENCE_SECONDS 30

struct connection;

/// NULL and `err` where nobody answers at `path`.
struct connection *connection_open(const char *path, struct err *err) MUST_CHECK;
/// Sends a line; takes the object.
bool connection_send(struct connection *connection, json_t *line, struct err *err) MUST_CHECK;
/// The next line as an object that the caller owns. NULL and `err` at the end, or where nothing came for
/// PATIENCE_SECONDS; below zero waits for ever.
json_t *connection_receive(struct connection *connection, int patience, struct err *err) MUST_CHECK;
/// To wait for, where connection_has_line() says that nothing was read already.
int connection_fd(const struct connection *connection);
bool connection_has_line(const struct connection *connection);
/// NULL does no harm.
void connection_close(struct connection *connection);
