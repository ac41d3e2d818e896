// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/nhrp_socket.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "link/admission.h"
#include "link/mark.h"
#include "link/socket.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

#define BATCH     64   ///< packets with one system call
#define ROUNDS    16   ///< of such batches per wake-up, so that the loop stays fair
#define SLOT_SIZE 2048 ///< the largest NHRP packet with its outer headers

/// Packets that wait for the others that belong to the same wake-up.
struct outgoing {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	union nhrp_socket_address to[BATCH];
	uint8_t packets[BATCH][GRE_MAX_HEADER + NHRP_MAX_PACKET];
	unsigned count;
};

struct incoming {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	union nhrp_socket_address from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][MARK_CONTROL_SIZE];
	uint8_t packets[BATCH][SLOT_SIZE];
};

struct nhrp_socket {
	uv_poll_t poll;
	int fd;
	struct link *link;
	struct link_handler handler;
	void (*receive)(struct link *link, const struct nhrp_arrival *arrival);
	uint64_t refused;
	struct incoming in;
	struct outgoing out;
};

static void prepare(struct incoming *in)
{
	for (unsigned i = 0; i < BATCH; i++) {
		in->iov[i] = (struct iovec) { .iov_base = in->packets[i], .iov_len = SLOT_SIZE };
		in->messages[i].msg_hdr = (struct msghdr) {
			.msg_name = &in->from[i],
			.msg_namelen = sizeof(in->from[i]),
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
			.msg_control = in->control[i],
			.msg_controllen = sizeof(in->control[i]),
		};
	}
}

/// Returns how many packets it was.
static unsigned receive_batch(struct nhrp_socket *socket)
{
	struct incoming *in = &socket->in;
	int count;

	prepare(in);
	count = recvmmsg(socket->fd, in->messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		socket->receive(socket->link, &(struct nhrp_arrival) {
						      .from = &in->from[i],
						      .mark = mark_read(&in->messages[i].msg_hdr),
						      .packet = in->packets[i],
						      .length = in->messages[i].msg_len,
					      });
	return count < 0 ? 0 : (unsigned)count;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct nhrp_socket *socket = poll->data;
	unsigned count = BATCH;

	(void)events;
	/* libuv stops at a pending error of the socket, which is old news of a packet sent before, or of the
	 * device that went down; reading is all that it needs. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	// Who is behind a flood in the queue should not have to wait for it.
	for (unsigned round = 0; round < ROUNDS && count == BATCH; round++) {
		uint32_t admitted = admission_count(socket->link->admission);

		count = receive_batch(socket);
		if (count < BATCH)
			admission_emptied(socket->link->admission, admitted);
		if (count > 0)
			socket->handler.on_nhrp_end(socket->handler.owner);
	}
}

struct nhrp_socket *nhrp_socket_open(struct uv_loop_s *loop, struct link *link, int fd,
	const struct link_handler *handler,
	void (*receive)(struct link *link, const struct nhrp_arrival *arrival))
{
	struct nhrp_socket *socket = alloc_zeroed(1, sizeof(*socket));

	socket->fd = fd;
	socket->link = link;
	socket->handler = *handler;
	socket->receive = receive;
	uv_poll_init(loop, &socket->poll, fd);
	socket->poll.data = socket;
	uv_poll_start(&socket->poll, UV_READABLE, on_readable);
	return socket;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void nhrp_socket_close(struct nhrp_socket *socket)
{
	if (!socket)
		return;
	nhrp_socket_flush(socket);
	uv_close((uv_handle_t *)&socket->poll, on_closed);
}

void nhrp_socket_send(struct nhrp_socket *socket, const struct nhrp_departure *departure)
{
	struct outgoing *out = &socket->out;
	unsigned i;

	if (out->count == BATCH)
		nhrp_socket_flush(socket);
	i = out->count++;
	if (departure->head_length > 0)
		memcpy(out->packets[i], departure->head, departure->head_length);
	memcpy(out->packets[i] + departure->head_length, departure->packet, departure->length);
	out->to[i] = departure->to;
	out->iov[i] = (struct iovec) { out->packets[i], departure->head_length + departure->length };
	out->messages[i].msg_hdr = (struct msghdr) {
		.msg_name = &out->to[i],
		.msg_namelen = sizeof(out->to[i]),
		.msg_iov = &out->iov[i],
		.msg_iovlen = 1,
	};
}

void nhrp_socket_flush(struct nhrp_socket *socket)
{
	admission_flush(socket->link->admission);
	socket->refused += socket_send_all(socket->fd, socket->out.messages, socket->out.count);
	socket->out.count = 0;
}

uint64_t nhrp_socket_refused(const struct nhrp_socket *socket)
{
	return socket->refused;
}
