// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/server.h"

#include <errno.h>
#include <malloc.h>
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
#include "ctl/client.h"
#include "ctl/context.h"
#include "ctl/packet.h"

void server_release(struct ctl_server *server)
{
	if (--server->owners == 0)
		free(server);
}

/// A request may hold a secret, and what JSON makes of it goes through many hands.
static void wipe_and_free(void *memory)
{
	if (memory != NULL)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		client_accept(listener->data);
}

void ctl_server_event(
	struct ctl_server *server, const struct event *event, const char *interface, struct mono now)
{
	if (server == NULL)
		return;
	const struct event_record *record = eventlog_add(&server->context->events, event, interface, now);
	for (struct client *client = server->clients, *next; client != NULL; client = next) {
		next = client_next(client);
		if (session_wants(client_session(client), event))
			client_tell(client, json_pack("{s:o}", "event", event_view(record, now)));
	}
}

static bool wants_packet(const struct ctl_session *session, const struct packet_report *report)
{
	const struct ctl_debug *debug = &session->debug;
	return debug->packet && (!addr_is_set(debug->peer) || packet_concerns(report, debug->peer));
}

void ctl_server_packet(struct ctl_server *server, const struct packet_report *report)
{
	for (struct client *client = server != NULL ? server->clients : NULL, *next; client != NULL;
		client = next) {
		next = client_next(client);
		if (wants_packet(client_session(client), report))
			client_tell(client, json_pack("{s:o}", "packet", packet_view(report)));
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
	json_set_alloc_funcs(malloc, wipe_and_free);

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
	eventlog_done(&server->context->events);
	uv_close((uv_handle_t *)&server->pipe, on_server_closed);
}
