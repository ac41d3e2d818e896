// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/vici_conn.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/alloc.h"

#define RETRY_FIRST    100   ///< milliseconds until the next attempt to connect; doubles
#define RETRY_LAST     2000  ///< milliseconds
#define PATIENCE       15000 ///< milliseconds for a reply
#define LINGER         1000  ///< milliseconds for the queue, when closing
#define READ_SIZE_STEP 16384

struct command {
	struct command *next;
	struct vici_writer writer;
	vici_conn_reply *reply;
	void *context;
};

struct vici_conn {
	struct uv_loop_s *loop;
	char *path;
	const char *const *events;
	struct vici_conn_handler handler;
	uv_pipe_t *pipe; ///< NULL: not connected and not connecting
	bool up;
	bool closing;
	uv_timer_t timer; ///< to connect, or patience with a reply
	unsigned retry;   ///< milliseconds
	struct command *queue;
	struct command **queue_end;
	bool sent; ///< the first of the queue is under way
	uint8_t *input;
	size_t filled;
	size_t capacity;
};

/// A write, with what is written: it may outlast the command where the connection is lost.
struct output {
	uv_write_t request;
	struct vici_writer writer;
};

static void connect_soon(struct vici_conn *conn);
static void send_first(struct vici_conn *conn);
static void drop(struct vici_conn *conn, const char *why);

/* The queue. */

static struct command *take_first(struct vici_conn *conn)
{
	struct command *command = conn->queue;

	conn->queue = command->next;
	if (!conn->queue)
		conn->queue_end = &conn->queue;
	conn->sent = false;
	return command;
}

static void finish(struct vici_conn *conn, struct command *command, const struct vici_packet *reply)
{
	if (command->reply && !conn->closing)
		command->reply(command->context, reply);
	vici_writer_done(&command->writer);
	free(command);
}

static void on_impatient(uv_timer_t *timer)
{
	struct vici_conn *conn = timer->data;

	drop(conn, "it does not answer");
}

static void on_written(uv_write_t *request, int status)
{
	struct output *output = container_of(request, struct output, request);

	(void)status; // a failure is seen by the reader
	vici_writer_done(&output->writer);
	free(output);
}

static void send_first(struct vici_conn *conn)
{
	struct output *output;
	const uint8_t *data;
	size_t length = 0;
	uv_buf_t buffer;

	if (!conn->pipe || !conn->queue || conn->sent)
		return;
	output = alloc_zeroed(1, sizeof(*output));
	output->writer = conn->queue->writer;
	conn->queue->writer = (struct vici_writer) { .failed = true };
	data = vici_writer_finish(&output->writer, &length);
	buffer = uv_buf_init(data ? (char *)output->writer.data : NULL, (unsigned)length);
	conn->sent = true;
	if (uv_write(&output->request, (uv_stream_t *)conn->pipe, &buffer, 1, on_written) < 0) {
		vici_writer_done(&output->writer);
		free(output);
	}
	if (!conn->closing)
		uv_timer_start(&conn->timer, on_impatient, PATIENCE, 0);
}

static void enqueue(struct vici_conn *conn, struct vici_writer *writer, vici_conn_reply *reply, void *context)
{
	struct command *command = alloc_zeroed(1, sizeof(*command));

	*command = (struct command) { .writer = *writer, .reply = reply, .context = context };
	*writer = (struct vici_writer) { .failed = true };
	*conn->queue_end = command;
	conn->queue_end = &command->next;
	send_first(conn);
}

void vici_conn_send(struct vici_conn *conn, struct vici_writer *writer, vici_conn_reply *reply, void *context)
{
	size_t length;

	if (conn->up && vici_writer_finish(writer, &length)) {
		enqueue(conn, writer, reply, context);
		return;
	}
	vici_writer_done(writer);
	if (reply)
		reply(context, NULL);
}

bool vici_conn_is_up(const struct vici_conn *conn)
{
	return conn->up;
}

/* The connection. */

static void on_pipe_closed(uv_handle_t *handle)
{
	free(handle);
}

static void free_conn(struct vici_conn *conn)
{
	free(conn->input);
	free(conn->path);
	free(conn);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free_conn(handle->data);
}

/// Ends the connection, and tells everybody who waits.
static void drop(struct vici_conn *conn, const char *why)
{
	bool was_up = conn->up;

	uv_timer_stop(&conn->timer);
	if (conn->pipe)
		uv_close((uv_handle_t *)conn->pipe, on_pipe_closed);
	conn->pipe = NULL;
	conn->up = false;
	conn->filled = 0;
	while (conn->queue)
		finish(conn, take_first(conn), NULL);
	if (conn->closing) {
		uv_close((uv_handle_t *)&conn->timer, on_timer_closed);
		return;
	}
	connect_soon(conn);
	if (was_up)
		conn->handler.on_down(conn->handler.owner, why);
}

static void on_reply(struct vici_conn *conn, const struct vici_packet *packet)
{
	bool known = packet->type == VICI_RESPONSE || packet->type == VICI_EVENT_CONFIRM;
	struct command *command;

	if (!conn->sent) {
		drop(conn, "it answers what was not asked");
		return;
	}
	if (!conn->closing)
		uv_timer_stop(&conn->timer);
	command = take_first(conn);
	send_first(conn);
	finish(conn, command, known ? packet : NULL);
	if (conn->closing && !conn->queue)
		drop(conn, "");
}

