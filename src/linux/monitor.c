// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/monitor.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "linux/mirror.h"
#include "linux/neigh.h"
#include "linux/override.h"
#include "linux/routes.h"
#include "linux/rtnl.h"

#define SOCKET_BUFFER                                                                                        \
	(4 * 1024 * 1024) ///< bytes: the events of a full BGP table's reset fit in part, see overrun
#define READ_SIZE     32768
#define READS         64  ///< per wake-up, so that the loop stays fair
#define SYNC_INTERVAL 100 ///< ms between two readings of the whole tables

struct monitor {
	struct mnl_socket *socket;
	struct rtnl *rtnl;
	struct monitor_handler handler;
	struct mirror mirror;
	uv_poll_t poll;
	uv_timer_t sync_timer;
	uint64_t synced_at; ///< ms of the loop's clock
	unsigned handles_open;
	bool disturbed;
	bool overrun;
};

static void on_route(void *context, const struct rib_route *route, bool added)
{
	struct monitor *monitor = context;

	if (monitor->handler.on_route)
		monitor->handler.on_route(monitor->handler.owner, route, added);
}

bool monitor_sync(struct monitor *monitor, struct err *err)
{
	bool ok;

	monitor->synced_at = uv_now(monitor->poll.loop);
	ok = mirror_sync(&monitor->mirror, monitor->rtnl, err);
	if (monitor->handler.on_end)
		monitor->handler.on_end(monitor->handler.owner);
	return ok;
}

static void schedule_sync(struct monitor *monitor);

static void on_sync_timer(uv_timer_t *timer)
{
	struct monitor *monitor = timer->data;
	struct err err;

	if (monitor_sync(monitor, &err))
		return;
	log_warning("%s; trying again", err.text);
	schedule_sync(monitor);
}

/// At once, but not all the time: interfaces and next hops tend to change in crowds.
static void schedule_sync(struct monitor *monitor)
{
	uint64_t now = uv_now(monitor->poll.loop);
	uint64_t due = monitor->synced_at + SYNC_INTERVAL;

	if (!uv_is_active((uv_handle_t *)&monitor->sync_timer))
		uv_timer_start(&monitor->sync_timer, on_sync_timer, due > now ? due - now : 0, 0);
}

/* Events */

static void on_link_message(struct monitor *monitor, const struct nlmsghdr *message)
{
	struct device_info info;
	bool exists = message->nlmsg_type == RTM_NEWLINK;

	if (!device_read(message, &info))
		return;
	/* The routes of a device that goes down vanish untold. */
	if (!exists || !info.up)
		schedule_sync(monitor);
	if (monitor->handler.on_link)
		monitor->handler.on_link(monitor->handler.owner, &info, exists);
}

static void on_address_message(struct monitor *monitor, const struct nlmsghdr *message)
{
	bool added = message->nlmsg_type == RTM_NEWADDR;
	struct device_address address;

	if (!device_read_address(message, &address))
		return;
	if (!added)
		schedule_sync(monitor);
	if (monitor->handler.on_address)
		monitor->handler.on_address(monitor->handler.owner, address.device, address.address, added);
}

static void on_route_message(struct monitor *monitor, const struct nlmsghdr *message, bool our_doing)
{
	struct rib_route hops[ROUTES_HOPS_MAX];
	struct routes_entry entry = { .hops = hops };

	if (!routes_read(message, &entry))
		return;
	if (entry.table == OVERRIDE_TABLE)
		monitor->disturbed |= !our_doing;
	else
		mirror_on_message(&monitor->mirror, message);
}

static void on_neighbour_message(struct monitor *monitor, const struct nlmsghdr *message, bool our_doing)
{
	struct neighbour neighbour;
	uint8_t protocol;

	if (!neigh_read(message, &neighbour, &protocol))
		return;
	if (message->nlmsg_type == RTM_GETNEIGH) {
		if (monitor->handler.on_neighbour_miss)
			monitor->handler.on_neighbour_miss(
				monitor->handler.owner, neighbour.device, neighbour.address);
	} else if (protocol == RTNL_PROTOCOL) {
		monitor->disturbed |= !our_doing;
	}
}

