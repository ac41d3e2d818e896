// SPDX-License-Identifier: GPL-2.0-or-later
// One struct client per connection. It either reads a request or writes a reply, never both: while a reply
// is under way the client is not read from, so a slow reader costs one reply of memory and nothing else.
// A timer bounds each of the two. A client ends in client_close() alone; its memory goes when libuv has
// closed both of its handles, and the server's goes with the last of its own and its clients' handles.
#include "ctl/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "base/alloc.h"
#include "ctl/commands.h"

struct client {
	struct ctl_server *server;
	struct client *prev, *next; ///< server->clients
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned open_handles; ///< of the two above
	bool closing;
	bool last_reply; ///< close when the reply is written
	uv_write_t write;
	char *reply; ///< being written; NULL: a request is being read
	size_t filled;
	char request[]; ///< limits.request_size bytes
};

struct ctl_server {
	uv_pipe_t pipe;
	struct ctl_context *context;
	struct ctl_limits limits;
	struct client *clients;
	size_t client_count;
	size_t owners; ///< the listening pipe and the clients whose handles are not closed yet
};

static void server_release(struct ctl_server *server)
{
	if (--server->owners == 0)
		free(server);
}

static void on_client_handle_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	if (--client->open_handles > 0)
		return;
	server_release(client->server);
	free(client->reply);
	free(client);
}

static void client_close(struct client *client)
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
	uv_close((uv_handle_t *)&client->pipe, on_client_handle_closed);
	uv_close((uv_handle_t *)&client->timer, on_client_handle_closed);
}

static void on_patience_over(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void client_be_patient(struct client *client)
{
	uv_timer_start(&client->timer, on_patience_over, client->server->limits.patience, 0);
}

static void client_serve(struct client *client);

static void on_written(uv_write_t *write, int status)
{
	struct client *client = write->data;
	free(client->reply);
	client->reply = NULL;
	if (client->closing)
		return;
	if (status != 0 || client->last_reply) {
		client_close(client);
		return;
	}
	client_be_patient(client);
	client_serve(client);
}

/// Sends the reply and frees it.
static void client_send(struct client *client, json_t *reply)
{
	char *text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (text == NULL) {
		client_close(client);
		return;
	}
	size_t length = strlen(text);
	client->reply = alloc_resize(text, length + 1, 1);
	client->reply[length] = '\n';

	uv_buf_t buffer = uv_buf_init(client->reply, (unsigned)(length + 1));
	client->write.data = client;
	client_be_patient(client);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) != 0)
		client_close(client);
}

static json_t *run_words(struct ctl_context *context, const json_t *list)
{
	const char *words[COMMAND_MAX_WORDS];
	size_t count = json_array_size(list);
	if (!json_is_array(list) || count == 0)
		return command_error("A request is an object with \"command\": a list of words.");
	if (count > COMMAND_MAX_WORDS)
		return command_error("The command has too many words.");
	for (size_t i = 0; i < count; i++) {
		words[i] = json_string_value(json_array_get(list, i));
		if (words[i] == NULL)
			return command_error("The words of a command are strings.");
	}
	return command_run(context, words, count);
}

static json_t *answer(struct ctl_context *context, const char *line, size_t length)
{
	json_error_t error;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (request == NULL)
		return command_error("The request is not a JSON object.");
	json_t *reply = run_words(context, json_object_get(request, "command"));
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
	client_serve(client);
}

/// Answers the first whole request of what was read; without one, reads on.
static void client_serve(struct client *client)
{
	uv_stream_t *stream = (uv_stream_t *)&client->pipe;
	char *end = memchr(client->request, '\n', client->filled);
	json_t *reply;

	if (end != NULL) {
		size_t length = (size_t)(end - client->request);
		reply = answer(client->server->context, client->request, length);
		client->filled -= length + 1;
		memmove(client->request, end + 1, client->filled);
	} else if (client->filled == client->server->limits.request_size) {
		reply = command_error("The request is too long.");
		client->last_reply = true;
	} else {
		if (uv_read_start(stream, on_alloc, on_read) != 0 && !uv_is_active((uv_handle_t *)stream))
			client_close(client);
		return;
	}
	uv_read_stop(stream);
	client_send(client, reply);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct ctl_server *server = listener->data;
	if (status != 0)
		return;

	struct client *client = alloc_zeroed(1, sizeof(*client) + server->limits.request_size);
	client->server = server;
	client->open_handles = 2;
	server->owners++;
	uv_pipe_init(listener->loop, &client->pipe, 0);
	uv_timer_init(listener->loop, &client->timer);
	client->pipe.data = client->timer.data = client;
	client->next = server->clients;
	if (client->next != NULL)
		client->next->prev = client;
	server->clients = client;
	server->client_count++;

	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0) {
		client_close(client);
	} else if (server->client_count > server->limits.clients) {
		client->last_reply = true;
		client_send(client, command_error("Too many clients; try again later."));
	} else {
		client_be_patient(client);
		client_serve(client);
	}
}

/// Makes room for a socket at `path`: removes one that nobody answers on.
static bool clear_path(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat status;
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, "control socket %s: the path is too long; the limit is %zu bytes", path,
			sizeof(address.sun_path) - 1);
	if (lstat(path, &status) != 0)
		return errno == ENOENT || err_set_errno(err, errno, "control socket %s", path);
	if (!S_ISSOCK(status.st_mode))
		return err_set(err,
			"control socket %s: something else is there; remove it or use another path", path);

	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, errno, "control socket %s", path);
	int code = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
	close(fd);
	if (code != ECONNREFUSED)
		return err_set(err,
			"control socket %s: another dmvpnd answers there; stop it or use --control", path);
	return unlink(path) == 0 || err_set_errno(err, errno, "control socket %s: cannot remove it", path);
}

static bool make_directory(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return true;
	char *directory = alloc_copy(path, (size_t)(slash - path) + 1);
	directory[slash - path] = '\0';
	bool ok = mkdir(directory, 0755) == 0 || errno == EEXIST ||
		  err_set_errno(err, errno, "control socket %s: cannot make the directory", path);
	free(directory);
	return ok;
}

static void on_server_closed(uv_handle_t *handle)
{
	server_release(handle->data);
}

struct ctl_server *ctl_server_open(struct uv_loop_s *loop, const char *path, struct ctl_context *context,
	struct ctl_limits limits, struct err *err)
{
	if (!make_directory(path, err) || !clear_path(path, err))
		return NULL;
	signal(SIGPIPE, SIG_IGN);

	struct ctl_server *server = alloc_zeroed(1, sizeof(*server));
	server->context = context;
	server->limits = limits;
	server->owners = 1;
	uv_pipe_init(loop, &server->pipe, 0);
	server->pipe.data = server;

	mode_t mask = umask(0117);
	int code = uv_pipe_bind(&server->pipe, path);
	umask(mask);
	if (code == 0)
		code = uv_listen((uv_stream_t *)&server->pipe, 16, on_connection);
	if (code != 0) {
		err_set(err, "control socket %s: cannot listen: %s", path, uv_strerror(code));
		ctl_server_close(server);
		return NULL;
	}
	return server;
}

void ctl_server_close(struct ctl_server *server)
{
	if (server == NULL)
		return;
	while (server->clients != NULL)
		client_close(server->clients);
	uv_close((uv_handle_t *)&server->pipe, on_server_closed);
}
