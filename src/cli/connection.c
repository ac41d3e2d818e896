// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

struct connection {
	int fd;
	char *buffer;
	size_t begin, end; ///< what was read and not given yet
	size_t searched;   ///< up to here there is no newline
	size_t capacity;
};

static bool connect_error(const char *path, int code, struct err *err)
{
	if (code == ENOENT || code == ECONNREFUSED)
		return err_set(err,
			"nobody answers on the control socket %s: start dmvpnd, or name its socket with "
			"--control",
			path);
	if (code == EACCES)
		return err_set(err, "no permission for the control socket %s: run dmvpnctl as root", path);
	return err_set_errno(err, code, "control socket %s", path);
}

struct connection *connection_open(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	if (strlen(path) >= sizeof(address.sun_path)) {
		err_set(err, "the path of the control socket is too long: %.100s…", path);
		return NULL;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set_errno(err, errno, "socket");
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		connect_error(path, errno, err);
		close(fd);
		return NULL;
	}
	struct connection *connection = alloc_zeroed(1, sizeof(*connection));
	connection->fd = fd;
	return connection;
}

bool connection_send(struct connection *connection, json_t *line, struct err *err)
{
	char *text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	size_t length = strlen(text), sent = 0;
	text[length++] = '\n';
	while (sent < length) {
		ssize_t part = send(connection->fd, text + sent, length - sent, MSG_NOSIGNAL);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			break;
		sent += (size_t)part;
	}
	free(text);
	return sent == length || err_set_errno(err, errno, "the daemon took no request");
}

/// The newline that ends the first line of what was read, or NULL.
static char *line_end(struct connection *connection)
{
	char *from = connection->buffer + connection->searched;
	char *end = memchr(from, '\n', connection->end - connection->searched);
	connection->searched = connection->end;
	return end;
}

bool connection_has_line(const struct connection *connection)
{
	return connection->end > connection->begin && memchr(connection->buffer + connection->begin, '\n',
							      connection->end - connection->begin) != NULL;
}

static bool read_more(struct connection *connection, int patience, struct err *err)
{
	struct pollfd poll_fd = { .fd = connection->fd, .events = POLLIN };
	if (connection->capacity - connection->end < 16384) {
		if (connection->begin > 0)
			memmove(connection->buffer, connection->buffer + connection->begin,
				connection->end - connection->begin);
		connection->end -= connection->begin;
		connection->searched -= connection->begin;
		connection->begin = 0;
		if (connection->capacity - connection->end < 16384) {
			connection->capacity = 2 * connection->capacity + 65536;
			connection->buffer = alloc_resize(connection->buffer, connection->capacity, 1);
		}
	}
	int ready = poll(&poll_fd, 1, patience < 0 ? -1 : patience * 1000);
	if (ready < 0 && errno == EINTR)
		return err_set(err, "interrupted");
	if (ready == 0)
		return err_set(err, "the daemon did not answer within %d seconds", patience);
	ssize_t got = read(
		connection->fd, connection->buffer + connection->end, connection->capacity - connection->end);
	if (got <= 0)
		return err_set(err, "the daemon closed the connection");
	connection->end += (size_t)got;
	return true;
}

json_t *connection_receive(struct connection *connection, int patience, struct err *err)
{
	json_error_t error;
	char *end;
	connection->searched = connection->begin;
	while (connection->end == connection->begin || (end = line_end(connection)) == NULL)
		if (!read_more(connection, patience, err))
			return NULL;
	char *line = connection->buffer + connection->begin;
	json_t *object = json_loadb(line, (size_t)(end - line), 0, &error);
	connection->begin = (size_t)(end + 1 - connection->buffer);
	if (json_is_object(object))
		return object;
	json_decref(object);
	err_set(err, "the daemon's answer is no JSON: is this dmvpnd's control socket?");
	return NULL;
}

int connection_fd(const struct connection *connection)
{
	return connection->fd;
}

void connection_close(struct connection *connection)
{
	if (connection == NULL)
		return;
	close(connection->fd);
	free(connection->buffer);
	free(connection);
}
