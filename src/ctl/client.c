// SPDX-License-Identifier: GPL-2.0-or-later
// A client has one thing to do at a time, which client_go_on() chooses: write a line, make the next part of a
// reply, take up a request, or wait for one. While a reply is under way nothing is read, so a slow reader
// costs one part of a reply and its events, which are bounded, and nothing else. Parts that are only work are
// made by the idle handle, one per turn of the loop. A timer bounds reading and writing. A client ends in
// client_close() alone; its memory goes when libuv has closed its handles.
#include "ctl/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/private.h"
#include "ctl/commands.h"
#include "ctl/context.h"

#define EVENTS_MAX (64 * 1024) ///< bytes that wait for a client

struct client {
	struct ctl_server *server;
	struct client *prev, *next; ///< server->clients
	struct ctl_session session;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_idle_t idle;
	unsigned open_handles; ///< of the three above
	bool closing;
	bool last_reply; ///< close when the reply is written
	bool answering;  ///< a request is carried out, which may have events for this very client
	uv_write_t write;
	char *writing;       ///< being written; NULL: nothing is
	struct reply *reply; ///< under way; NULL: a request is awaited
	char *events;        ///< lines that wait
	size_t events_length;
	uint64_t events_lost;
	size_t filled;
	char request[]; ///< limits.request_size bytes
};

static void client_go_on(struct client *client);
static void on_idle(uv_idle_t *idle);

static void on_handle_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	if (--client->open_handles > 0)
		return;
	server_release(client->server);
	reply_free(client->reply);
	session_done(&client->session);
	free(client->writing);
	free(client->events);
	free(client);
}

void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	if (client->prev != NULL)
		client->prev->next = client->next;
	else
		client->server->clients = client->next;
	if (client->next != NULL)
		client->next->prev = client->prev;
	client->server->client_count--;
	uv_close((uv_handle_t *)&client->pipe, on_handle_closed);
	uv_close((uv_handle_t *)&client->timer, on_handle_closed);
	uv_close((uv_handle_t *)&client->idle, on_handle_closed);
}

struct client *client_next(const struct client *client)
{
	return client->next;
}

const struct ctl_session *client_session(const struct client *client)
{
	return &client->session;
}

static void on_patience_over(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void be_patient(struct client *client)
{
	uv_timer_start(&client->timer, on_patience_over, client->server->limits.patience, 0);
}

static void on_written(uv_write_t *write, int status)
{
	struct client *client = write->data;
	free(client->writing);
	client->writing = NULL;
	if (client->closing)
		return;
	if (status != 0)
		client_close(client);
	else if (client->reply != NULL) // one part in a turn: libuv would call several times
		uv_idle_start(&client->idle, on_idle);
	else
		client_go_on(client);
}

/// Writes `length` bytes of `text`, and frees it.
static void start_write(struct client *client, char *text, size_t length)
{
	uv_buf_t buffer = uv_buf_init(text, (unsigned)length);
	client->writing = text;
	client->write.data = client;
	be_patient(client);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) != 0)
		client_close(client);
}

/// The line as text with its newline, which the caller frees; takes the line.
static char *line_text(json_t *line, size_t *ret_length)
{
	char *text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (text == NULL)
		text = alloc_string("{\"ok\":false,\"error\":\"The daemon could not write this view.\"}");
	*ret_length = strlen(text) + 1;
	text = alloc_resize(text, *ret_length, 1);
	text[*ret_length - 1] = '\n';
	return text;
}

void client_tell(struct client *client, json_t *line)
{
	size_t length;
	char *text = line_text(line, &length);
	if (client->events_lost > 0 || client->events_length + length > EVENTS_MAX) {
		client->events_lost++;
	} else {
		client->events = alloc_resize(client->events, client->events_length + length, 1);
		memcpy(client->events + client->events_length, text, length);
		client->events_length += length;
	}
	free(text);
	client_go_on(client);
}

/// Writes the lines that wait, and then how many were left out. False where there are none.
static bool write_events(struct client *client)
{
	if (client->events_length > 0) {
		char *text = client->events;
		size_t length = client->events_length;
		client->events = NULL;
		client->events_length = 0;
		start_write(client, text, length);
		return true;
	}
	if (client->events_lost > 0) {
		size_t length;
		char *text = line_text(json_pack("{s:I}", "lost", (json_int_t)client->events_lost), &length);
		client->events_lost = 0;
		start_write(client, text, length);
		return true;
	}
	return false;
}

static void on_idle(uv_idle_t *idle)
{
	uv_idle_stop(idle);
	client_go_on(idle->data);
}

static void make_part(struct client *client)
{
	json_t *line = reply_next(client->reply, client->server->context);
	size_t length;
	if (reply_is_done(client->reply)) {
		reply_free(client->reply);
		client->reply = NULL;
	}
	if (line == NULL) {
		uv_idle_start(&client->idle, on_idle);
		return;
	}
	if (client->session.configure.active)
		json_object_set_new(line, "mode", json_string(configure_mode(&client->session.configure)));
	char *text = line_text(line, &length);
	start_write(client, text, length);
}

