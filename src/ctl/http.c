// SPDX-License-Identifier: GPL-2.0-or-later
// libmicrohttpd brings an epoll instance of its own, which the loop watches; what libmicrohttpd then does, it
// does in the loop's thread, so that the core can be looked at. A slow or silent client is its matter, with
// limits.
#include "ctl/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>
#include <uv.h>

#include "base/alloc.h"
#include "ctl/metrics.h"

#define CONNECTIONS 16
#define PATIENCE    10u    ///< seconds
#define MEMORY      32768u ///< bytes for a connection

struct http {
	struct MHD_Daemon *server;
	const struct ctl_context *context;
	uv_poll_t poll;
	uv_timer_t timer; ///< connections that are silent for too long
	unsigned open_handles;
};

static enum MHD_Result reply(
	struct MHD_Connection *connection, unsigned status, char *text, size_t length, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ok;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ok = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ok;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *body, size_t *body_length, void **request)
{
	const struct http *http = context;
	static const char lost[] = "There is nothing here but GET /metrics.\n";
	size_t length;

	(void)version;
	(void)body;
	(void)request;
	// A body is not read: the connection ends with the reply.
	*body_length = 0;
	if (strcmp(url, "/metrics") != 0 || strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return reply(connection, MHD_HTTP_NOT_FOUND, alloc_string(lost), strlen(lost), "text/plain");
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool is_open = accept && strstr(accept, "application/openmetrics-text");
	char *text = metrics_text(http->context, is_open, &length);
	return reply(connection, MHD_HTTP_OK, text, length, is_open ? METRICS_OPEN_TYPE : METRICS_PLAIN_TYPE);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	const struct http *http = poll->data;

	(void)status;
	(void)events;
	MHD_run(http->server);
}

static void on_timer(uv_timer_t *timer)
{
	const struct http *http = timer->data;

	MHD_run(http->server);
}

struct http *http_open(struct uv_loop_s *loop, struct addr address, uint16_t port,
	const struct ctl_context *context, struct err *err)
{
	struct http *http = alloc_zeroed(1, sizeof(*http));
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is_ipv6 = address.family == ADDR_IPV6;
	const union MHD_DaemonInfo *info;
	char text[ADDR_TEXT_SIZE];

	memcpy(&ipv4.sin_addr, address.bytes, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, address.bytes, sizeof(ipv6.sin6_addr));
	http->context = context;
	http->server = MHD_start_daemon(MHD_USE_EPOLL | (is_ipv6 ? MHD_USE_IPv6 : 0), port, NULL, NULL,
		on_request, http, MHD_OPTION_SOCK_ADDR, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, PATIENCE,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_END);
	info = http->server ? MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		err_set_errno(
			err, errno, "cannot offer metrics at %s port %u", addr_format(address, text), port);
		if (http->server)
			MHD_stop_daemon(http->server);
		free(http);
		return NULL;
	}
	uv_poll_init(loop, &http->poll, info->epoll_fd);
	uv_timer_init(loop, &http->timer);
	http->poll.data = http->timer.data = http;
	http->open_handles = 2;
	uv_poll_start(&http->poll, UV_READABLE, on_readable);
	uv_timer_start(&http->timer, on_timer, 1000, 1000);
	return http;
}

static void on_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;

	if (--http->open_handles > 0)
		return;
	MHD_stop_daemon(http->server);
	free(http);
}

void http_close(struct http *http)
{
	if (!http)
		return;
	uv_close((uv_handle_t *)&http->poll, on_closed);
	uv_close((uv_handle_t *)&http->timer, on_closed);
}
