// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/rtnl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"

#define REQUEST_SIZE 4096
#define CHUNK_SIZE   32768 ///< what the kernel fills at most in a dump
#define BATCH_SIZE   8192  ///< bytes of requests sent at once
#define DUMP_TRIES   16

struct rtnl {
	struct mnl_socket *socket;
	uint32_t sequence;
	int code;
	bool interrupted; ///< the table changed while it was dumped
	char reason[128]; ///< the kernel's own words for the last failure; may be empty
	_Alignas(struct nlmsghdr) uint8_t request[REQUEST_SIZE];
	uint8_t *answer; ///< messages of the answer, one after the other
	size_t answer_length;
	size_t answer_capacity;
	unsigned batches; ///< begun and not ended, one inside the other
	bool batch_failed;
	size_t batch_length;
	size_t batch_last; ///< where the last request begins
	_Alignas(struct nlmsghdr) uint8_t batch[BATCH_SIZE];
};

struct rtnl *rtnl_open(struct err *err)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct rtnl *rtnl;
	int on = 1;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_set_errno(err, errno, "cannot open a netlink socket");
		if (socket)
			mnl_socket_close(socket);
		return NULL;
	}
	/* Older kernels lack one or the other, and then explain less or dump more. */
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	rtnl = alloc_zeroed(1, sizeof(*rtnl));
	rtnl->socket = socket;
	return rtnl;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (!rtnl)
		return;
	mnl_socket_close(rtnl->socket);
	free(rtnl->answer);
	free(rtnl);
}

uint32_t rtnl_port(const struct rtnl *rtnl)
{
	return mnl_socket_get_portid(rtnl->socket);
}

struct nlmsghdr *rtnl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message;

	memset(rtnl->request, 0, sizeof(rtnl->request));
	message = mnl_nlmsg_put_header(rtnl->request);
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	return message;
}

static int on_error_attribute(const struct nlattr *attr, void *context)
{
	struct rtnl *rtnl = context;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		snprintf(rtnl->reason, sizeof(rtnl->reason), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/// The end of an answer: an acknowledgement, an error, or the end of a dump, which begin alike.
static void read_end(struct rtnl *rtnl, const struct nlmsghdr *message)
{
	const int *code = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*code))
		rtnl->code = *code < 0 ? -*code : *code;
	if (message->nlmsg_type == NLMSG_ERROR && message->nlmsg_flags & NLM_F_ACK_TLVS &&
		mnl_nlmsg_get_payload_len(message) >= sizeof(struct nlmsgerr))
		mnl_attr_parse(message, sizeof(struct nlmsgerr), on_error_attribute, rtnl);
}

static void keep(struct rtnl *rtnl, const struct nlmsghdr *message)
{
	size_t length = MNL_ALIGN(message->nlmsg_len);

	if (rtnl->answer_length + length > rtnl->answer_capacity) {
		rtnl->answer_capacity = 2 * (rtnl->answer_length + length);
		rtnl->answer = alloc_resize(rtnl->answer, rtnl->answer_capacity, 1);
	}
	memcpy(rtnl->answer + rtnl->answer_length, message, message->nlmsg_len);
	rtnl->answer_length += length;
}

/// Takes in what one read gave; true at the end of the answer.
static bool take(struct rtnl *rtnl, const void *chunk, int length)
{
	const struct nlmsghdr *message = chunk;

	for (; mnl_nlmsg_ok(message, length); message = mnl_nlmsg_next(message, &length)) {
		if (message->nlmsg_seq != rtnl->sequence) {
			/* Of the requests in a batch only the last has an answer, unless another fails. */
			rtnl->batch_failed |= message->nlmsg_type == NLMSG_ERROR;
			continue;
		}
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			rtnl->interrupted = true;
		if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
			read_end(rtnl, message);
			return true;
		}
		if (message->nlmsg_type >= NLMSG_MIN_TYPE)
			keep(rtnl, message);
	}
	return false;
}

/// Sends what ends with the request of the current sequence number, and collects its answer; `code` tells of
/// success.
static void exchange(struct rtnl *rtnl, const void *requests, size_t length)
{
	_Alignas(struct nlmsghdr) uint8_t chunk[CHUNK_SIZE];
	bool done = false;

	rtnl->code = 0;
	rtnl->interrupted = false;
	rtnl->reason[0] = '\0';
	rtnl->answer_length = 0;
	if (mnl_socket_sendto(rtnl->socket, requests, length) < 0) {
		rtnl->code = errno;
		return;
	}
	while (!done) {
		ssize_t got = mnl_socket_recvfrom(rtnl->socket, chunk, sizeof(chunk));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			rtnl->code = got < 0 ? errno : EIO;
			return;
		}
		done = take(rtnl, chunk, (int)got);
	}
	if (rtnl->interrupted)
		rtnl->code = EINTR;
}

