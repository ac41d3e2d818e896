// SPDX-License-Identifier: GPL-2.0-or-later
//
// The stream of events, held against a rib that is fed by it alone.
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/rib.h"
#include "link/link.h"
#include "linux/device.h"
#include "linux/monitor.h"
#include "linux/override.h"
#include "linux/rtnl.h"
#include "netns.h"

static struct {
	uv_loop_t loop;
	struct rtnl *rtnl;
	struct monitor *monitor;
	struct rib rib;
	unsigned links_gone;
	unsigned addresses;
	unsigned disturbed;
	struct addr missed;
	uint32_t missed_on;
} test;

static struct addr address(const char *text)
{
	struct addr result;

	assert_true(addr_parse(text, &result));
	return result;
}

static void on_route(void *owner, const struct rib_route *route, bool added)
{
	(void)owner;
	if (added)
		rib_add(&test.rib, route);
	else
		rib_remove(&test.rib, route);
}

static void on_link(void *owner, const struct device_info *device, bool exists)
{
	(void)owner;
	(void)device;
	test.links_gone += !exists;
}

static void on_address(void *owner, uint32_t device, struct prefix prefix, bool added)
{
	(void)owner;
	(void)device;
	(void)prefix;
	test.addresses += added;
}

static void on_neighbour_miss(void *owner, uint32_t device, struct addr next_hop)
{
	(void)owner;
	test.missed_on = device;
	test.missed = next_hop;
}

static void on_disturbed(void *owner)
{
	(void)owner;
	test.disturbed++;
}

/// The next hop of the route to `to` is `via` ("none": there is no route, or it is connected).
struct expected {
	const char *to;
	const char *via;
};

static bool route_is(void *context)
{
	const struct expected *expected = context;
	const struct rib_route *route = rib_lookup(&test.rib, address(expected->to));
	char text[ADDR_TEXT_SIZE];

	return strcmp(route ? addr_format(route->next_hop, text) : "none", expected->via) == 0;
}

static void wait_route(const char *to, const char *via)
{
	struct expected expected = { to, via };

	netns_wait(&test.loop, route_is, &expected);
}

static void routes_follow_the_kernel(void **state)
{
	(void)state;
	wait_route("10.9.0.1", "10.0.0.2"); /* was there before */
	netns_run("ip route add 10.8.0.0/16 via 10.0.0.3");
	wait_route("10.8.0.1", "10.0.0.3");
	netns_run("ip route replace 10.8.0.0/16 via 10.0.0.4");
	wait_route("10.8.0.1", "10.0.0.4");
	netns_run("ip route del 10.8.0.0/16");
	wait_route("10.8.0.1", "none");
	netns_run("ip route add 10.7.0.0/16 nexthop via 10.0.0.5 nexthop via 10.0.0.6");
	netns_run("ip route del 10.7.0.0/16 && ip route add 10.6.0.0/16 via 10.0.0.7");
	wait_route("10.6.0.1", "10.0.0.7");
	assert_null(rib_lookup(&test.rib, address("10.7.0.1")));
	/* What the override table holds is not the RIB's. */
	netns_run(
		"ip route add 10.5.0.0/16 via 10.0.0.8 table 1190 && ip route add 10.4.0.0/16 via 10.0.0.8");
	wait_route("10.4.0.1", "10.0.0.8");
	assert_null(rib_lookup(&test.rib, address("10.5.0.1")));
	assert_int_equal(rib_lookup(&test.rib, address("10.0.0.1"))->kind, RIB_LOCAL);
}

static void next_hop_objects_are_followed(void **state)
{
	(void)state;
	netns_run("ip nexthop add id 7 via 10.0.0.11 dev v1 && ip route add 10.3.0.0/16 nhid 7");
	wait_route("10.3.0.1", "10.0.0.11");
	netns_run("ip nexthop replace id 7 via 10.0.0.12 dev v1");
	wait_route("10.3.0.1", "10.0.0.12");
	netns_run("ip nexthop del id 7");
	wait_route("10.3.0.1", "none");
}

