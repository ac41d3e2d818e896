// SPDX-License-Identifier: GPL-2.0-or-later
//
// User links between network namespaces; see user_links.h.
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "link/link.h"
#include "netns.h"
#include "user_links.h"

static bool was_heard(void *context)
{
	return ((struct heard *)context)->count > 0;
}

struct counted {
	struct link *link;
	const char *nbma;
	uint64_t beyond; ///< more packets than these
};

static bool has_received(void *context)
{
	const struct counted *counted = context;
	struct link_counters counters;

	return counted->link->ops->counters(counted->link, address(counted->nbma), &counters) &&
	       counters.received_packets > counted->beyond;
}

static bool has_unknown(void *context)
{
	struct link *link = context;
	struct link_drops drops;

	link->ops->drops(link, &drops);
	return drops.unknown_peer > 0;
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

/// Whoever may open sockets, as any user of the machine may, cannot keep us from a device.
static void a_device_is_claimed_by_those_who_may_use_it(void **state)
{
	struct sockaddr_un taken = { .sun_family = AF_UNIX, .sun_path = "\0dmvpnd/tunnel1" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct link_config wanted = config("tunnel1", "192.0.2.1", 1);
	struct link *link;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, offsetof(struct sockaddr_un, sun_path) + 15), 0);
	uv_loop_init(&loop);
	link = open_link(&loop, &wanted, NULL);
	assert_non_null(strstr(netns_read("nft list tables"), "dmvpn-user-tunnel1"));
	assert_int_not_equal(system("nft delete table inet dmvpn-user-tunnel1 2>/dev/null"), 0);
	link->ops->close(link, false);
	assert_null(strstr(netns_read("nft list tables"), "dmvpn-user-tunnel1"));
	netns_finish(&loop);
	close(fd);
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
	struct counted at_a;
	int socket_a, socket_b;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	link_a = open_link(&loop, &a, NULL);
	link_b = open_there(&loop, &b, &heard);
	send_nhrp(link_a, "192.0.2.2", "nhrp!");
	netns_wait(&loop, was_heard, &heard);
	assert_true(addr_equal(heard.from, address("192.0.2.1")));
	assert_int_equal(heard.length, 5);
	assert_memory_equal(heard.packet, "nhrp!", 5);
	assert_int_equal(heard.ends, 1);

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
	at_a = (struct counted) { link_a, "192.0.2.2" };
	netns_wait(&loop, has_received, &at_a);
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

struct activity {
	struct link *link;
	struct heard heard;
};

static bool has_activity(void *context)
{
	struct activity *activity = context;

	activity->link->ops->each_active(activity->link, remember_active, &activity->heard);
	return activity->heard.count > 0;
}

static void activity_is_told_once(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1);
	struct activity activity = { 0 };
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
	activity.link = link;
	netns_wait(&loop, has_activity, &activity);
	assert_int_equal(activity.heard.count, 1);
	assert_true(addr_equal(activity.heard.from, address("192.0.2.2")));
	assert_true(!has_activity(&(struct activity) { .link = link }));
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
	send_nhrp(links[0], "192.0.2.2", "1");
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
	static const struct prefix all_groups;
	struct prefix group = prefix_host(address("239.1.1.1"));
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
	link_a->ops->multicast_add(link_a, all_groups, address("192.0.2.2"));
	link_a->ops->multicast_add(link_a, all_groups, address("192.0.2.2"));
	link_a->ops->multicast_add(link_a, all_groups, address("192.0.2.3"));
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

	/* A group of its own goes to its receivers only, and other groups as before. */
	link_a->ops->multicast_add(link_a, group, (struct addr) { 0 });
	link_a->ops->multicast_add(link_a, group, address("192.0.2.3"));
	udp_send(fd, "239.1.1.1", "stream");
	udp_send(fd, "224.0.0.9", "all");
	at_b.beyond = 1;
	at_c.beyond = 2;
	netns_wait(&loop, has_received, &at_b);
	netns_wait(&loop, has_received, &at_c);
	assert_true(link_b->ops->counters(link_b, address("192.0.2.1"), &counters));
	assert_int_equal(counters.received_packets, 2);
	link_a->ops->multicast_remove(link_a, group, address("192.0.2.3"));
	link_a->ops->multicast_remove(link_a, group, (struct addr) { 0 });
	link_a->ops->multicast_remove(link_a, all_groups, address("192.0.2.2"));
	assert_false(link_a->ops->counters(link_a, address("192.0.2.2"), &counters));
	close(fd);
	link_a->ops->close(link_a, false);
	link_b->ops->close(link_b, false);
	link_c->ops->close(link_c, false);
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
	send_nhrp(link_b, "192.0.2.1", "x");
	assert_true(link_b->ops->set_nbma(link_b, address("192.0.2.2"), NULL));
	send_nhrp(link_b, "192.0.2.1", "y");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_lives_as_long_as_asked),
		cmocka_unit_test(a_device_is_claimed_by_those_who_may_use_it),
		cmocka_unit_test(older_device_is_adopted),
		cmocka_unit_test(foreign_devices_and_bad_addresses_are_refused),
		cmocka_unit_test(nhrp_and_data_cross),
		cmocka_unit_test(activity_is_told_once),
		cmocka_unit_test(keys_keep_tunnels_apart),
		cmocka_unit_test(multicast_goes_to_every_receiver),
		cmocka_unit_test(point_to_point_needs_no_peer),
		cmocka_unit_test(checksum_and_sequence_are_accepted),
		cmocka_unit_test(stale_devices_are_swept),
		cmocka_unit_test(kinds_are_found),
	};

	return cmocka_run_group_tests(tests, user_links_set_up, NULL);
}
