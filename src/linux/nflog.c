// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/alloc.h"
#include "linux/guard.h"

#define READ_SIZE 16384
#define READS     64 ///< per wake-up, so that the loop stays fair

struct nflog {
	struct mnl_socket *socket;
	uv_poll_t poll;
	nflog_on_packet *on_packet;
	void *owner;
};

static void on_message(struct nflog *nflog, const struct nlmsghdr *message)
{
	const uint8_t *packet = NULL;
	struct nlattr *attr;
	uint32_t in = 0, out = 0;
	size_t length = 0;

	if (message->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case NFULA_IFINDEX_INDEV:
			in = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFULA_IFINDEX_OUTDEV:
			out = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFULA_PAYLOAD:
			packet = mnl_attr_get_payload(attr);
			length = mnl_attr_get_payload_len(attr);
			break;
		}
	}
	if (packet)
		nflog->on_packet(nflog->owner, in, out, packet, length);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[READ_SIZE];
	struct nflog *nflog = poll->data;

	(void)events;
	/* libuv stops at a pending error of the socket: packets were lost, and the next will do as well. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	for (int i = 0; i < READS; i++) {
		ssize_t length = mnl_socket_recvfrom(nflog->socket, buffer, sizeof(buffer));
		const struct nlmsghdr *message = (void *)buffer;
		int left = (int)length;

		if (length < 0 && errno == ENOBUFS)
			continue;
		if (length <= 0)
			return;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			on_message(nflog, message);
	}
}

static struct nlmsghdr *begin_config(uint8_t *buffer, uint16_t group)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	header->res_id = htons(group);
	return message;
}

static bool ask(struct mnl_socket *socket, const struct nlmsghdr *message)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[READ_SIZE];
	int result = MNL_CB_OK;

	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return false;
	/* Packets may come before the acknowledgement; the first ones are no loss. */
	while (result == MNL_CB_OK) {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (length < 0)
			return false;
		result = mnl_cb_run(buffer, (size_t)length, 0, 0, NULL, NULL);
	}
	return result == MNL_CB_STOP;
}

static bool configure(struct mnl_socket *socket, uint16_t group)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[256];
	struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(GUARD_SNAPLEN),
		.copy_mode = NFULNL_COPY_PACKET,
	};
	struct nlmsghdr *message = begin_config(buffer, group);

	mnl_attr_put(message, NFULA_CFG_CMD, sizeof(bind), &bind);
	if (!ask(socket, message))
		return false;
	message = begin_config(buffer, group);
	mnl_attr_put(message, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(message, NFULA_CFG_TIMEOUT, htonl(0));
	mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(1));
	return ask(socket, message);
}

struct nflog *nflog_open(
	struct uv_loop_s *loop, uint16_t group, nflog_on_packet *on_packet, void *owner, struct err *err)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct nflog *nflog;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 || !configure(socket, group)) {
		/* The kernel says EPERM where a group is another socket's. */
		if (errno == EBUSY || errno == EPERM)
			err_set(err,
				"the NFLOG group %u is in use by another process; is a second daemon running?",
				group);
		else
			err_set_errno(err, errno,
				"cannot receive packets by NFLOG, which redirects need (is the module nfnetlink_log there?)");
		if (socket)
			mnl_socket_close(socket);
		return NULL;
	}
	nflog = alloc_zeroed(1, sizeof(*nflog));
	nflog->socket = socket;
	nflog->on_packet = on_packet;
	nflog->owner = owner;
	nflog->poll.data = nflog;
	/* uv_poll_init makes the socket non-blocking. */
	uv_poll_init(loop, &nflog->poll, mnl_socket_get_fd(socket));
	uv_poll_start(&nflog->poll, UV_READABLE, on_readable);
	return nflog;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void nflog_close(struct nflog *nflog)
{
	if (!nflog)
		return;
	uv_close((uv_handle_t *)&nflog->poll, on_closed);
	mnl_socket_close(nflog->socket);
}
