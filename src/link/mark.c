// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/mark.h"

#include <string.h>

#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

_Static_assert(CMSG_SPACE(sizeof(uint32_t)) <= MARK_CONTROL_SIZE, "room for the mark");

bool mark_enable(int fd)
{
	int on = 1;

	return setsockopt(fd, SOL_SOCKET, SO_RCVMARK, &on, sizeof(on)) == 0;
}

uint32_t mark_read(struct msghdr *message)
{
	uint32_t mark = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_MARK)
			memcpy(&mark, CMSG_DATA(header), sizeof(mark));
	}
	return mark;
}
