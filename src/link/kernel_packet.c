// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/kernel_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/mark.h"
#include "link/socket.h"

#define SOCKET_BUFFER (8 * 1024 * 1024) ///< bytes

void kernel_packet_set_buffers(int fd)
{
	socket_set_buffers(fd, SOCKET_BUFFER, SOCKET_BUFFER);
}

struct sockaddr_ll kernel_packet_address(uint32_t device, uint16_t ethertype, struct addr nbma)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ethertype),
		.sll_ifindex = (int)device,
	};

	if (addr_is_set(nbma)) {
		address.sll_halen = KERNEL_NBMA_SIZE;
		memcpy(address.sll_addr, nbma.bytes, KERNEL_NBMA_SIZE);
	}
	return address;
}

int kernel_packet_open(uint32_t device, const struct link_config *config, uint16_t ethertype, struct err *err)
{
	struct sockaddr_ll local = kernel_packet_address(device, ethertype, (struct addr) { 0 });
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		(void)err_set_errno(err, errno,
			"cannot open a packet socket on %s; run as root or with the capability CAP_NET_RAW",
			config->name);
		return -1;
	}
	kernel_packet_set_buffers(fd);
	if (config->marks && !mark_enable(fd))
		(void)err_set_errno(err, errno, "cannot tell the peers of %s apart", config->name);
	else if (bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		(void)err_set_errno(err, errno, "cannot receive NHRP packets on %s", config->name);
	else
		return fd;
	close(fd);
	return -1;
}