static void on_packet(struct vici_conn *conn, const uint8_t *data, size_t length)
{
	struct vici_packet packet;

	if (!vici_packet_read(data, length, &packet)) {
		drop(conn, "it sends what is not VICI");
		return;
	}
	switch (packet.type) {
	case VICI_EVENT:
		if (!conn->closing)
			conn->handler.on_event(conn->handler.owner, &packet);
		break;
	case VICI_RESPONSE:
	case VICI_REQUEST_UNKNOWN:
	case VICI_EVENT_CONFIRM:
	case VICI_EVENT_UNKNOWN:
		on_reply(conn, &packet);
		break;
	case VICI_REQUEST:
	case VICI_EVENT_REGISTER:
	case VICI_EVENT_UNREGISTER:
		drop(conn, "it sends requests");
		break;
	}
}

/// Takes whole packets off the front of the input. What a packet causes may end the connection, and even
/// begin another, so the input is left alone then.
static void take_packets(struct vici_conn *conn)
{
	const uv_pipe_t *pipe = conn->pipe;
	size_t offset = 0;

	while (conn->filled - offset >= VICI_HEADER_SIZE) {
		size_t length = vici_header_read(conn->input + offset);

		if (length == 0) {
			drop(conn, "it sends what is not VICI");
			return;
		}
		if (conn->filled - offset - VICI_HEADER_SIZE < length)
			break;
		on_packet(conn, conn->input + offset + VICI_HEADER_SIZE, length);
		if (conn->pipe != pipe)
			return;
		offset += VICI_HEADER_SIZE + length;
	}
	if (offset > 0)
		memmove(conn->input, conn->input + offset, conn->filled - offset);
	conn->filled -= offset;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct vici_conn *conn = handle->data;

	(void)suggested;
	// The input holds less than a packet when this is called, so that it cannot grow beyond two.
	if (conn->capacity - conn->filled < READ_SIZE_STEP) {
		conn->capacity = conn->capacity * 2 + READ_SIZE_STEP;
		conn->input = alloc_resize(conn->input, conn->capacity, 1);
	}
	*buffer = uv_buf_init((char *)conn->input + conn->filled, READ_SIZE_STEP);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct vici_conn *conn = stream->data;

	(void)buffer;
	if (conn->pipe != (uv_pipe_t *)stream)
		return;
	if (length < 0) {
		drop(conn, uv_strerror((int)length));
		return;
	}
	conn->filled += (size_t)length;
	take_packets(conn);
}

static void on_connected(uv_connect_t *request, int status)
{
	uv_pipe_t *pipe = (uv_pipe_t *)request->handle;
	struct vici_conn *conn = pipe->data;

	free(request);
	if (status == UV_ECANCELED || conn->pipe != pipe)
		return;
	if (status < 0 || uv_read_start((uv_stream_t *)pipe, on_alloc, on_read) < 0) {
		drop(conn, "");
		return;
	}
	conn->up = true;
	conn->retry = RETRY_FIRST;
	for (size_t i = 0; conn->events[i]; i++) {
		struct vici_writer writer = vici_writer_make(VICI_EVENT_REGISTER, conn->events[i]);

		enqueue(conn, &writer, NULL, NULL);
	}
	conn->handler.on_up(conn->handler.owner);
}

static void on_connect_timer(uv_timer_t *timer)
{
	struct vici_conn *conn = timer->data;
	uv_connect_t *request = alloc_zeroed(1, sizeof(*request));

	conn->pipe = alloc_zeroed(1, sizeof(*conn->pipe));
	uv_pipe_init(conn->loop, conn->pipe, 0);
	conn->pipe->data = conn;
	uv_pipe_connect(request, conn->pipe, conn->path, on_connected);
}

static void connect_soon(struct vici_conn *conn)
{
	uv_timer_start(&conn->timer, on_connect_timer, conn->retry, 0);
	conn->retry = conn->retry * 2 > RETRY_LAST ? RETRY_LAST : conn->retry * 2;
}

struct vici_conn *vici_conn_new(struct uv_loop_s *loop, const char *path, const char *const *events,
	const struct vici_conn_handler *handler)
{
	struct vici_conn *conn = alloc_zeroed(1, sizeof(*conn));

	conn->loop = loop;
	conn->path = alloc_string(path);
	conn->events = events;
	conn->handler = *handler;
	conn->retry = RETRY_FIRST;
	conn->queue_end = &conn->queue;
	// A write to a charon that is gone shall fail, not end the process.
	signal(SIGPIPE, SIG_IGN);
	uv_timer_init(loop, &conn->timer);
	conn->timer.data = conn;
	uv_timer_start(&conn->timer, on_connect_timer, 0, 0);
	return conn;
}

static void on_linger_over(uv_timer_t *timer)
{
	drop(timer->data, "");
}

void vici_conn_close(struct vici_conn *conn)
{
	if (!conn)
		return;
	conn->closing = true;
	if (conn->up && conn->queue)
		uv_timer_start(&conn->timer, on_linger_over, LINGER, 0);
	else
		drop(conn, "");
}
