// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/socket.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdbool.h>

static void set_buffer(int fd, int forced, int allowed, int size)
{
	/* Beyond the limit only with CAP_NET_ADMIN in the first user namespace. */
	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, allowed, &size, sizeof(size));
}

void socket_set_buffers(int fd, int receive, int send)
{
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send);
}

unsigned socket_send_all(int fd, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0, refused = 0;
	bool told_down = false;

	while (done < count) {
		int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT);

		/* That a packet socket's device was down, as it was when the socket was bound, is told to the
		 * next call, once, which may be this one. */
		if (sent < 0 && errno == ENETDOWN && !told_down) {
			told_down = true;
			continue;
		}
		if (sent <= 0) {
			refused++;
			sent = 1;
		}
		done += (unsigned)sent;
	}
	return refused;
}

uint64_t socket_dropped(int fd)
{
	uint32_t found[SK_MEMINFO_VARS] = { 0 };
	socklen_t length = sizeof(found);

	(void)getsockopt(fd, SOL_SOCKET, SO_MEMINFO, found, &length);
	return found[SK_MEMINFO_DROPS];
}