static void silent_removals_are_told(void **state)
{
	(void)state;
	netns_run("ip link set v1 down");
	wait_route("10.9.0.1", "none");
	netns_run("ip link set v1 up && ip route add 10.9.0.0/16 via 10.0.0.2");
	wait_route("10.9.0.1", "10.0.0.2");
}

static bool is_disturbed(void *context)
{
	(void)context;
	return test.disturbed > 0;
}

static void only_others_disturb(void **state)
{
	struct override_route route = { .next_hop = address("10.0.0.2") };
	struct device_info info = { 0 };
	struct err err = { "" };

	(void)state;
	assert_true(device_get(test.rtnl, "v1", &info, &err));
	route.device = info.index;
	assert_true(prefix_parse("10.66.0.0/16", &route.prefix));
	wait_route("10.9.0.1", "10.0.0.2");
	uv_run(&test.loop, UV_RUN_NOWAIT);
	test.disturbed = 0;
	assert_true(override_set(test.rtnl, &route, &err));
	netns_run("ip route add 10.65.0.0/16 via 10.0.0.2");
	wait_route("10.65.0.1", "10.0.0.2"); /* told after it */
	assert_int_equal(test.disturbed, 0);
	netns_run("ip route del 10.66.0.0/16 table 1190");
	netns_wait(&test.loop, is_disturbed, NULL);
}

static bool is_missed(void *context)
{
	(void)context;
	return addr_is_set(test.missed);
}

static void ignore_nhrp(void *owner, struct addr from, uint32_t mark, const uint8_t *packet, size_t length)
{
	(void)mark;
	(void)owner;
	(void)from;
	(void)packet;
	(void)length;
}

static void a_miss_on_the_user_link_is_told(void **state)
{
	struct link_config config = { .name = "tunnel1", .nbma = address("10.0.0.1"), .mtu = 1400 };
	struct link_handler handler = { .on_nhrp = ignore_nhrp };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	struct device_info info = { 0 };
	struct err err = { "" };
	struct link *link;
	bool adopted;
	int fd;

	(void)state;
	link = link_user.open(&test.loop, &config, &handler, &adopted, &err);
	assert_non_null(link);
	assert_true(device_get(test.rtnl, "tunnel1", &info, &err));
	assert_true(device_prepare(test.rtnl, info.index, &err));
	netns_run("ip address add 172.16.0.1/24 dev tunnel1 && ip link set tunnel1 up");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = inet_addr("172.16.0.9");
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	netns_wait(&test.loop, is_missed, NULL);
	assert_true(addr_equal(test.missed, address("172.16.0.9")));
	assert_int_equal(test.missed_on, info.index);
	assert_true(test.addresses > 0);
	close(fd);
	link->ops->close(link, false);
}

static bool is_link_gone(void *context)
{
	(void)context;
	return test.links_gone > 0;
}

static void a_device_that_goes_is_told(void **state)
{
	(void)state;
	netns_wait(&test.loop, is_link_gone, NULL);
}

static int set_up(void **state)
{
	struct monitor_handler handler = {
		.on_route = on_route,
		.on_link = on_link,
		.on_address = on_address,
		.on_neighbour_miss = on_neighbour_miss,
		.on_disturbed = on_disturbed,
	};
	struct err err;

	(void)state;
	netns_enter();
	netns_run("ip link add v1 type veth peer name v2 && ip link set v2 up && ip link set v1 up");
	netns_run("ip address add 10.0.0.1/24 dev v1 && ip route add 10.9.0.0/16 via 10.0.0.2");
	uv_loop_init(&test.loop);
	test.rtnl = rtnl_open(&err);
	assert_non_null(test.rtnl);
	test.monitor = monitor_open(&test.loop, test.rtnl, &handler, &err);
	assert_non_null(test.monitor);
	assert_true(monitor_sync(test.monitor, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	monitor_close(test.monitor);
	netns_finish(&test.loop);
	rtnl_close(test.rtnl);
	rib_done(&test.rib);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_follow_the_kernel),
		cmocka_unit_test(next_hop_objects_are_followed),
		cmocka_unit_test(silent_removals_are_told),
		cmocka_unit_test(only_others_disturb),
		cmocka_unit_test(a_miss_on_the_user_link_is_told),
		cmocka_unit_test(a_device_that_goes_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