/// The words of a request: a list of strings, or one string. Returns how many; 0 and `*ret_why` where it is
/// neither. They last as long as `*ret_copy`, which the caller frees with private_free().
static size_t read_words(const json_t *request, const char *words[static COMMAND_MAX_WORDS], char **ret_copy,
	const char **ret_why)
{
	size_t count = json_array_size(request);
	*ret_copy = NULL;
	if (json_is_string(request)) {
		char *rest;
		FILE *out = private_open(ret_copy);
		fputs(json_string_value(request), out);
		fclose(out);
		for (char *word = strtok_r(*ret_copy, " \t", &rest);
			word != NULL && count < COMMAND_MAX_WORDS; word = strtok_r(NULL, " \t", &rest))
			words[count++] = word;
	}
	*ret_why = "A request is an object with \"command\": a list of words.";
	if (count == 0)
		return 0;
	*ret_why = "The command has too many words.";
	if (count > COMMAND_MAX_WORDS)
		return 0;
	*ret_why = "The words of a command are strings.";
	for (size_t i = 0; json_is_array(request) && i < count; i++) {
		words[i] = json_string_value(json_array_get(request, i));
		if (words[i] == NULL)
			return 0;
	}
	return count;
}

/// May the session be idle? There is room for a few of those.
static void set_lasting(struct client *client, bool wanted)
{
	size_t lasting = 0;
	for (const struct client *other = client->server->clients; other != NULL; other = other->next)
		lasting += other != client && other->session.interactive;
	client->session.interactive = wanted && lasting < client->server->limits.lasting;
}

static struct reply *answer(struct client *client, const char *text, size_t length)
{
	const char *words[COMMAND_MAX_WORDS], *why;
	char *copy;
	json_error_t error;
	json_t *request = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	struct reply *reply;
	if (request == NULL)
		return reply_error("The request is not a JSON object.");

	const json_t *completed = json_object_get(request, "complete");
	size_t count = read_words(
		completed != NULL ? completed : json_object_get(request, "command"), words, &copy, &why);
	set_lasting(client, json_is_true(json_object_get(request, "interactive")));
	if (count == 0)
		reply = reply_error(why);
	else if (completed != NULL)
		reply = command_complete(client->server->context, &client->session, words, count);
	else
		reply = command_start(client->server->context, &client->session, words, count);
	private_free(copy);
	json_decref(request);
	return reply;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct client *client = handle->data;
	(void)suggested;
	*ret = uv_buf_init(client->request + client->filled,
		(unsigned)(client->server->limits.request_size - client->filled));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct client *client = stream->data;
	(void)buffer;
	if (length < 0) {
		client_close(client);
		return;
	}
	client->filled += (size_t)length;
	client_go_on(client);
}

static void await_request(struct client *client)
{
	uv_stream_t *stream = (uv_stream_t *)&client->pipe;
	if (client->filled == 0 && (client->session.interactive || session_listens(&client->session)))
		uv_timer_stop(&client->timer);
	else if (!uv_is_active((uv_handle_t *)&client->timer))
		be_patient(client);
	if (uv_read_start(stream, on_alloc, on_read) != 0 && !uv_is_active((uv_handle_t *)stream))
		client_close(client);
}

/// Takes up the first whole request of what was read. False where there is none.
static bool take_request(struct client *client)
{
	const char *end = memchr(client->request, '\n', client->filled);
	if (end != NULL) {
		size_t length = (size_t)(end - client->request);
		client->answering = true;
		client->reply = answer(client, client->request, length);
		client->answering = false;
		client->filled -= length + 1;
		memmove(client->request, end + 1, client->filled);
		explicit_bzero(client->request + client->filled, length + 1);
	} else if (client->filled == client->server->limits.request_size) {
		client->reply = reply_error("The request is too long.");
		client->last_reply = true;
	}
	return client->reply != NULL;
}

static void client_go_on(struct client *client)
{
	if (client->closing || client->answering || client->writing != NULL ||
		uv_is_active((uv_handle_t *)&client->idle))
		return;
	if (write_events(client))
		return;
	if (client->reply == NULL && client->last_reply) {
		client_close(client);
		return;
	}
	if (client->reply == NULL && !take_request(client)) {
		await_request(client);
		return;
	}
	uv_read_stop((uv_stream_t *)&client->pipe);
	make_part(client);
}

void client_accept(struct ctl_server *server)
{
	struct client *client = alloc_zeroed(1, sizeof(*client) + server->limits.request_size);
	uv_loop_t *loop = server->pipe.loop;
	client->server = server;
	client->open_handles = 3;
	server->owners++;
	uv_pipe_init(loop, &client->pipe, 0);
	uv_timer_init(loop, &client->timer);
	uv_idle_init(loop, &client->idle);
	client->pipe.data = client->timer.data = client->idle.data = client;
	client->next = server->clients;
	if (client->next != NULL)
		client->next->prev = client;
	server->clients = client;
	server->client_count++;

	if (uv_accept((uv_stream_t *)&server->pipe, (uv_stream_t *)&client->pipe) != 0) {
		client_close(client);
		return;
	}
	if (server->client_count > server->limits.clients) {
		client->last_reply = true;
		client->reply = reply_error("Too many clients; try again later.");
	}
	client_go_on(client);
}
