// SPDX-License-Identifier: GPL-2.0-or-later
#include "charon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void close_pipe(uv_pipe_t **pipe)
{
	if (*pipe)
		uv_close((uv_handle_t *)*pipe, on_closed);
	*pipe = NULL;
}

void charon_send_bytes(struct charon *charon, const void *bytes, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)length);

	assert_non_null(charon->client);
	assert_int_equal(uv_try_write((uv_stream_t *)charon->client, &buffer, 1), length);
}

static void send_packet(struct charon *charon, struct vici_writer *writer)
{
	size_t length;
	const uint8_t *data = vici_writer_finish(writer, &length);

	assert_non_null(data);
	charon_send_bytes(charon, data, length);
	vici_writer_done(writer);
}

/// What an IKE SA's section begins with.
static void put_ike(struct vici_writer *writer, const struct charon_sa *sa)
{
	vici_put_format(writer, "uniqueid", "%u", sa->id);
	vici_put(writer, "version", "2");
	vici_put(writer, "state", "ESTABLISHED");
	vici_put(writer, "local-host", "192.0.2.1");
	vici_put(writer, "remote-host", sa->remote);
	vici_put(writer, "local-id", sa->local_id);
	vici_put(writer, "remote-id", sa->remote_id);
	if (sa->initiator)
		vici_put(writer, "initiator", "yes");
	vici_put_format(writer, "established", "%u", sa->age);
}

static void put_child(
	struct vici_writer *writer, const char *section, uint32_t id, unsigned mark, bool installed)
{
	vici_put_section(writer, section);
	vici_put(writer, "name", "gre");
	vici_put_format(writer, "uniqueid", "%u", id);
	vici_put(writer, "state", installed ? "INSTALLED" : "DELETED");
	if (mark) {
		vici_put_format(writer, "mark-out", "%08x", mark);
		vici_put(writer, "mark-mask-out", "00ffffff");
	}
	vici_end_section(writer);
}

static void put_sa(struct vici_writer *writer, const struct charon_sa *sa, bool installed)
{
	vici_put_section(writer, sa->connection);
	put_ike(writer, sa);
	vici_put_section(writer, "child-sas");
	if (sa->has_child)
		put_child(writer, "gre-1", sa->id + 100, sa->mark, installed);
	if (sa->has_second)
		put_child(writer, "gre-2", sa->id + 200, sa->mark ? sa->mark + 1 : 0, installed);
	vici_end_section(writer);
	vici_end_section(writer);
}

static void list_sas(struct charon *charon, struct vici_text connection)
{
	for (unsigned i = 0; i < CHARON_SAS; i++) {
		struct vici_writer writer;

		if (charon->sas[i].id == 0 ||
			(connection.length > 0 && !vici_text_is(connection, charon->sas[i].connection)))
			continue;
		writer = vici_writer_make(VICI_EVENT, "list-sa");
		put_sa(&writer, &charon->sas[i], true);
		send_packet(charon, &writer);
	}
}

/// What a request is about, for charon_asked().
static void note(struct charon *charon, const struct vici_packet *packet)
{
	static const char *const keys[] = { "ike", "ike-id", "child-id", "name" };
	struct charon_request *request;
	struct vici_element element;
	struct vici_section rest = packet->message;

	assert_true(charon->request_count < CHARON_REQUESTS);
	request = &charon->requests[charon->request_count++];
	*request = (struct charon_request) { 0 };
	vici_text_copy(packet->name, request->name, sizeof(request->name));
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
		struct vici_text text = vici_value(packet->message, keys[i]);

		if (text.length > 0)
			vici_text_copy(text, request->what, sizeof(request->what));
	}
	if (vici_text_is(packet->name, "load-conn") && vici_next(&rest, &element))
		vici_text_copy(element.name, request->what, sizeof(request->what));
	request->force = vici_text_is(vici_value(packet->message, "force"), "yes");
}

static void answer(struct charon *charon, const struct vici_packet *packet)
{
	struct vici_writer writer;

	if (packet->type == VICI_EVENT_REGISTER) {
		writer = vici_writer_make(VICI_EVENT_CONFIRM, NULL);
		send_packet(charon, &writer);
		return;
	}
	assert_int_equal(packet->type, VICI_REQUEST);
	note(charon, packet);
	if (vici_text_is(packet->name, "list-sas"))
		list_sas(charon, vici_value(packet->message, "ike"));
	writer = vici_writer_make(VICI_RESPONSE, NULL);
	vici_put(&writer, "success", "yes");
	if (vici_text_is(packet->name, "stats"))
		vici_put_single(
			&writer, "plugins", charon->user_space ? "kernel-libipsec" : "kernel-netlink");
	send_packet(charon, &writer);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct charon *charon = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(
		(char *)charon->input + charon->filled, (unsigned)(sizeof(charon->input) - charon->filled));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct charon *charon = stream->data;
	struct vici_packet packet;
	size_t size;

	(void)buffer;
	if (length < 0) {
		if (charon->client == (uv_pipe_t *)stream)
			close_pipe(&charon->client);
		return;
	}
	charon->filled += (size_t)length;
	while (charon->filled >= VICI_HEADER_SIZE &&
		charon->filled >= VICI_HEADER_SIZE + (size = vici_header_read(charon->input))) {
		assert_true(vici_packet_read(charon->input + VICI_HEADER_SIZE, size, &packet));
		answer(charon, &packet);
		charon->filled -= VICI_HEADER_SIZE + size;
		memmove(charon->input, charon->input + VICI_HEADER_SIZE + size, charon->filled);
	}
}

