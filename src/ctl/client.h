// SPDX-License-Identifier: GPL-2.0-or-later
/// One connection to the control socket: its requests, the reply under way, and what it listens to.
#pragma once

#include <jansson.h>
#include <uv.h>

#include "ctl/server.h"
#include "ctl/session.h"

struct client;

/// The server behind its clients.
struct ctl_server {
	uv_pipe_t pipe;
	struct ctl_context *context;
	struct ctl_limits limits;
	struct client *clients; ///< list by client_next()
	size_t client_count;
	size_t owners; ///< the listening pipe and the clients whose handles are not closed yet
};

/// One of the server's owners is gone; the last one takes it along.
void server_release(struct ctl_server *server);

/// Accepts a connection of the server's pipe and serves it until it ends.
void client_accept(struct ctl_server *server);
struct client *client_next(const struct client *client);
const struct ctl_session *client_session(const struct client *client);
/// Queues a line for a client that listens; takes it. What the client does not read in time is left out, and
/// counted for it.
void client_tell(struct client *client, json_t *line);
void client_close(struct client *client);
