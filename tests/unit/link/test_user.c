// SPDX-License-Identifier: GPL-2.0-or-later
//
// User links between network namespaces: "here" is where the test runs, "there" another. They are joined by
// an underlay, 192.0.2.1 here, 192.0.2.2 and 192.0.2.3 there.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "link/link.h"
#include "netns.h"

#define SUPER_SIZE 20000 ///< bytes of a packet that GRO made

struct heard {
	unsigned count;
	struct addr from;
	uint8_t packet[64];
	size_t length;
};

static int here, there;

static struct addr address(const char *text)
{
	struct addr result;

	assert_true(addr_parse(text, &result));
	return result;
}

static void on_nhrp(void *owner, struct addr from, const uint8_t *packet, size_t length)
{
	struct heard *heard = owner;

	heard->count++;
	heard->from = from;
	heard->length = length;
	assert_true(length <= sizeof(heard->packet));
	memcpy(heard->packet, packet, length);
}

static struct link_config config(const char *name, const char *nbma, uint32_t key)
{
	struct link_config result = { .nbma = address(nbma), .has_key = key != 0, .key = key, .mtu = 1400 };

	strcpy(result.name, name);
	return result;
}

static struct link *try_open(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard,
	bool *adopted, struct err *err)
{
	struct link_handler handler = { .on_nhrp = on_nhrp, .owner = heard };

	return link_user.open(loop, wanted, &handler, adopted, err);
}

static struct link *open_link(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard)
{
	struct err err = { "" };
	bool adopted = true;
	struct link *link = try_open(loop, wanted, heard, &adopted, &err);

	if (!link)
		fail_msg("%s", err.text);
	assert_false(adopted);
	return link;
}

static struct link *open_there(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard)
{
	struct link *link;

	netns_use(there);
	link = open_link(loop, wanted, heard);
	netns_use(here);
	return link;
}

static struct lladdr lladdr(struct link *link, const char *nbma)
{
	struct lladdr result;

	assert_true(link->ops->lladdr(link, address(nbma), &result, NULL));
	return result;
}

/// Addresses the device and binds a neighbour to an NBMA address, as the daemon would.
static void address_link(const char *name, const char *local, const char *remote, const struct lladdr *to)
{
	netns_run("ip address add %s/24 dev %s && ip link set %s up", local, name, name);
	if (to)
		netns_run("ip neigh replace %s lladdr %02x:%02x:%02x:%02x:%02x:%02x nud permanent dev %s",
			remote, to->bytes[0], to->bytes[1], to->bytes[2], to->bytes[3], to->bytes[4],
			to->bytes[5], name);
}

static int udp_socket(const char *local)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, local, &to.sin_addr), 1);
	assert_return_code(bind(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

static void udp_send(int fd, const char *remote, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };

	assert_int_equal(inet_pton(AF_INET, remote, &to.sin_addr), 1);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)), strlen(text));
}

static bool was_heard(void *context)
{
	return ((struct heard *)context)->count > 0;
}

static bool has_datagram(void *context)
{
	uint8_t byte;

	return recv(*(int *)context, &byte, 1, MSG_PEEK) >= 0;
}

struct counted {
	struct link *link;
	const char *nbma;
};

static bool has_received(void *context)
{
	const struct counted *counted = context;
	struct link_counters counters;

	return counted->link->ops->counters(counted->link, address(counted->nbma), &counters) &&
	       counters.received_packets > 0;
}

static bool has_unknown(void *context)
{
	struct link *link = context;
	struct link_drops drops;

	link->ops->drops(link, &drops);
	return drops.unknown_peer > 0;
}

static bool has_unwanted(void *context)
{
	struct link *link = context;
	struct link_drops drops;

	link->ops->drops(link, &drops);
	return drops.not_wanted > 0;
}

