// SPDX-License-Identifier: GPL-2.0-or-later
/// c-ares on libuv: c-ares tells which sockets it wants watched, we tell it when they are ready and when time
/// is over.
#include "daemon/resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <uv.h>

#include <utlist.h>

#include "base/alloc.h"

#define TIMEOUT_MS 2000 ///< of one packet to one DNS server
#define TRIES      3

/// A socket of c-ares.
struct watch {
	uv_poll_t poll;
	struct resolver *resolver;
	ares_socket_t socket;
	struct watch *next;
};

struct question {
	struct resolver *resolver;
	resolver_done *done;
	void *context;
};

struct resolver {
	uv_loop_t *loop;
	ares_channel channel; ///< NULL: none yet
	struct watch *watches;
	uv_timer_t timer;
	unsigned pending; ///< questions under way
};

static void process(struct resolver *resolver, ares_socket_t readable, ares_socket_t writable);

static void on_timer(uv_timer_t *timer)
{
	process(timer->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void arm(struct resolver *resolver)
{
	struct timeval wait;

	if (resolver->pending == 0 || !ares_timeout(resolver->channel, NULL, &wait))
		uv_timer_stop(&resolver->timer);
	else
		uv_timer_start(&resolver->timer, on_timer,
			(uint64_t)wait.tv_sec * 1000 + (uint64_t)wait.tv_usec / 1000 + 1, 0);
}

static void process(struct resolver *resolver, ares_socket_t readable, ares_socket_t writable)
{
	ares_process_fd(resolver->channel, readable, writable);
	arm(resolver);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	const struct watch *watch = poll->data;
	bool failed = status < 0;

	// c-ares finds out by itself what is wrong with a socket.
	process(watch->resolver, failed || (events & UV_READABLE) ? watch->socket : ARES_SOCKET_BAD,
		failed || (events & UV_WRITABLE) ? watch->socket : ARES_SOCKET_BAD);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static struct watch *watch_get(struct resolver *resolver, ares_socket_t socket)
{
	struct watch *watch;

	LL_SEARCH_SCALAR(resolver->watches, watch, socket, socket);
	if (watch)
		return watch;
	watch = alloc_zeroed(1, sizeof(*watch));
	if (uv_poll_init_socket(resolver->loop, &watch->poll, socket) != 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	watch->resolver = resolver;
	watch->socket = socket;
	LL_PREPEND(resolver->watches, watch);
	return watch;
}

static void on_socket(void *owner, ares_socket_t socket, int readable, int writable)
{
	struct resolver *resolver = owner;
	int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
	struct watch *watch = watch_get(resolver, socket);

	// A socket that cannot be watched is one whose answer never comes: time will tell.
	if (!watch)
		return;
	if (events != 0) {
		uv_poll_start(&watch->poll, events, on_ready);
		return;
	}
	uv_poll_stop(&watch->poll);
	LL_DELETE(resolver->watches, watch);
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}

/// The configuration of the system may have changed since the last question: it is read anew when nothing is
/// under way.
static int open_channel(struct resolver *resolver)
{
	struct ares_options options = {
		.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = resolver,
	};
	int status;

	if (resolver->channel && resolver->pending > 0)
		return ARES_SUCCESS;
	if (resolver->channel)
		ares_destroy(resolver->channel);
	status = ares_init_options(
		&resolver->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS)
		resolver->channel = NULL;
	return status;
}

static void read_record(const struct ares_addrinfo_node *node, struct resolver_answer *answer)
{
	struct addr addr = { 0 };

	if (node->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)node->ai_addr;
		addr = addr_from_bytes((const uint8_t *)&in->sin_addr, 4);
	} else if (node->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)node->ai_addr;
		addr = addr_from_bytes((const uint8_t *)&in6->sin6_addr, 16);
	}
	if (!addr_is_host(addr) || answer->count == RESOLVER_ADDRESSES_MAX)
		return;
	if (answer->count == 0 || (uint32_t)node->ai_ttl < answer->ttl)
		answer->ttl = node->ai_ttl > 0 ? (uint32_t)node->ai_ttl : 0;
	answer->addresses[answer->count++] = addr;
}

static void on_answer(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *question = context;
	struct resolver_answer answer = { .reason = "it has no address that a host can have" };

	(void)timeouts;
	question->resolver->pending--;
	for (const struct ares_addrinfo_node *node = info ? info->nodes : NULL; node; node = node->ai_next)
		read_record(node, &answer);
	if (status != ARES_SUCCESS)
		answer.reason = ares_strerror(status);
	if (status != ARES_EDESTRUCTION)
		question->done(question->context, &answer);
	if (info)
		ares_freeaddrinfo(info);
	free(question);
}

struct resolver *resolver_new(struct uv_loop_s *loop)
{
	struct resolver *resolver = alloc_zeroed(1, sizeof(*resolver));

	ares_library_init(ARES_LIB_INIT_ALL);
	resolver->loop = loop;
	uv_timer_init(loop, &resolver->timer);
	resolver->timer.data = resolver;
	return resolver;
}

void resolver_ask(struct resolver *resolver, const char *name, enum addr_family family, resolver_done *done,
	void *context)
{
	const struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = family == ADDR_IPV6 ? AF_INET6 : AF_INET,
	};
	int status = open_channel(resolver);
	struct question *question;

	if (status != ARES_SUCCESS) {
		done(context, &(struct resolver_answer) { .reason = ares_strerror(status) });
		return;
	}
	question = alloc_zeroed(1, sizeof(*question));
	*question = (struct question) { .resolver = resolver, .done = done, .context = context };
	resolver->pending++;
	ares_getaddrinfo(resolver->channel, name, NULL, &hints, on_answer, question);
	arm(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->channel)
		ares_destroy(resolver->channel);
	ares_library_cleanup();
	uv_close((uv_handle_t *)&resolver->timer, on_closed);
}
