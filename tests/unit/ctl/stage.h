// SPDX-License-Identifier: GPL-2.0-or-later
/// A control server over the hub of fixture.h on a socket of its own, and clients of it. Both live in one
/// thread: a client waits by running the server's loop until there is something, or a deadline passed.
#pragma once

#include <uv.h>

#include "ctl/server.h"
#include "fixture.h"

struct stage {
	uv_loop_t loop;
	struct fixture *hub;
	struct ctl_server *server;
	char directory[32];
	char path[64]; ///< of the socket
};

struct stage *stage_new(struct ctl_limits limits);
/// Closes the server; fails where something of it is left.
void stage_free(struct stage *stage);
/// A connection, not blocking.
int stage_client(const struct stage *stage);
void say(int fd, const char *text);
/// Reads one line; NULL at the end of the stream. The caller frees it.
char *hear(struct stage *stage, int fd);
