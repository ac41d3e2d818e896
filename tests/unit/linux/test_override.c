// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "linux/device.h"
#include "linux/override.h"
#include "linux/routes.h"
#include "linux/rtnl.h"
#include "netns.h"

static struct rtnl *rtnl;
static uint32_t device;

static struct prefix prefix(const char *text)
{
	struct prefix result;

	assert_true(prefix_parse(text, &result));
	return result;
}

static struct override_route shortcut(const char *to, const char *via)
{
	return (struct override_route) {
		.prefix = prefix(to), .next_hop = prefix(via).addr, .device = device
	};
}

static void count(void *context, const struct override_route *route)
{
	++*(unsigned *)context;
	assert_int_equal(route->device, device);
	assert_int_equal(route->mtu, 1300);
}

static void packets_take_the_override_and_the_rib_stays(void **state)
{
	struct override_route route = shortcut("10.9.9.0/24", "10.0.0.7");
	struct err err = { "" };
	bool existed;

	(void)state;
	netns_run("ip route add 10.9.0.0/16 via 10.0.0.2");
	assert_true(override_rule_add(rtnl, &existed, &err));
	assert_false(existed);
	assert_true(override_rule_add(rtnl, &existed, &err));
	assert_true(existed);
	assert_true(override_set(rtnl, &route, &err));
	assert_non_null(strstr(netns_read("ip route get 10.9.9.9"), "via 10.0.0.7"));
	assert_non_null(strstr(netns_read("ip route get 10.9.9.9 mark 0xd4000000"), "via 10.0.0.2"));
	assert_null(strstr(netns_read("ip route"), "10.0.0.7"));
	/* The next hop may be anything that the neighbour table binds. */
	route.next_hop = prefix("172.16.0.1").addr;
	assert_true(override_set(rtnl, &route, &err));
	assert_non_null(strstr(netns_read("ip route get 10.9.9.9"), "via 172.16.0.1"));
	assert_true(override_delete(rtnl, route.prefix, device + 1, &err));
	assert_non_null(strstr(netns_read("ip route get 10.9.9.9"), "via 172.16.0.1"));
	assert_true(override_delete(rtnl, route.prefix, device, &err));
	assert_true(override_delete(rtnl, route.prefix, 0, &err));
	assert_non_null(strstr(netns_read("ip route get 10.9.9.9"), "via 10.0.0.2"));
	assert_true(override_rule_delete(rtnl, &err));
	assert_true(override_rule_delete(rtnl, &err));
	assert_null(strstr(netns_read("ip rule"), "1190"));
}

static void overrides_are_listed(void **state)
{
	struct override_route route = shortcut("10.8.0.0/16", "10.0.0.7");
	struct err err = { "" };
	unsigned n = 0;

	(void)state;
	route.mtu = 1300;
	assert_true(override_set(rtnl, &route, &err));
	route.prefix = prefix("10.7.0.1/32");
	assert_true(override_set(rtnl, &route, &err));
	netns_run("ip route add 10.6.0.0/16 via 10.0.0.2 table 1190");
	assert_true(override_dump(rtnl, count, &n, &err));
	assert_int_equal(n, 2);
	netns_run("ip route flush table 1190");
}

static void static_routes_are_told_from_others(void **state)
{
	struct routes_static by_hop = {
		.prefix = prefix("10.5.0.0/16"), .next_hop = prefix("10.0.0.3").addr, .metric = 1
	};
	struct routes_static by_device = { .prefix = prefix("10.4.0.0/16"), .device = device, .metric = 5 };
	struct routes_static discard = { .prefix = prefix("10.3.0.0/16"), .metric = 1 };
	struct routes_static unreachable = { .prefix = prefix("10.2.0.0/16"),
		.next_hop = prefix("10.99.0.1").addr };
	struct err err = { "" };
	unsigned n;

	(void)state;
	netns_run("ip route add 10.5.0.0/16 via 10.0.0.9 metric 1");
	assert_true(routes_static_add(rtnl, &by_hop, &err));
	assert_true(routes_static_add(rtnl, &by_hop, &err));
	assert_true(routes_static_add(rtnl, &by_device, &err));
	assert_true(routes_static_add(rtnl, &discard, &err));
	assert_false(routes_static_add(rtnl, &unreachable, &err));
	assert_non_null(strstr(err.text, "cannot add the route 10.2.0.0/16 via 10.99.0.1"));
	assert_non_null(strstr(netns_read("ip route"), "10.4.0.0/16 dev v1"));
	assert_non_null(strstr(netns_read("ip route"), "blackhole 10.3.0.0/16"));
	assert_true(routes_static_delete(rtnl, &by_device, &err));
	assert_true(routes_static_delete(rtnl, &by_device, &err));
	assert_true(routes_static_flush(rtnl, NULL, NULL, &n, &err));
	assert_int_equal(n, 2);
	assert_non_null(strstr(netns_read("ip route"), "10.5.0.0/16 via 10.0.0.9"));
	assert_null(strstr(netns_read("ip route"), "10.0.0.3"));
	assert_null(strstr(netns_read("ip route"), "blackhole"));
}

static int set_up(void **state)
{
	struct device_info info = { 0 };
	struct err err;

	(void)state;
	netns_enter();
	netns_run("ip link add v1 type veth peer name v2 && ip link set v2 up && ip link set v1 up");
	netns_run("ip address add 10.0.0.1/24 dev v1");
	rtnl = rtnl_open(&err);
	if (!rtnl || !device_get(rtnl, "v1", &info, &err))
		return -1;
	device = info.index;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rtnl_close(rtnl);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_take_the_override_and_the_rib_stays),
		cmocka_unit_test(overrides_are_listed),
		cmocka_unit_test(static_routes_are_told_from_others),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
