// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linux/device.h"
#include "linux/neigh.h"
#include "linux/priv.h"
#include "linux/rtnl.h"
#include "netns.h"

static struct rtnl *rtnl;

static struct prefix prefix(const char *text)
{
	struct addr addr;
	char copy[64];
	char *slash;

	/* Not prefix_parse(): the host's bits shall stay. */
	strcpy(copy, text);
	slash = strchr(copy, '/');
	*slash = '\0';
	assert_true(addr_parse(copy, &addr));
	return (struct prefix) { .addr = addr, .length = (uint8_t)strtoul(slash + 1, NULL, 10) };
}

static void devices_are_found_and_changed(void **state)
{
	struct device_info info = { 0 };
	struct err err = { "" };

	(void)state;
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_string_equal(info.name, "v1");
	assert_false(info.up);
	assert_string_equal(device_state(&info), "down");
	assert_true(device_set_mtu(rtnl, info.index, 1400, &err));
	assert_true(device_set_up(rtnl, info.index, true, &err));
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_int_equal(info.mtu, 1400);
	assert_true(info.up);
	assert_true(info.carrier);
	assert_string_equal(device_state(&info), "up");
	assert_true(device_set_dormant(rtnl, info.index, true, &err));
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_string_equal(device_state(&info), "dormant");
	assert_true(device_set_dormant(rtnl, info.index, false, &err));
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_string_equal(device_state(&info), "up");
	assert_false(device_get(rtnl, "nobody", &info, &err));
	assert_string_equal(err.text, "there is no device nobody");
	assert_false(device_set_mtu(rtnl, info.index, 1, &err));
	assert_non_null(strstr(err.text, "cannot set the MTU of v1 to 1"));
}

static void addresses_come_and_go(void **state)
{
	struct device_info info = { 0 };
	struct err err = { "" };
	struct addr primary;
	char text[ADDR_TEXT_SIZE];

	(void)state;
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_false(device_primary_address(rtnl, info.index, &primary, &err));
	assert_non_null(strstr(err.text, "v1 has no IPv4 address"));
	assert_true(device_add_address(rtnl, info.index, prefix("10.0.0.1/24"), &err));
	assert_true(device_add_address(rtnl, info.index, prefix("10.0.0.1/24"), &err));
	assert_true(device_add_address(rtnl, info.index, prefix("10.0.0.2/24"), &err));
	assert_true(device_primary_address(rtnl, info.index, &primary, &err));
	assert_string_equal(addr_format(primary, text), "10.0.0.1");
	assert_non_null(strstr(netns_read("ip address show v1"), "brd 10.0.0.255"));
	assert_true(device_set_address(rtnl, info.index, prefix("10.0.0.2/24"), &err));
	assert_null(strstr(netns_read("ip address show v1"), "10.0.0.1/"));
	assert_non_null(strstr(netns_read("ip address show v1"), "10.0.0.2/24"));
	assert_true(device_remove_address(rtnl, info.index, prefix("10.0.0.2/24"), &err));
	assert_true(device_remove_address(rtnl, info.index, prefix("10.0.0.2/24"), &err));
	assert_true(device_set_address(rtnl, info.index, (struct prefix) { 0 }, &err));
}

static void tunnel_devices_are_prepared(void **state)
{
	struct device_info info = { 0 };
	struct err err = { "" };

	(void)state;
	assert_true(device_get(rtnl, "v1", &info, &err));
	assert_true(device_prepare(rtnl, info.index, &err));
	assert_non_null(strstr(netns_read("ip ntable show dev v1"), "app_probes 1"));
	assert_non_null(strstr(netns_read("ip ntable show dev v1"), "mcast_probes 0"));
	assert_string_equal(netns_read("cat /proc/sys/net/ipv4/conf/v1/send_redirects"), "0\n");
	assert_string_equal(netns_read("cat /proc/sys/net/ipv4/conf/v1/rp_filter"), "2\n");
	assert_non_null(strstr(netns_read("ip -d link show v1"), "addrgenmode none"));
}

static void remember(void *context, const struct neighbour *neighbour)
{
	*(struct neighbour *)context = *neighbour;
}

static void neighbours_are_ours(void **state)
{
	struct neighbour wanted = { .address = prefix("10.0.0.9/32").addr,
		.lladdr = { 6, { 2, 0, 192, 0, 2, 9 } } };
	struct neighbour found = { 0 };
	struct device_info info = { 0 };
	struct err err = { "" };

	(void)state;
	assert_true(device_get(rtnl, "v1", &info, &err));
	wanted.device = info.index;
	netns_run("ip neigh add 10.0.0.8 lladdr 02:00:00:00:00:08 nud permanent dev v1");
	assert_true(neigh_set(rtnl, &wanted, &err));
	wanted.lladdr.bytes[5] = 10;
	assert_true(neigh_set(rtnl, &wanted, &err));
	assert_true(neigh_dump(rtnl, remember, &found, &err));
	assert_true(addr_equal(found.address, wanted.address));
	assert_int_equal(found.device, wanted.device);
	assert_memory_equal(found.lladdr.bytes, wanted.lladdr.bytes, 6);
	assert_true(neigh_delete(rtnl, wanted.device, wanted.address, &err));
	assert_true(neigh_delete(rtnl, wanted.device, wanted.address, &err));
	wanted.device = 9999;
	assert_false(neigh_set(rtnl, &wanted, &err));
	assert_non_null(strstr(err.text, "cannot set the neighbour 10.0.0.9 on device 9999"));
}

static void privileges_are_checked(void **state)
{
	struct err err = { "" };

	(void)state;
	assert_true(priv_check(&err));
}

static int set_up(void **state)
{
	struct err err;

	(void)state;
	netns_enter();
	netns_run("ip link add v1 type veth peer name v2 && ip link set v2 up");
	rtnl = rtnl_open(&err);
	return rtnl ? 0 : -1;
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
		cmocka_unit_test(devices_are_found_and_changed),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(tunnel_devices_are_prepared),
		cmocka_unit_test(neighbours_are_ours),
		cmocka_unit_test(privileges_are_checked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
