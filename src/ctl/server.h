// SPDX-License-Identifier: GPL-2.0-or-later
/// The control socket: a Unix stream socket that takes commands and gives views.
///
/// The protocol is one JSON object per line, each way. Request: {"command": ["show", "ip", "nhrp"]}, the
/// words as they were typed. Reply: {"ok": true, "view": NAME, "data": {…}} or {"ok": false, "error": TEXT};
/// a long reply comes in parts, all but the last with "more": true. Requests of one client are answered in
/// their order. {"complete": WORDS} asks what can follow. What a session listens to comes between replies as
/// {"event": {…}}, {"packet": {…}}, or {"lost": COUNT} where it did not read them in time. A client that
/// sends what is no request gets an error; one that sends too much, or reads or says nothing for too long, is
/// disconnected, unless it listens or its last request has "interactive": true.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/mono.h"

struct ctl_context;
struct ctl_server;
struct event;
struct packet_report;
struct uv_loop_s;

struct ctl_limits {
	size_t clients;      ///< at the same time; more are refused
	size_t lasting;      ///< of them, that may be idle
	size_t request_size; ///< of one request, bytes
	uint64_t patience;   ///< milliseconds in which a client must send a request or read a line
};

#define CTL_LIMITS_DEFAULT                                                                                   \
	((struct ctl_limits) { .clients = 32, .lasting = 24, .request_size = 8192, .patience = 30000 })

/// Listens on `path` (mode 0660), makes its directory where that is missing, and removes a socket that
/// nobody answers on. `context` is borrowed until the server is closed. SIGPIPE is ignored from here on.
/// NULL and `err` on failure, which includes that another daemon answers there.
struct ctl_server *ctl_server_open(struct uv_loop_s *loop, const char *path, struct ctl_context *context,
	struct ctl_limits limits, struct err *err) MUST_CHECK;
/// Keeps an event in the context's log, and tells it to the sessions that listen. NULL does no harm.
void ctl_server_event(
	struct ctl_server *server, const struct event *event, const char *interface, struct mono now);
/// Tells the sessions that listen of a packet. NULL does no harm.
void ctl_server_packet(struct ctl_server *server, const struct packet_report *report);
/// Removes the socket and disconnects everybody. The memory is freed in the next turn of the loop, which
/// must run once more. NULL does no harm.
void ctl_server_close(struct ctl_server *server);
