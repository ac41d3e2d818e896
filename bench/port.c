// SPDX-License-Identifier: GPL-2.0-or-later
#include "port.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "load.h"

#define SOCKET_BUFFER (64 * 1024 * 1024)
#define TO_OFFSET     30 ///< of the destination NBMA address

int port_open(unsigned spokes, struct err *err)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(LOAD_DEVICE),
	};
	int size = SOCKET_BUFFER, on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	/* What the hub sends to others than the spokes should not wake them. */
	if (fd < 0 || !frame_filter(fd, TO_OFFSET, addr_to_ipv4(load_nbma(0)), spokes) ||
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err_set_errno(err, errno, "cannot open a packet socket on " LOAD_DEVICE);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	return fd;
}

struct port_clock port_clock_read(void)
{
	struct port_clock clock;

	clock_gettime(CLOCK_REALTIME, &clock.wall);
	clock.now = load_now();
	return clock;
}

double port_arrival(const struct msghdr *message, const struct port_clock *clock)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(message);
	const struct timespec *wall = &clock->wall;
	struct timespec arrival;
	double age;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS)
		return clock->now;
	memcpy(&arrival, CMSG_DATA(header), sizeof(arrival));
	age = (double)(wall->tv_sec - arrival.tv_sec) + (double)(wall->tv_nsec - arrival.tv_nsec) / 1e9;
	return age > 0 ? clock->now - age : clock->now;
}