static void device_lives_as_long_as_asked(void **state)
{
	struct link_config wanted = config("tunnel1", "192.0.2.1", 1);
	struct err err = { "" };
	bool adopted = false;
	struct link *link;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &wanted, NULL);
	assert_non_null(strstr(netns_read("ip link show tunnel1"), "mtu 1400"));
	assert_non_null(strstr(netns_read("ip link show tunnel1"), "02:00:00:00:00:00"));
	netns_run("ip address add 10.0.0.1/24 dev tunnel1");
	link->ops->close(link, true);
	assert_int_not_equal(if_nametoindex("tunnel1"), 0);

	link = try_open(&loop, &wanted, NULL, &adopted, &err);
	assert_non_null(link);
	assert_true(adopted);
	assert_non_null(strstr(netns_read("ip address show tunnel1"), "10.0.0.1/24"));
	assert_null(try_open(&loop, &wanted, NULL, &adopted, &err));
	assert_non_null(strstr(err.text, "in use"));
	link->ops->close(link, false);
	assert_int_equal(if_nametoindex("tunnel1"), 0);
	netns_finish(&loop);
}

/// A device made without IFF_VNET_HDR, which an older version left.
static void older_device_is_adopted(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1), b = config("tunnel1", "192.0.2.2", 1);
	struct link *link_a, *link_b;
	struct lladdr to_a, to_b;
	int socket_a, socket_b;
	bool adopted = false;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	netns_run("ip tuntap add tunnel1 mode tap && ip link set tunnel1 address 02:00:00:00:00:00");
	link_a = try_open(&loop, &a, NULL, &adopted, NULL);
	assert_non_null(link_a);
	assert_true(adopted);
	link_b = open_there(&loop, &b, NULL);
	to_b = lladdr(link_a, "192.0.2.2");
	to_a = lladdr(link_b, "192.0.2.1");
	address_link("tunnel1", "10.0.0.1", "10.0.0.2", &to_b);
	socket_a = udp_socket("10.0.0.1");
	netns_use(there);
	address_link("tunnel1", "10.0.0.2", "10.0.0.1", &to_a);
	socket_b = udp_socket("10.0.0.2");
	netns_use(here);
	udp_send(socket_a, "10.0.0.2", "there");
	netns_wait(&loop, has_datagram, &socket_b);
	udp_send(socket_b, "10.0.0.1", "back");
	netns_wait(&loop, has_datagram, &socket_a);
	close(socket_a);
	close(socket_b);
	link_a->ops->close(link_a, false);
	link_b->ops->close(link_b, false);
	netns_finish(&loop);
}

static void foreign_devices_and_bad_addresses_are_refused(void **state)
{
	struct link_config wanted = config("tunnel1", "192.0.2.1", 1);
	struct err err = { "" };
	bool adopted;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	netns_run("ip link add tunnel1 type veth peer name other1");
	assert_null(try_open(&loop, &wanted, NULL, &adopted, &err));
	assert_non_null(strstr(err.text, "ip link delete tunnel1"));
	netns_run("ip link delete tunnel1 && ip tuntap add tunnel1 mode tap");
	assert_null(try_open(&loop, &wanted, NULL, &adopted, &err));
	assert_non_null(strstr(err.text, "no TAP device of ours"));
	netns_run("ip link delete tunnel1");

	wanted.nbma = address("198.51.100.1");
	assert_null(try_open(&loop, &wanted, NULL, &adopted, &err));
	assert_non_null(strstr(err.text, "no address of this host"));
	wanted.nbma = address("2001:db8::1");
	assert_null(try_open(&loop, &wanted, NULL, &adopted, &err));
	assert_non_null(strstr(err.text, "IPv6"));
	assert_int_equal(if_nametoindex("tunnel1"), 0);
	netns_finish(&loop);
}

