// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packets with work left to do, through a user link; see user_links.h.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "link/link.h"
#include "netns.h"
#include "user_links.h"

#define SUPER_SIZE 20000 ///< bytes of a packet that GRO made

static uint32_t sum_words(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/// An IPv4 packet from 10.0.0.2 as a kernel hands it to a device that completes checksums; below `packet` is
/// room for GRE with a key.
static void make_unfinished(uint8_t *packet, uint8_t protocol, const char *destination, size_t length)
{
	const size_t header = sizeof(struct iphdr);
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)length),
		.frag_off = htons(IP_DF),
		.ttl = 64,
		.protocol = protocol,
		.saddr = inet_addr("10.0.0.2"),
		.daddr = inet_addr(destination),
	};
	uint32_t pseudo = sum_words((uint8_t *)&ip.saddr, 8) + protocol + (uint32_t)(length - header);
	uint16_t checksum = htons((uint16_t)~fold(sum_words((uint8_t *)&ip, header)));

	memcpy(&ip.check, &checksum, sizeof(checksum));
	memcpy(packet, &ip, header);
	checksum = htons((uint16_t)fold(pseudo));
	memcpy(packet + header + (protocol == IPPROTO_TCP ? 16 : 6), &checksum, sizeof(checksum));
}

/// Sends it from there through the tunnel with key 5.
static void send_inner(const uint8_t *inner, size_t length)
{
	static uint8_t packet[65535] = { 0x20, 0x00, 0x08, 0x00, 0, 0, 0, 5 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr("192.0.2.1") };
	int fd;

	netns_use(there);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	netns_use(here);
	memcpy(packet + 8, inner, length);
	assert_int_equal(sendto(fd, packet, 8 + length, 0, (struct sockaddr *)&to, sizeof(to)), 8 + length);
	close(fd);
}

static void unfinished_datagram_is_received(void **state)
{
	uint8_t packet[20 + 8 + 5] = { 0 };
	struct link_config a = config("tunnel1", "192.0.2.1", 5);
	struct link *link;
	int fd;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &a, NULL);
	address_link("tunnel1", "10.0.0.1", NULL, NULL);
	fd = udp_socket("10.0.0.1");
	memcpy(packet + 20, (uint8_t[]) { 5000 >> 8, 5000 & 0xff, 5000 >> 8, 5000 & 0xff, 0, 8 + 5 }, 6);
	memcpy(packet + 28, "hello", 5);
	make_unfinished(packet, IPPROTO_UDP, "10.0.0.1", sizeof(packet));
	send_inner(packet, sizeof(packet));
	netns_wait(&loop, has_datagram, &fd);
	close(fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

static int open_tun(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	strcpy(request.ifr_name, name);
	assert_return_code(ioctl(fd, TUNSETIFF, &request), errno);
	return fd;
}

struct arrived {
	int fd;
	size_t packets;
	size_t payload;
	size_t longest;
};

/// Reads the TCP segments that came; are all there?
static bool has_all_segments(void *context)
{
	struct arrived *arrived = context;
	static uint8_t packet[65535];
	ssize_t length;

	while ((length = read(arrived->fd, packet, sizeof(packet))) > 0) {
		arrived->packets++;
		arrived->payload += (size_t)length - 40;
		if ((size_t)length > arrived->longest)
			arrived->longest = (size_t)length;
		/* Right checksums: the sum of all is nothing. */
		assert_int_equal(fold(sum_words(packet, 20)), 0xffff);
		assert_int_equal(fold(sum_words(packet + 12, (size_t)length - 12) + IPPROTO_TCP +
					 (uint32_t)length - 20),
			0xffff);
	}
	return arrived->payload >= SUPER_SIZE - 40;
}

/// What GRO made of many packets goes on as packets that fit.
static void merged_segments_are_forwarded(void **state)
{
	static uint8_t packet[SUPER_SIZE];
	struct link_config a = config("tunnel1", "192.0.2.1", 5);
	struct arrived arrived = { 0 };
	struct link *link;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &a, NULL);
	address_link("tunnel1", "10.0.0.1", NULL, NULL);
	/* A TUN device does nothing for the kernel: what comes out of it is what a wire would carry. */
	arrived.fd = open_tun("lan1");
	netns_run("ip address add 10.1.0.1/24 dev lan1 && ip link set lan1 up mtu 1400");
	netns_run("echo 1 >/proc/sys/net/ipv4/ip_forward");
	packet[20 + 12] = 0x50;
	packet[20 + 13] = 0x10;
	make_unfinished(packet, IPPROTO_TCP, "10.1.0.2", sizeof(packet));
	send_inner(packet, sizeof(packet));
	netns_wait(&loop, has_all_segments, &arrived);
	assert_int_equal(arrived.payload, SUPER_SIZE - 40);
	assert_int_equal(arrived.packets, (SUPER_SIZE - 40 + 1359) / 1360);
	assert_int_equal(arrived.longest, 1400);
	close(arrived.fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfinished_datagram_is_received),
		cmocka_unit_test(merged_segments_are_forwarded),
	};

	return cmocka_run_group_tests(tests, user_links_set_up, NULL);
}