static void transact(struct rtnl *rtnl)
{
	struct nlmsghdr *request = (void *)rtnl->request;

	request->nlmsg_seq = ++rtnl->sequence;
	exchange(rtnl, request, request->nlmsg_len);
}

/* Batches */

void rtnl_batch_begin(struct rtnl *rtnl)
{
	if (rtnl->batches++ == 0)
		rtnl->batch_failed = false;
}

static void flush_batch(struct rtnl *rtnl)
{
	struct nlmsghdr *last = (void *)(rtnl->batch + rtnl->batch_last);

	if (!rtnl->batch_length)
		return;
	last->nlmsg_flags |= NLM_F_ACK;
	exchange(rtnl, rtnl->batch, rtnl->batch_length);
	rtnl->batch_failed |= rtnl->code != 0;
	rtnl->batch_length = 0;
}

static void add_to_batch(struct rtnl *rtnl)
{
	struct nlmsghdr *request = (void *)rtnl->request;
	size_t length = MNL_ALIGN(request->nlmsg_len);

	if (rtnl->batch_length + length > sizeof(rtnl->batch))
		flush_batch(rtnl);
	request->nlmsg_seq = ++rtnl->sequence;
	memcpy(rtnl->batch + rtnl->batch_length, request, length);
	rtnl->batch_last = rtnl->batch_length;
	rtnl->batch_length += length;
	rtnl->code = 0;
}

bool rtnl_batch_end(struct rtnl *rtnl)
{
	flush_batch(rtnl);
	rtnl->batches--;
	return !rtnl->batch_failed;
}

static void visit_all(struct rtnl *rtnl, rtnl_visit *visit, void *context)
{
	/* The visitor may send requests, whose answers need the room. */
	uint8_t *answer = rtnl->answer;
	const struct nlmsghdr *message = (void *)answer;
	int left = (int)rtnl->answer_length;

	rtnl->answer = NULL;
	rtnl->answer_length = rtnl->answer_capacity = 0;
	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		visit(context, message);
	free(answer);
	rtnl->code = 0;
}

bool rtnl_send(struct rtnl *rtnl)
{
	struct nlmsghdr *request = (void *)rtnl->request;

	if (rtnl->batches > 0) {
		add_to_batch(rtnl);
		return true;
	}
	request->nlmsg_flags |= NLM_F_ACK;
	transact(rtnl);
	return rtnl->code == 0;
}

bool rtnl_get(struct rtnl *rtnl, rtnl_visit *visit, void *context)
{
	struct nlmsghdr *request = (void *)rtnl->request;

	flush_batch(rtnl);
	request->nlmsg_flags |= NLM_F_ACK;
	transact(rtnl);
	if (rtnl->code)
		return false;
	visit_all(rtnl, visit, context);
	return true;
}

bool rtnl_dump(struct rtnl *rtnl, rtnl_visit *visit, void *context)
{
	struct nlmsghdr *request = (void *)rtnl->request;
	unsigned tries = 0;

	flush_batch(rtnl);
	request->nlmsg_flags |= NLM_F_DUMP;
	do
		transact(rtnl);
	while (rtnl->code == EINTR && ++tries < DUMP_TRIES);
	if (rtnl->code)
		return false;
	visit_all(rtnl, visit, context);
	return true;
}

int rtnl_code(const struct rtnl *rtnl)
{
	return rtnl->code;
}

bool rtnl_fail(const struct rtnl *rtnl, struct err *err, const char *what, ...)
{
	char text[160];
	va_list arguments;

	va_start(arguments, what);
	vsnprintf(text, sizeof(text), what, arguments);
	va_end(arguments);
	if (rtnl->code == EPERM)
		return err_set(
			err, "not allowed to %s; run as root or with the capability CAP_NET_ADMIN", text);
	if (rtnl->reason[0])
		return err_set_errno(err, rtnl->code, "cannot %s: %s", text, rtnl->reason);
	return err_set_errno(err, rtnl->code, "cannot %s", text);
}

struct addr rtnl_addr(const struct nlattr *attr)
{
	if (!attr)
		return (struct addr) { 0 };
	return addr_from_bytes(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
}

void rtnl_put_addr(struct nlmsghdr *message, uint16_t type, struct addr addr)
{
	mnl_attr_put(message, type, addr_size(addr), addr.bytes);
}

uint8_t rtnl_family(struct addr addr)
{
	return addr.family == ADDR_IPV6 ? AF_INET6 : AF_INET;
}
