// SPDX-License-Identifier: GPL-2.0-or-later
//
// The counting of a kernel link's peers, which needs no GRE device: packets of a raw socket do as well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "link/kernel_table.h"
#include "link/kernel_traffic.h"
#include "wire/gre.h"

#include "netns.h"

#define OURS    "192.0.2.1"
#define NEW     "192.0.2.2"
#define PEER    "198.51.100.1"
#define OTHER   "198.51.100.2"
#define IPV4    0x0800
#define NHRP    0x2001
#define KEY     7
#define PAYLOAD 100 ///< bytes

static struct addr address(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, &addr));
	return addr;
}

static struct kernel_traffic *open_traffic(bool has_key)
{
	const struct link_config config = {
		.name = "tunnel1",
		.nbma = address(OURS),
		.has_key = has_key,
		.key = KEY,
	};
	struct kernel_traffic *traffic;
	struct err err;

	traffic = kernel_traffic_open(&config, &err);
	if (!traffic)
		fail_msg("%s", err.text);
	return traffic;
}

static int set_up(void **state)
{
	(void)state;
	netns_enter();
	netns_run("for a in " OURS " " NEW " " PEER " " OTHER "; do ip addr add $a/32 dev lo; done");
	return 0;
}

/// A packet of the tunnel, as the kernel's device would send it.
static void send_gre(const char *from, const char *to, const struct gre_header *header)
{
	struct sockaddr_in source = { .sin_family = AF_INET }, target = { .sin_family = AF_INET };
	uint8_t packet[GRE_MAX_HEADER + PAYLOAD] = { 0 };
	size_t length = gre_write(header, packet) + PAYLOAD;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);

	assert_true(fd >= 0);
	source.sin_addr.s_addr = inet_addr(from);
	target.sin_addr.s_addr = inet_addr(to);
	assert_return_code(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
	assert_int_equal(sendto(fd, packet, length, 0, (struct sockaddr *)&target, sizeof(target)), length);
	close(fd);
}

struct seen {
	unsigned visits;
	bool sent;
	bool received;
};

static void on_active(void *context, struct addr nbma, bool sent, bool received)
{
	struct seen *seen = context;

	assert_true(addr_equal(nbma, address(PEER)) || addr_equal(nbma, address(OTHER)));
	seen->visits++;
	seen->sent |= sent;
	seen->received |= received;
}

static struct seen walk(struct kernel_traffic *traffic)
{
	struct seen seen = { 0 };

	kernel_traffic_walk(traffic, on_active, &seen);
	return seen;
}

static void assert_counters(
	struct kernel_traffic *traffic, const char *peer, uint64_t sent, uint64_t received)
{
	struct link_counters counters;

	assert_true(kernel_traffic_counters(traffic, address(peer), &counters));
	assert_int_equal(counters.sent_packets, sent);
	assert_int_equal(counters.sent_bytes, sent * PAYLOAD);
	assert_int_equal(counters.received_packets, received);
	assert_int_equal(counters.received_bytes, received * PAYLOAD);
}

static void test_both_directions(void **state)
{
	const struct gre_header data = { .has_key = true, .key = KEY, .protocol = IPV4 };
	struct kernel_traffic *traffic = open_traffic(true);
	struct seen seen;

	(void)state;
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	assert_int_equal(walk(traffic).visits, 0);
	send_gre(OURS, PEER, &data);
	send_gre(OURS, PEER, &data);
	seen = walk(traffic);
	assert_true(seen.visits == 1 && seen.sent && !seen.received);
	assert_counters(traffic, PEER, 2, 0);
	assert_int_equal(walk(traffic).visits, 0);
	send_gre(PEER, OURS, &data);
	seen = walk(traffic);
	assert_true(seen.visits == 1 && !seen.sent && seen.received);
	assert_counters(traffic, PEER, 2, 1);
	kernel_traffic_close(traffic);
}

