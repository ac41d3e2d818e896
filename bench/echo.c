// SPDX-License-Identifier: GPL-2.0-or-later
#include "echo.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "frame.h"
#include "load.h"
#include "wire/nhrp_msg.h"

#define BATCH            64
#define PACKET_SIZE      2048
#define GRE_SIZE         8 ///< with its key
#define IP_SOURCE_OFFSET 12
#define SOCKET_BUFFER    (64 * 1024 * 1024)

/// Makes the reply in place: another type, and the checksum that goes with it.
static void answer(uint8_t *nhrp)
{
	uint32_t sum = (uint32_t)(nhrp[NHRP_OFFSET_CHECKSUM] << 8 | nhrp[NHRP_OFFSET_CHECKSUM + 1]);

	nhrp[NHRP_OFFSET_TYPE] = NHRP_REGISTRATION_REPLY;
	sum += 0xffff - (NHRP_REGISTRATION_REPLY - NHRP_REGISTRATION_REQUEST);
	sum = (sum & 0xffff) + (sum >> 16);
	nhrp[NHRP_OFFSET_CHECKSUM] = (uint8_t)(sum >> 8);
	nhrp[NHRP_OFFSET_CHECKSUM + 1] = (uint8_t)sum;
}

_Noreturn void echo_serve(bool batches, bool filtered)
{
	static uint8_t packets[BATCH][PACKET_SIZE];
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(LOAD_HUB_NBMA) };
	struct sockaddr_in peers[BATCH];
	const unsigned limit = batches ? BATCH : 1;
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_GRE);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int size = SOCKET_BUFFER;

	if (fd < 0 || (filtered && !frame_filter(fd, IP_SOURCE_OFFSET, LOAD_NBMA, LOAD_MAX + 1)) ||
		bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		exit(EXIT_FAILURE);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	for (;;) {
		unsigned wanted = 0;
		int count;

		for (unsigned i = 0; i < limit; i++) {
			iov[i] = (struct iovec) { packets[i], PACKET_SIZE };
			messages[i].msg_hdr = (struct msghdr) { .msg_name = &peers[i],
				.msg_namelen = sizeof(peers[i]),
				.msg_iov = &iov[i],
				.msg_iovlen = 1 };
		}
		poll(&poll_fd, 1, -1);
		count = recvmmsg(fd, messages, limit, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++) {
			uint8_t *gre = packets[i] + sizeof(struct iphdr);

			if (messages[i].msg_len < sizeof(struct iphdr) + GRE_SIZE + NHRP_FIXED_SIZE)
				continue;
			answer(gre + GRE_SIZE);
			iov[wanted] = (struct iovec) { gre, messages[i].msg_len - sizeof(struct iphdr) };
			messages[wanted].msg_hdr = (struct msghdr) { .msg_name = &peers[i],
				.msg_namelen = sizeof(peers[i]),
				.msg_iov = &iov[wanted],
				.msg_iovlen = 1 };
			wanted++;
		}
		for (unsigned done = 0; done < wanted;) {
			int sent = sendmmsg(fd, messages + done, wanted - done, 0);

			done += sent > 0 ? (unsigned)sent : 1;
		}
	}
}