static void nhrp_and_data_cross(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1), b = config("tunnel1", "192.0.2.2", 1);
	struct heard heard = { 0 };
	struct link *link_a, *link_b;
	struct lladdr to_a, to_b;
	struct link_counters counters;
	int socket_a, socket_b;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link_a = open_link(&loop, &a, NULL);
	link_b = open_there(&loop, &b, &heard);
	assert_true(link_a->ops->send_nhrp(link_a, address("192.0.2.2"), (const uint8_t *)"nhrp!", 5, NULL));
	netns_wait(&loop, was_heard, &heard);
	assert_true(addr_equal(heard.from, address("192.0.2.1")));
	assert_int_equal(heard.length, 5);
	assert_memory_equal(heard.packet, "nhrp!", 5);

	to_b = lladdr(link_a, "192.0.2.2");
	to_a = lladdr(link_b, "192.0.2.1");
	address_link("tunnel1", "10.0.0.1", "10.0.0.2", &to_b);
	socket_a = udp_socket("10.0.0.1");
	netns_use(there);
	address_link("tunnel1", "10.0.0.2", "10.0.0.1", &to_a);
	socket_b = udp_socket("10.0.0.2");
	netns_use(here);
	udp_send(socket_a, "10.0.0.2", "there");
	netns_wait(&loop, has_datagram, &socket_b);
	udp_send(socket_b, "10.0.0.1", "back");
	netns_wait(&loop, has_datagram, &socket_a);
	assert_true(link_a->ops->counters(link_a, address("192.0.2.2"), &counters));
	assert_true(counters.sent_packets >= 1 && counters.received_packets >= 1);
	assert_true(counters.sent_bytes >= 20 + 8 + 5);

	/* Forgotten, the address leads nowhere. */
	link_a->ops->forget(link_a, address("192.0.2.2"));
	assert_false(link_a->ops->counters(link_a, address("192.0.2.2"), &counters));
	udp_send(socket_a, "10.0.0.2", "lost");
	netns_wait(&loop, has_unknown, link_a);

	close(socket_a);
	close(socket_b);
	link_a->ops->close(link_a, false);
	link_b->ops->close(link_b, false);
	netns_finish(&loop);
}

static void remember_active(void *context, struct addr nbma, bool sent, bool received)
{
	struct heard *heard = context;

	heard->count++;
	heard->from = nbma;
	assert_true(sent);
	assert_false(received);
}

static void activity_is_told_once(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1);
	struct heard active = { 0 };
	struct lladdr to_b;
	struct link *link;
	int fd;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &a, NULL);
	to_b = lladdr(link, "192.0.2.2");
	lladdr(link, "192.0.2.3");
	address_link("tunnel1", "10.0.0.1", "10.0.0.2", &to_b);
	fd = udp_socket("10.0.0.1");
	udp_send(fd, "10.0.0.2", "hello");
	while (!active.count) {
		uv_run(&loop, UV_RUN_ONCE);
		link->ops->each_active(link, remember_active, &active);
	}
	assert_int_equal(active.count, 1);
	assert_true(addr_equal(active.from, address("192.0.2.2")));
	active.count = 0;
	link->ops->each_active(link, remember_active, &active);
	assert_int_equal(active.count, 0);
	close(fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

static void keys_keep_tunnels_apart(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1), b = config("tunnel1", "192.0.2.2", 1);
	struct link_config other_key = config("tunnel2", "192.0.2.2", 2),
			   no_key = config("tunnel3", "192.0.2.2", 0);
	struct heard heard = { 0 }, none = { 0 };
	struct link *links[4];
	struct link_drops drops;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	links[0] = open_link(&loop, &a, NULL);
	links[1] = open_there(&loop, &b, &heard);
	links[2] = open_there(&loop, &other_key, &none);
	links[3] = open_there(&loop, &no_key, &none);
	assert_true(links[0]->ops->send_nhrp(links[0], address("192.0.2.2"), (const uint8_t *)"1", 1, NULL));
	netns_wait(&loop, was_heard, &heard);
	/* All sockets got it, or not, at the same time. */
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(none.count, 0);
	links[2]->ops->drops(links[2], &drops);
	assert_int_equal(drops.not_wanted, 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		links[i]->ops->close(links[i], false);
	netns_finish(&loop);
}

static void multicast_goes_to_every_receiver(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 7);
	struct link_config b = config("tunnel1", "192.0.2.2", 7), c = config("tunnel2", "192.0.2.3", 7);
	struct link *link_a, *link_b, *link_c;
	struct link_counters counters;
	struct counted at_b, at_c;
	int fd;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link_a = open_link(&loop, &a, NULL);
	link_b = open_there(&loop, &b, NULL);
	link_c = open_there(&loop, &c, NULL);
	netns_use(there);
	netns_run("ip link set tunnel1 up && ip link set tunnel2 up");
	netns_use(here);
	lladdr(link_b, "192.0.2.1");
	lladdr(link_c, "192.0.2.1");
	link_a->ops->multicast_add(link_a, address("192.0.2.2"));
	link_a->ops->multicast_add(link_a, address("192.0.2.2"));
	link_a->ops->multicast_add(link_a, address("192.0.2.3"));
	address_link("tunnel1", "10.0.0.1", NULL, NULL);
	netns_run("ip route add 224.0.0.0/4 dev tunnel1");
	fd = udp_socket("10.0.0.1");
	udp_send(fd, "224.0.0.9", "hello");
	at_b = (struct counted) { link_b, "192.0.2.1" };
	at_c = (struct counted) { link_c, "192.0.2.1" };
	netns_wait(&loop, has_received, &at_b);
	netns_wait(&loop, has_received, &at_c);
	assert_true(link_b->ops->counters(link_b, address("192.0.2.1"), &counters));
	assert_int_equal(counters.received_packets, 1);

	link_a->ops->multicast_remove(link_a, address("192.0.2.2"));
	assert_false(link_a->ops->counters(link_a, address("192.0.2.2"), &counters));
	close(fd);
	link_a->ops->close(link_a, false);
	link_b->ops->close(link_b, false);
	link_c->ops->close(link_c, false);
	netns_finish(&loop);
}

