// SPDX-License-Identifier: GPL-2.0-or-later
/// A connection to charon over its VICI socket: commands in a queue, one under way at a time, and events. It
/// connects again, with back-off, for as long as it lives.
#pragma once

#include "wire/vici.h"

struct uv_loop_s;
struct vici_conn;

struct vici_conn_handler {
	/// Connected; the events are registered before the first command that is sent from here.
	void (*on_up)(void *owner);
	/// The connection is lost; each command that waited has had its reply, NULL.
	void (*on_down)(void *owner, const char *why);
	/// An event, also those that a streaming command brings before its reply.
	void (*on_event)(void *owner, const struct vici_packet *event);
	void *owner;
};

/// The reply to a command; NULL where it is lost, or charon does not know the command.
typedef void vici_conn_reply(void *context, const struct vici_packet *reply);

/// Starts to connect. `events` are names of events to register, NULL behind the last one, and stay valid.
struct vici_conn *vici_conn_new(struct uv_loop_s *loop, const char *path, const char *const *events,
	const struct vici_conn_handler *handler);
/// Queues a command and takes the writer. Without a connection, or where the message is not whole, `reply`
/// (may be NULL) gets NULL at once.
void vici_conn_send(
	struct vici_conn *conn, struct vici_writer *writer, vici_conn_reply *reply, void *context);
bool vici_conn_is_up(const struct vici_conn *conn);
/// Calls the handler no more, lets the queued commands finish for a second at most, and frees itself when the
/// loop next runs. NULL does no harm.
void vici_conn_close(struct vici_conn *conn);