static void test_only_the_tunnels_data(void **state)
{
	const struct gre_header others[] = {
		{ .has_key = true, .key = KEY, .protocol = NHRP },
		{ .has_key = true, .key = KEY + 1, .protocol = IPV4 },
		{ .protocol = IPV4 },
	};
	const struct gre_header plain = { .protocol = IPV4 };
	struct kernel_traffic *traffic = open_traffic(true);

	(void)state;
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		send_gre(OURS, PEER, &others[i]);
		send_gre(PEER, OURS, &others[i]);
	}
	send_gre(NEW, PEER, &(struct gre_header) { .has_key = true, .key = KEY, .protocol = IPV4 });
	assert_int_equal(walk(traffic).visits, 0);
	kernel_traffic_close(traffic);
	traffic = open_traffic(false);
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	send_gre(OURS, PEER, &others[1]);
	assert_int_equal(walk(traffic).visits, 0);
	send_gre(OURS, PEER, &plain);
	assert_int_equal(walk(traffic).visits, 1);
	assert_counters(traffic, PEER, 1, 0);
	kernel_traffic_close(traffic);
}

static void test_new_source(void **state)
{
	const struct gre_header data = { .has_key = true, .key = KEY, .protocol = IPV4 };
	struct kernel_traffic *traffic = open_traffic(true);
	struct err err;

	(void)state;
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	send_gre(OURS, PEER, &data);
	assert_true(kernel_traffic_set_nbma(traffic, address(NEW), &err));
	assert_counters(traffic, PEER, 1, 0);
	send_gre(OURS, PEER, &data);
	send_gre(NEW, PEER, &data);
	assert_int_equal(walk(traffic).visits, 1);
	assert_counters(traffic, PEER, 2, 0);
	kernel_traffic_close(traffic);
}

static void test_roles(void **state)
{
	const struct gre_header data = { .has_key = true, .key = KEY, .protocol = IPV4 };
	struct kernel_traffic *traffic = open_traffic(true);
	struct link_counters counters;

	(void)state;
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	kernel_traffic_add(traffic, address(PEER), KERNEL_NEIGHBOUR);
	kernel_traffic_add(traffic, address(PEER), KERNEL_RECEIVER);
	kernel_traffic_add(traffic, address(OTHER), KERNEL_NEIGHBOUR);
	send_gre(OURS, PEER, &data);
	send_gre(OURS, OTHER, &data);
	assert_int_equal(walk(traffic).visits, 2);
	kernel_traffic_remove(traffic, address(PEER), KERNEL_NEIGHBOUR);
	assert_true(kernel_traffic_counters(traffic, address(PEER), &counters));
	kernel_traffic_remove(traffic, address(PEER), KERNEL_RECEIVER);
	kernel_traffic_remove(traffic, address(PEER), KERNEL_RECEIVER);
	assert_false(kernel_traffic_counters(traffic, address(PEER), &counters));
	send_gre(OURS, PEER, &data);
	assert_int_equal(walk(traffic).visits, 0);
	kernel_traffic_close(traffic);
}

static void test_the_table_goes_with_its_owner(void **state)
{
	struct kernel_traffic *traffic = open_traffic(true);

	(void)state;
	assert_true(kernel_table_in_use("tunnel1"));
	assert_false(kernel_table_in_use("tunnel2"));
	assert_non_null(strstr(netns_read("nft list tables"), "dmvpn-tunnel1"));
	kernel_traffic_close(traffic);
	assert_false(kernel_table_in_use("tunnel1"));
	assert_null(strstr(netns_read("nft list tables"), "dmvpn-tunnel1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_directions, set_up),
		cmocka_unit_test_setup(test_only_the_tunnels_data, set_up),
		cmocka_unit_test_setup(test_new_source, set_up),
		cmocka_unit_test_setup(test_roles, set_up),
		cmocka_unit_test_setup(test_the_table_goes_with_its_owner, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