/// Whoever registers with an NBMA address that is reached through the tunnel must not make packets go round.
static void packets_do_not_come_back_into_the_tunnel(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1);
	struct link_counters counters;
	struct lladdr inside;
	struct link *link;
	int fd;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &a, NULL);
	inside = lladdr(link, "10.0.0.7");
	address_link("tunnel1", "10.0.0.1", "10.0.0.7", &inside);
	fd = udp_socket("10.0.0.1");
	udp_send(fd, "10.0.0.7", "round and round");
	netns_wait(&loop, has_unwanted, link);
	assert_true(link->ops->counters(link, address("10.0.0.7"), &counters));
	assert_int_equal(counters.sent_packets, 1);
	close(fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

static void point_to_point_needs_no_peer(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 0), b = config("tunnel1", "192.0.2.2", 0);
	struct heard heard = { 0 };
	struct lladdr any = { 6, { 0x02, 0, 9, 9, 9, 9 } };
	struct link *link_a, *link_b;
	int socket_a, socket_b;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	a.destination = address("192.0.2.2");
	link_a = open_link(&loop, &a, &heard);
	link_b = open_there(&loop, &b, NULL);
	address_link("tunnel1", "10.0.0.1", "10.0.0.2", &any);
	socket_a = udp_socket("10.0.0.1");
	netns_use(there);
	address_link("tunnel1", "10.0.0.2", NULL, NULL);
	socket_b = udp_socket("10.0.0.2");
	netns_use(here);
	udp_send(socket_a, "10.0.0.2", "there");
	netns_wait(&loop, has_datagram, &socket_b);

	/* From elsewhere than the destination, nothing comes in. */
	assert_true(link_b->ops->set_nbma(link_b, address("192.0.2.3"), NULL));
	assert_true(link_b->ops->send_nhrp(link_b, address("192.0.2.1"), (const uint8_t *)"x", 1, NULL));
	assert_true(link_b->ops->set_nbma(link_b, address("192.0.2.2"), NULL));
	assert_true(link_b->ops->send_nhrp(link_b, address("192.0.2.1"), (const uint8_t *)"y", 1, NULL));
	netns_wait(&loop, was_heard, &heard);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.packet[0], 'y');
	close(socket_a);
	close(socket_b);
	link_a->ops->close(link_a, false);
	link_b->ops->close(link_b, false);
	netns_finish(&loop);
}

