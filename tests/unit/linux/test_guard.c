// SPDX-License-Identifier: GPL-2.0-or-later
//
// A hub between two spokes; ordinary devices stand for its tunnels, both of one cloud.
#include <arpa/inet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "linux/guard.h"
#include "linux/nflog.h"
#include "netns.h"
#include "wire/ip.h"

static int hub, spoke1, spoke2;
static uv_loop_t loop;

static struct logged {
	unsigned count;
	uint32_t in;
	uint32_t out;
	struct ip_header header;
} logged;

static void on_packet(void *owner, uint32_t in, uint32_t out, const uint8_t *packet, size_t length)
{
	(void)owner;
	logged.count++;
	logged.in = in;
	logged.out = out;
	assert_true(ip_read(packet, length, &logged.header));
}

static bool is_logged(void *context)
{
	(void)context;
	return logged.count > 0;
}

static int udp_socket(int netns, const char *local)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int fd;

	netns_use(netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netns_use(hub);
	to.sin_addr.s_addr = inet_addr(local);
	assert_return_code(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void send_and_receive(int from, int at, const char *remote)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	struct timeval patience = { .tv_sec = NETNS_DEADLINE / 1000 };
	char byte;

	to.sin_addr.s_addr = inet_addr(remote);
	setsockopt(at, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(sendto(from, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(recv(at, &byte, 1, 0), 1);
}

static void forwarded_packets_are_logged_once(void **state)
{
	struct guard_tunnel tunnels[] = {
		{ .name = "tunnel1", .network_id = 1, .redirect = true, .redirect_timeout = 8, .mss = 1360 },
		{ .name = "tunnel2", .network_id = 1, .redirect = true, .redirect_timeout = 10 },
		{ .name = "tunnel3", .network_id = 2, .redirect = false },
	};
	struct err err = { "" };
	struct guard *guard = guard_open(&err);
	struct nflog *nflog;
	int fd1, fd2;

	(void)state;
	assert_non_null(guard);
	nflog = nflog_open(&loop, GUARD_NFLOG_GROUP, on_packet, NULL, &err);
	if (!nflog)
		fail_msg("%s", err.text);
	if (!guard_set(guard, tunnels, ARRAY_SIZE(tunnels), &err))
		fail_msg("%s", err.text);
	fd1 = udp_socket(spoke1, "10.1.0.2");
	fd2 = udp_socket(spoke2, "10.2.0.2");
	send_and_receive(fd1, fd2, "10.2.0.2");
	netns_wait(&loop, is_logged, NULL);
	assert_int_equal(logged.in, if_nametoindex("tunnel1"));
	assert_int_equal(logged.out, if_nametoindex("tunnel2"));
	assert_int_equal(addr_to_ipv4(logged.header.src), 0x0a010002);
	assert_int_equal(addr_to_ipv4(logged.header.dst), 0x0a020002);

	/* The same pair again is not told, the other direction is. */
	send_and_receive(fd1, fd2, "10.2.0.2");
	logged.count = 0;
	send_and_receive(fd2, fd1, "10.1.0.2");
	netns_wait(&loop, is_logged, NULL);
	assert_int_equal(logged.count, 1);
	assert_int_equal(addr_to_ipv4(logged.header.src), 0x0a020002);

	assert_null(nflog_open(&loop, GUARD_NFLOG_GROUP, on_packet, NULL, &err));
	assert_non_null(strstr(err.text, "in use"));
	close(fd1);
	close(fd2);
	nflog_close(nflog);
	assert_true(guard_remove(guard, &err));
	guard_close(guard);
}

static void tables_are_replaced_and_removed(void **state)
{
	struct guard_tunnel tunnel = { .name = "tunnel1", .network_id = 1, .mss = 1360 };
	struct err err = { "" };
	struct guard *guard = guard_open(&err);
	const char *text;

	(void)state;
	assert_true(guard_set(guard, &tunnel, 1, &err));
	text = netns_read("nft list table inet dmvpn");
	assert_non_null(strstr(text, "maxseg size > 1360"));
	assert_non_null(strstr(text, "maxseg size set 1360"));
	assert_non_null(strstr(text, "redirect"));
	assert_null(strstr(text, "log group"));
	tunnel.mss = 0;
	assert_true(guard_set(guard, &tunnel, 1, &err));
	assert_null(strstr(netns_read("nft list table inet dmvpn"), "maxseg"));
	assert_true(guard_set(guard, NULL, 0, &err));
	assert_true(guard_remove(guard, &err));
	assert_true(guard_remove(guard, &err));
	assert_false(netns_try("nft list table inet dmvpn 2>/dev/null"));

	strcpy(tunnel.name, "bad\"name");
	assert_false(guard_set(guard, &tunnel, 1, &err));
	assert_non_null(strstr(err.text, "nftables"));
	guard_close(guard);
}

static bool has_table(void *context)
{
	(void)context;
	return netns_try("nft list table inet dmvpn >/dev/null 2>&1");
}

static void a_flushed_ruleset_is_put_back(void **state)
{
	struct guard_tunnel tunnel = { .name = "tunnel1", .network_id = 1, .mss = 1360 };
	struct err err = { "" };
	struct guard *guard = guard_open(&err);

	(void)state;
	assert_true(guard_watch(guard, &loop, &err));
	assert_true(guard_set(guard, &tunnel, 1, &err));
	tunnel.mss = 1300;
	assert_true(guard_set(guard, &tunnel, 1, &err));
	netns_run("nft flush ruleset");
	assert_false(has_table(NULL));
	netns_wait(&loop, has_table, NULL);
	assert_non_null(strstr(netns_read("nft list table inet dmvpn"), "maxseg size > 1300"));
	assert_true(guard_remove(guard, &err));
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(has_table(NULL));
	guard_close(guard);
}

static int spoke(unsigned number)
{
	int netns = netns_new();

	netns_run("ip link add tunnel%u type veth peer name eth0 netns /proc/%d/fd/%d", number, getpid(),
		netns);
	netns_run("ip address add 10.%u.0.1/24 dev tunnel%u && ip link set tunnel%u up", number, number,
		number);
	netns_use(netns);
	netns_run("ip address add 10.%u.0.2/24 dev eth0 && ip link set eth0 up", number);
	netns_run("ip route add default via 10.%u.0.1", number);
	netns_use(hub);
	return netns;
}

static int set_up(void **state)
{
	(void)state;
	netns_enter();
	hub = netns_current();
	netns_run("echo 1 >/proc/sys/net/ipv4/ip_forward");
	spoke1 = spoke(1);
	spoke2 = spoke(2);
	uv_loop_init(&loop);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	netns_finish(&loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarded_packets_are_logged_once),
		cmocka_unit_test(tables_are_replaced_and_removed),
		cmocka_unit_test(a_flushed_ruleset_is_put_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