static void on_message(struct monitor *monitor, const struct nlmsghdr *message)
{
	bool our_doing = message->nlmsg_pid == rtnl_port(monitor->rtnl);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link_message(monitor, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		on_address_message(monitor, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		on_route_message(monitor, message, our_doing);
		break;
	case RTM_GETNEIGH:
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		on_neighbour_message(monitor, message, our_doing);
		break;
	case RTM_DELRULE:
		monitor->disturbed |= !our_doing;
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		/* Routes by next-hop objects change with them, untold. */
		schedule_sync(monitor);
		break;
	}
}

static void on_dumped(void *context, const struct nlmsghdr *message)
{
	on_message(context, message);
}

/// Events were lost: reads anew what they may have been about.
static void recover(struct monitor *monitor)
{
	struct ifaddrmsg *address;
	struct ifinfomsg *link;

	log_warning("the kernel told more changes than we could follow; reading its tables anew");
	link = mnl_nlmsg_put_extra_header(rtnl_begin(monitor->rtnl, RTM_GETLINK, 0), sizeof(*link));
	link->ifi_family = AF_UNSPEC;
	monitor->overrun = !rtnl_dump(monitor->rtnl, on_dumped, monitor);
	address = mnl_nlmsg_put_extra_header(rtnl_begin(monitor->rtnl, RTM_GETADDR, 0), sizeof(*address));
	address->ifa_family = AF_INET;
	monitor->overrun |= !rtnl_dump(monitor->rtnl, on_dumped, monitor);
	schedule_sync(monitor);
	monitor->disturbed = true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[READ_SIZE];
	struct monitor *monitor = poll->data;

	(void)events;
	/* libuv stops at a pending error of the socket, which is the overrun that the read will tell. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	for (int i = 0; i < READS; i++) {
		ssize_t length = mnl_socket_recvfrom(monitor->socket, buffer, sizeof(buffer));
		const struct nlmsghdr *message = (void *)buffer;
		int left = (int)length;

		if (length < 0 && errno == ENOBUFS) {
			monitor->overrun = true;
			continue;
		}
		if (length <= 0)
			break;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			on_message(monitor, message);
	}
	if (monitor->overrun)
		recover(monitor);
	if (monitor->handler.on_end)
		monitor->handler.on_end(monitor->handler.owner);
	if (monitor->disturbed) {
		monitor->disturbed = false;
		if (monitor->handler.on_disturbed)
			monitor->handler.on_disturbed(monitor->handler.owner);
	}
}

/* Start and end */

static struct mnl_socket *open_socket(struct err *err)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV4_RULE, RTNLGRP_NEIGH, RTNLGRP_NEXTHOP };
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int size = SOCKET_BUFFER;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_set_errno(err, errno, "cannot open a netlink socket for events");
		if (socket)
			mnl_socket_close(socket);
		return NULL;
	}
	if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0 ||
			group == RTNLGRP_NEXTHOP) /* kernels before 5.3 have no next-hop objects */
			continue;
		err_set_errno(
			err, errno, "cannot subscribe to the kernel's events (netlink group %d)", group);
		mnl_socket_close(socket);
		return NULL;
	}
	return socket;
}

struct monitor *monitor_open(
	struct uv_loop_s *loop, struct rtnl *rtnl, const struct monitor_handler *handler, struct err *err)
{
	struct mnl_socket *socket = open_socket(err);
	struct monitor *monitor;

	if (!socket)
		return NULL;
	monitor = alloc_zeroed(1, sizeof(*monitor));
	monitor->socket = socket;
	monitor->rtnl = rtnl;
	monitor->handler = *handler;
	monitor->mirror = (struct mirror) { .tell = on_route, .context = monitor };
	monitor->poll.data = monitor->sync_timer.data = monitor;
	monitor->handles_open = 2;
	uv_timer_init(loop, &monitor->sync_timer);
	uv_poll_init(loop, &monitor->poll, mnl_socket_get_fd(socket));
	uv_poll_start(&monitor->poll, UV_READABLE, on_readable);
	return monitor;
}

static void on_closed(uv_handle_t *handle)
{
	struct monitor *monitor = handle->data;

	if (--monitor->handles_open)
		return;
	mirror_done(&monitor->mirror);
	free(monitor);
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	uv_close((uv_handle_t *)&monitor->poll, on_closed);
	uv_close((uv_handle_t *)&monitor->sync_timer, on_closed);
	mnl_socket_close(monitor->socket);
}