static void checksum_and_sequence_are_accepted(void **state)
{
	/* Flags C, K, S; NHRP; checksum; key 5; sequence 9; two bytes of payload. */
	uint8_t packet[] = { 0xb0, 0x00, 0x20, 0x01, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9, 0xab, 0xcd };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr("192.0.2.1") };
	struct link_config a = config("tunnel1", "192.0.2.1", 5);
	struct heard heard = { 0 };
	struct link *link;
	uint32_t sum = 0;
	int fd;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link = open_link(&loop, &a, &heard);
	for (size_t i = 0; i < sizeof(packet); i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[4] = (uint8_t)(sum >> 8);
	packet[5] = (uint8_t)sum;
	netns_use(there);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	netns_use(here);
	assert_int_equal(
		sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(packet));
	netns_wait(&loop, was_heard, &heard);
	assert_int_equal(heard.length, 2);
	close(fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

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

static bool is_tunnel2(void *context, const char *name)
{
	(void)context;
	return strcmp(name, "tunnel2") == 0;
}

static void stale_devices_are_swept(void **state)
{
	const char *names[] = { "tunnel1", "tunnel2", "tunnel3" };
	struct link *links[ARRAY_SIZE(names)];
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct link_config wanted = config(names[i], "192.0.2.1", (uint32_t)i + 1);

		links[i] = open_link(&loop, &wanted, NULL);
	}
	links[0]->ops->close(links[0], true);
	links[1]->ops->close(links[1], true);
	netns_run("ip tuntap add tunnel4 mode tap");
	assert_int_equal(link_sweep(is_tunnel2, NULL), 1);
	assert_int_equal(if_nametoindex("tunnel1"), 0);
	assert_int_not_equal(if_nametoindex("tunnel2"), 0); /* wanted */
	assert_int_not_equal(if_nametoindex("tunnel3"), 0); /* in use */
	assert_int_not_equal(if_nametoindex("tunnel4"), 0); /* another's */
	netns_run("ip link delete tunnel2 && ip link delete tunnel4");
	links[2]->ops->close(links[2], false);
	netns_finish(&loop);
}

static void kinds_are_found(void **state)
{
	struct err err;

	(void)state;
	assert_ptr_equal(link_by_kind(TUNNEL_LINK_USER, &err), &link_user);
	assert_ptr_equal(link_by_kind(TUNNEL_LINK_AUTO, &err), &link_user);
	assert_null(link_by_kind(TUNNEL_LINK_KERNEL, &err));
	assert_non_null(strstr(err.text, "tunnel link user"));
}

static int set_up_underlay(void **state)
{
	(void)state;
	netns_enter();
	here = netns_current();
	there = netns_new();
	/* Its own multicast would be counted with ours. */
	netns_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true");
	netns_use(there);
	netns_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true");
	netns_use(here);
	netns_run("ip link add u1 type veth peer name u2");
	netns_run("ip link set u2 netns /proc/%d/fd/%d", getpid(), there);
	netns_run("ip address add 192.0.2.1/24 dev u1 && ip link set u1 up");
	netns_use(there);
	netns_run(
		"ip address add 192.0.2.2/24 dev u2 && ip address add 192.0.2.3/24 dev u2 && ip link set u2 up");
	netns_use(here);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_lives_as_long_as_asked),
		cmocka_unit_test(older_device_is_adopted),
		cmocka_unit_test(foreign_devices_and_bad_addresses_are_refused),
		cmocka_unit_test(nhrp_and_data_cross),
		cmocka_unit_test(activity_is_told_once),
		cmocka_unit_test(keys_keep_tunnels_apart),
		cmocka_unit_test(multicast_goes_to_every_receiver),
		cmocka_unit_test(packets_do_not_come_back_into_the_tunnel),
		cmocka_unit_test(point_to_point_needs_no_peer),
		cmocka_unit_test(checksum_and_sequence_are_accepted),
		cmocka_unit_test(unfinished_datagram_is_received),
		cmocka_unit_test(merged_segments_are_forwarded),
		cmocka_unit_test(stale_devices_are_swept),
		cmocka_unit_test(kinds_are_found),
	};

	return cmocka_run_group_tests(tests, set_up_underlay, NULL);
}
