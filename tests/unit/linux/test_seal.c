// SPDX-License-Identifier: GPL-2.0-or-later
//
// GRE between us and another namespace: what the seal lets pass, in both directions. Each packet that shall
// not pass is followed by one that may, so that nothing has to be waited for.
#include <arpa/inet.h>
#include <errno.h>
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
#include "netns.h"

#define IP_HEADER 20
#define OPEN_KEY  9 ///< of a tunnel that is not protected

static int ours, theirs;
static uv_loop_t loop;

static int gre_socket(int netns, const char *local)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timeval patience = { .tv_sec = NETNS_DEADLINE / 1000 };
	int fd;

	netns_use(netns);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	netns_use(ours);
	to.sin_addr.s_addr = inet_addr(local);
	assert_return_code(bind(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/// Flags, protocol, an optional checksum, an optional key, and what tells packets apart.
static bool send_gre(int from, const char *remote, bool checksum, int key, uint8_t tag)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(remote) };
	uint8_t packet[13] = { (uint8_t)((checksum ? 0x80 : 0) | (key >= 0 ? 0x20 : 0)), 0, 8, 0 };
	size_t length = 4;

	length += checksum ? 4 : 0;
	if (key >= 0) {
		packet[length + 3] = (uint8_t)key;
		length += 4;
	}
	packet[length++] = tag;
	return sendto(from, packet, length, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)length;
}

/// The tag of the next packet that arrives.
static uint8_t receive(int fd)
{
	uint8_t packet[64];
	ssize_t length = recv(fd, packet, sizeof(packet), 0);

	assert_true(length > IP_HEADER);
	return packet[length - 1];
}

static struct guard *sealed(const struct seal *seals, size_t count)
{
	struct err err = { "" };
	struct guard *guard = guard_open(&err);

	assert_non_null(guard);
	if (!guard_seal(guard, seals, count, &err))
		fail_msg("%s", err.text);
	return guard;
}

static void remove_seal(struct guard *guard)
{
	struct err err;

	assert_true(guard_seal(guard, NULL, 0, &err));
	assert_false(netns_try("nft list table inet dmvpn-protect 2>/dev/null"));
	guard_close(guard);
}

static struct addr address(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, &addr));
	return addr;
}

static void clear_packets_of_the_tunnel_do_not_pass(void **state)
{
	static const struct {
		const char *what;
		struct seal seal;
		const char *local; ///< of the seal; NULL: any
		bool checksum;
		int key; ///< -1: none
		bool passes;
	} cases[] = {
		{ "its key", { .has_key = true, .key = 7 }, "10.1.0.1", false, 7, false },
		{ "its key behind a checksum", { .has_key = true, .key = 7 }, "10.1.0.1", true, 7, false },
		{ "another key", { .has_key = true, .key = 7 }, "10.1.0.1", false, 8, true },
		{ "no key", { .has_key = true, .key = 7 }, "10.1.0.1", false, -1, true },
		{ "another source", { .has_key = true, .key = 7 }, "10.1.0.77", false, 7, true },
		{ "while the source is not known", { .has_key = true, .key = 7 }, NULL, false, 7, false },
		{ "without a key", { .has_key = false }, "10.1.0.1", false, -1, false },
		{ "without a key, with a checksum", { .has_key = false }, "10.1.0.1", true, -1, false },
		{ "a key where there is none", { .has_key = false }, "10.1.0.1", false, 7, true },
	};
	int here = gre_socket(ours, "10.1.0.1"), there = gre_socket(theirs, "10.1.0.2");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seal seal = cases[i].seal;
		uint8_t tag = (uint8_t)(2 * i), open = (uint8_t)(2 * i + 1);
		struct guard *guard;

		print_message("%s\n", cases[i].what);
		if (cases[i].local)
			seal.nbma = address(cases[i].local);
		guard = sealed(&seal, 1);
		assert_int_equal(
			send_gre(here, "10.1.0.2", cases[i].checksum, cases[i].key, tag), cases[i].passes);
		assert_true(send_gre(here, "10.1.0.2", false, OPEN_KEY, open));
		if (cases[i].passes)
			assert_int_equal(receive(there), tag);
		assert_int_equal(receive(there), open);
		assert_true(send_gre(there, "10.1.0.1", cases[i].checksum, cases[i].key, tag));
		assert_true(send_gre(there, "10.1.0.1", false, OPEN_KEY, open));
		if (cases[i].passes)
			assert_int_equal(receive(here), tag);
		assert_int_equal(receive(here), open);
		// What an operator sees.
		assert_non_null(strstr(netns_read("nft list ruleset"), "l4proto gre"));
		remove_seal(guard);
	}
	close(here);
	close(there);
}

static void what_user_space_protects_passes(void **state)
{
	const struct seal seal = { .nbma = address("10.2.0.1"), .has_key = true, .key = 7 };
	struct guard *guard = sealed(&seal, 1);
	int here = gre_socket(ours, "10.2.0.1"), there = gre_socket(theirs, "10.2.0.2");

	(void)state;
	assert_true(send_gre(here, "10.2.0.2", false, 7, 1));
	assert_int_equal(receive(there), 1);
	assert_true(send_gre(there, "10.2.0.1", false, 7, 2));
	assert_int_equal(receive(here), 2);
	close(here);
	close(there);
	remove_seal(guard);
}

static bool has_table(void *context)
{
	(void)context;
	return netns_try("nft list table inet dmvpn-protect >/dev/null 2>&1");
}

static void the_seal_outlives_us_and_a_flush(void **state)
{
	const struct seal seal = { .nbma = address("10.1.0.1"), .has_key = true, .key = 7 };
	struct guard *guard = sealed(&seal, 1);
	struct err err = { "" };

	(void)state;
	assert_true(guard_remove(guard, &err));
	guard_close(guard);
	assert_true(has_table(NULL));
	guard = sealed(&seal, 1);
	assert_true(guard_watch(guard, &loop, &err));
	netns_run("nft flush ruleset");
	assert_false(has_table(NULL));
	netns_wait(&loop, has_table, NULL);
	remove_seal(guard);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(has_table(NULL));
}

static void link_to_them(const char *device, int number)
{
	netns_run("ip link add %s type veth peer name eth%d netns /proc/%d/fd/%d", device, number, getpid(),
		theirs);
	netns_run("ip address add 10.%d.0.1/24 dev %s && ip link set %s up", number, device, device);
	netns_use(theirs);
	netns_run("ip address add 10.%d.0.2/24 dev eth%d && ip link set eth%d up", number, number, number);
	netns_use(ours);
}

static int set_up(void **state)
{
	(void)state;
	netns_enter();
	ours = netns_current();
	theirs = netns_new();
	link_to_them("eth0", 1);
	link_to_them("ipsec0", 2);
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
		cmocka_unit_test(clear_packets_of_the_tunnel_do_not_pass),
		cmocka_unit_test(what_user_space_protects_passes),
		cmocka_unit_test(the_seal_outlives_us_and_a_flush),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
