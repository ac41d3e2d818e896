// SPDX-License-Identifier: GPL-2.0-or-later
//
// Routes to peers that lead into a tunnel: no packet goes round for ever.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "base/attr.h"
#include "link/link.h"
#include "link/user_gre.h"
#include "netns.h"
#include "user_links.h"

static bool has_unwanted(void *context)
{
	struct link *link = context;
	struct link_drops drops;

	link->ops->drops(link, &drops);
	return drops.not_wanted > 0;
}

struct sender {
	struct link *link;
	struct addr nbma;
	uint64_t packets;
};

static bool has_sent(void *context)
{
	struct sender *sender = context;
	struct link_counters counters;

	assert_true(sender->link->ops->counters(sender->link, sender->nbma, &counters));
	sender->packets = counters.sent_packets;
	return sender->packets > 0;
}

/// A thread counts a packet when it has sent it; where that comes back, it may have been dropped before.
static void expect_sent_once(uv_loop_t *loop, struct link *link, const char *nbma)
{
	struct sender sender = { .link = link, .nbma = address(nbma) };

	netns_wait(loop, has_sent, &sender);
	assert_int_equal(sender.packets, 1);
}

/// Whoever registers with an NBMA address that is reached through the tunnel must not make packets go round.
static void packets_do_not_come_back_into_the_tunnel(void **state)
{
	struct link_config a = config("tunnel1", "192.0.2.1", 1);
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
	expect_sent_once(&loop, link, "10.0.0.7");
	close(fd);
	link->ops->close(link, false);
	netns_finish(&loop);
}

/// Of three tunnels each is routed through the next: every one sends the packet once.
static void nor_by_other_tunnels(bool no_fast_path)
{
	static const char *const names[] = { "tunnel1", "tunnel2", "tunnel3" };
	static const char *const sources[] = { "192.0.2.1", "192.0.2.11", "192.0.2.12" };
	static const char *const peers[] = { "198.51.100.1", "198.51.100.2", "198.51.100.3" };
	struct link *links[ARRAY_SIZE(names)];
	uv_loop_t loop;
	int fd;

	uv_loop_init(&loop);
	netns_run("ip address add 192.0.2.11/24 dev u1 && ip address add 192.0.2.12/24 dev u1");
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		struct link_config wanted = config(names[i], sources[i], i + 1);
		char local[16], remote[16];
		struct lladdr peer;

		wanted.no_fast_path = no_fast_path;
		links[i] = open_link(&loop, &wanted, NULL);
		peer = lladdr(links[i], peers[i]);
		snprintf(local, sizeof(local), "10.%u.0.1", i);
		snprintf(remote, sizeof(remote), "10.%u.0.9", i);
		address_link(names[i], local, remote, &peer);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		netns_run("ip route add %s via 10.%u.0.9", peers[i], (i + 1) % 3);
	fd = udp_socket("10.0.0.1");
	udp_send(fd, "10.0.0.9", "round and round");
	netns_wait(&loop, has_unwanted, links[0]);
	assert_int_equal(strncmp(links[0]->ops->data_path(links[0]), "eBPF", 4) != 0, no_fast_path);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		expect_sent_once(&loop, links[i], peers[i]);
	close(fd);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		links[i]->ops->close(links[i], false);
	netns_run("ip address delete 192.0.2.11/24 dev u1 && ip address delete 192.0.2.12/24 dev u1");
	netns_finish(&loop);
}

static void nor_by_other_tunnels_with_threads(void **state)
{
	(void)state;
	nor_by_other_tunnels(true);
}

static void nor_by_other_tunnels_with_the_fast_path(void **state)
{
	(void)state;
	netns_run("echo 1 >/proc/sys/net/ipv4/conf/lo/forwarding");
	nor_by_other_tunnels(false);
}

#define IP(protocol, last) 0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, last, 198, 51, 100, 1
#define GRE                0, 0, 0x08, 0
#define KEYED              0x20, 0, 0x08, 0, 0, 0, 0, 1

static bool holds(const uint8_t *packet, size_t length, bool protected)
{
	return user_gre_holds_own(packet, length, inet_addr("192.0.2.1"), protected);
}

static void what_is_own_is_found_however_deep(void **state)
{
	const uint8_t own[] = { IP(IPPROTO_GRE, 1) },
		      other[] = { IP(IPPROTO_GRE, 2), GRE, IP(IPPROTO_UDP, 1) };
	const uint8_t deep[] = { IP(IPPROTO_GRE, 2), KEYED, IP(IPPROTO_GRE, 3), GRE, IP(IPPROTO_GRE, 1) };
	const uint8_t teb[] = { IP(IPPROTO_GRE, 2), 0, 0, 0x65, 0x58, IP(IPPROTO_GRE, 1) };
	const uint8_t esp[] = { IP(IPPROTO_GRE, 2), GRE, IP(IPPROTO_ESP, 1) };
	const uint8_t in_udp[] = { IP(IPPROTO_UDP, 1), 0x11, 0x94, 0x11, 0x94 };
	const uint8_t udp[] = { IP(IPPROTO_UDP, 1), 0x13, 0x88, 0x11, 0x94 };
	uint8_t cut[sizeof(deep)];

	(void)state;
	assert_true(holds(own, sizeof(own), false));
	assert_false(holds(other, sizeof(other), true));
	assert_true(holds(deep, sizeof(deep), false));
	assert_false(holds(teb, sizeof(teb), false));
	assert_true(holds(esp, sizeof(esp), true));
	assert_false(holds(esp, sizeof(esp), false));
	assert_true(holds(in_udp, sizeof(in_udp), true));
	assert_false(holds(in_udp, sizeof(in_udp), false));
	assert_false(holds(udp, sizeof(udp), true));
	// Whatever is missing.
	for (size_t length = 0; length < sizeof(cut); length++) {
		memcpy(cut + sizeof(cut) - length, deep, length);
		assert_false(holds(cut + sizeof(cut) - length, length, true));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_do_not_come_back_into_the_tunnel),
		cmocka_unit_test(nor_by_other_tunnels_with_threads),
		cmocka_unit_test(nor_by_other_tunnels_with_the_fast_path),
		cmocka_unit_test(what_is_own_is_found_however_deep),
	};

	return cmocka_run_group_tests(tests, user_links_set_up, NULL);
}