static void on_connection(uv_stream_t *server, int status)
{
	struct charon *charon = server->data;

	assert_int_equal(status, 0);
	close_pipe(&charon->client);
	charon->filled = 0;
	charon->client = alloc_zeroed(1, sizeof(*charon->client));
	uv_pipe_init(charon->loop, charon->client, 0);
	charon->client->data = charon;
	assert_int_equal(uv_accept(server, (uv_stream_t *)charon->client), 0);
	uv_read_start((uv_stream_t *)charon->client, on_alloc, on_read);
}

void charon_init(struct charon *charon, uv_loop_t *loop)
{
	memset(charon, 0, sizeof(*charon));
	charon->loop = loop;
	snprintf(charon->path, sizeof(charon->path), "/tmp/dmvpn-test-%d.vici", (int)getpid());
}

void charon_start(struct charon *charon)
{
	charon->server = alloc_zeroed(1, sizeof(*charon->server));
	uv_pipe_init(charon->loop, charon->server, 0);
	charon->server->data = charon;
	unlink(charon->path);
	assert_int_equal(uv_pipe_bind(charon->server, charon->path), 0);
	assert_int_equal(uv_listen((uv_stream_t *)charon->server, 4, on_connection), 0);
}

void charon_stop(struct charon *charon, bool crash)
{
	close_pipe(&charon->client);
	close_pipe(&charon->server);
	unlink(charon->path);
	if (crash)
		memset(charon->sas, 0, sizeof(charon->sas));
}

unsigned charon_asked(const struct charon *charon, const char *name, const char *what)
{
	unsigned count = 0;

	for (unsigned i = 0; i < charon->request_count; i++)
		count += strcmp(charon->requests[i].name, name) == 0 &&
			 (!what || strcmp(charon->requests[i].what, what) == 0);
	return count;
}

void charon_forget(struct charon *charon)
{
	charon->request_count = 0;
}

static struct charon_sa *slot(struct charon *charon, uint32_t id)
{
	for (unsigned i = 0; i < CHARON_SAS; i++) {
		if (charon->sas[i].id == id)
			return &charon->sas[i];
	}
	fail_msg("no SA %u", id);
	return NULL;
}

static void tell(struct charon *charon, const struct charon_sa *sa, bool up)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, "child-updown");

	if (up)
		vici_put(&writer, "up", "yes");
	put_sa(&writer, sa, up);
	send_packet(charon, &writer);
}

void charon_up(struct charon *charon, const struct charon_sa *sa)
{
	*slot(charon, 0) = *sa;
	tell(charon, sa, true);
}

void charon_down(struct charon *charon, uint32_t id)
{
	struct charon_sa *sa = slot(charon, id);

	tell(charon, sa, false);
	*sa = (struct charon_sa) { 0 };
}

void charon_ike(struct charon *charon, const struct charon_sa *sa, bool up)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, "ike-updown");

	if (up)
		vici_put(&writer, "up", "yes");
	vici_put_section(&writer, sa->connection);
	put_ike(&writer, sa);
	vici_end_section(&writer);
	send_packet(charon, &writer);
}

void charon_rekey_ike(struct charon *charon, uint32_t old, uint32_t new)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, "ike-rekey");
	struct charon_sa *sa = slot(charon, old);

	vici_put_section(&writer, sa->connection);
	vici_put_section(&writer, "old");
	put_ike(&writer, sa);
	vici_end_section(&writer);
	sa->id = new;
	vici_put_section(&writer, "new");
	put_ike(&writer, sa);
	vici_end_section(&writer);
	vici_end_section(&writer);
	send_packet(charon, &writer);
}

void charon_rekey_child(struct charon *charon, uint32_t id, uint32_t old, uint32_t new)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, "child-rekey");
	const struct charon_sa *sa = slot(charon, id);

	vici_put_section(&writer, sa->connection);
	put_ike(&writer, sa);
	vici_put_section(&writer, "child-sas");
	vici_put_section(&writer, "gre");
	put_child(&writer, "old", old, sa->mark, false);
	put_child(&writer, "new", new, sa->mark, true);
	vici_end_section(&writer);
	vici_end_section(&writer);
	vici_end_section(&writer);
	send_packet(charon, &writer);
}

void charon_event(struct charon *charon, const char *name)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, name);

	send_packet(charon, &writer);
}
