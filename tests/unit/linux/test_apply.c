// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "core/desired.h"
#include "linux/apply.h"
#include "linux/device.h"
#include "linux/rtnl.h"
#include "netns.h"

#define IFACE  1
#define BROKEN 2   ///< an interface whose device the kernel does not know
#define MANY   300 ///< more than fit one batch

/// A link that only notes what it is told.
static struct fake_link {
	struct link link;
	unsigned forgotten;
	unsigned receivers;
} fake;

static uv_loop_t loop;
static struct rtnl *rtnl;
static uint32_t device;
static struct desired desired;
static struct apply *apply;

static bool fake_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	(void)link;
	(void)err;
	*ret = (struct lladdr) { 6, { 2, 0, nbma.bytes[0], nbma.bytes[1], nbma.bytes[2], nbma.bytes[3] } };
	return true;
}

static void fake_forget(struct link *link, struct addr nbma)
{
	(void)link;
	(void)nbma;
	fake.forgotten++;
}

static void fake_multicast_add(struct link *link, struct prefix group, struct addr nbma)
{
	(void)link;
	(void)group;
	(void)nbma;
	fake.receivers++;
}

static void fake_multicast_remove(struct link *link, struct prefix group, struct addr nbma)
{
	(void)link;
	(void)group;
	(void)nbma;
	fake.receivers--;
}

static const struct link_ops fake_ops = {
	.name = "fake",
	.lladdr = fake_lladdr,
	.forget = fake_forget,
	.multicast_add = fake_multicast_add,
	.multicast_remove = fake_multicast_remove,
};

static bool target(void *owner, uint32_t iface, struct apply_target *ret)
{
	(void)owner;
	if (iface != IFACE && iface != BROKEN)
		return false;
	*ret = (struct apply_target) { iface == BROKEN ? 9999 : device, &fake.link };
	return true;
}

static struct prefix prefix(const char *text)
{
	struct prefix result;

	assert_true(prefix_parse(text, &result));
	return result;
}

static struct desired_item neighbour(const char *address, const char *nbma)
{
	return (struct desired_item) { .kind = DESIRED_NEIGHBOUR,
		.present = true,
		.iface = IFACE,
		.prefix = prefix(address),
		.nbma = prefix(nbma).addr };
}

static struct desired_item route(const char *to, const char *via)
{
	return (struct desired_item) { .kind = DESIRED_ROUTE,
		.present = true,
		.iface = IFACE,
		.prefix = prefix(to),
		.next_hop = prefix(via).addr };
}

static struct desired_item receiver(const char *nbma)
{
	return (struct desired_item) {
		.kind = DESIRED_MULTICAST, .present = true, .iface = IFACE, .nbma = prefix(nbma).addr
	};
}

static bool neighbour_is(const char *address, const char *lladdr)
{
	return strstr(netns_read("ip neigh show %s dev v1", address), lladdr) != NULL;
}

static void set(struct desired_item item)
{
	desired_set(&desired, &item);
}

static void clear(struct desired_item item)
{
	desired_clear(&desired, &item);
}

static void changes_reach_the_kernel(void **state)
{
	(void)state;
	set(neighbour("10.0.0.2", "192.0.2.2"));
	set(neighbour("10.0.0.22", "192.0.2.2"));
	set(route("10.9.0.0/16", "10.0.0.2"));
	set(receiver("192.0.2.2"));
	apply_changes(apply);
	assert_true(neighbour_is("10.0.0.2", "02:00:c0:00:02:02 PERMANENT proto 191") ||
		    neighbour_is("10.0.0.2", "02:00:c0:00:02:02"));
	assert_non_null(strstr(netns_read("ip route show table 1190"), "10.9.0.0/16 via 10.0.0.2"));
	assert_int_equal(fake.receivers, 1);

	set(neighbour("10.0.0.22", "192.0.2.3"));
	apply_changes(apply);
	assert_int_equal(fake.forgotten, 0); /* 10.0.0.2 is still there */
	clear(neighbour("10.0.0.22", "192.0.2.3"));
	clear(receiver("192.0.2.2"));
	apply_changes(apply);
	assert_int_equal(fake.forgotten, 1);
	assert_int_equal(fake.receivers, 0);
	assert_false(neighbour_is("10.0.0.22", "PERMANENT"));
	assert_false(desired_has_change(&desired));
}

static void resync_repairs_and_removes(void **state)
{
	struct apply_report report;
	struct err err = { "" };

	(void)state;
	assert_true(apply_resync(apply, &report, &err)); /* makes the rule */
	assert_int_equal(report.repaired, 1);
	assert_true(apply_resync(apply, &report, &err));
	assert_int_equal(report.repaired + report.removed + report.adopted, 0);
	netns_run("ip neigh del 10.0.0.2 dev v1 && ip route flush table 1190 && ip rule del priority 1190");
	netns_run("ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 nud permanent protocol 191 dev v1");
	netns_run("ip neigh add 10.0.0.88 lladdr 02:00:00:00:00:88 nud permanent dev v1");
	netns_run("ip route add 10.77.0.0/16 via 10.0.0.77 dev v1 protocol 191 table 1190");
	assert_true(apply_resync(apply, &report, &err));
	assert_int_equal(report.repaired, 3);
	assert_int_equal(report.removed, 2);
	assert_true(neighbour_is("10.0.0.2", "02:00:c0:00:02:02"));
	assert_true(neighbour_is("10.0.0.88", "PERMANENT"));
	assert_false(neighbour_is("10.0.0.77", "PERMANENT"));
	assert_non_null(strstr(netns_read("ip route show table 1190"), "10.9.0.0/16"));
	assert_null(strstr(netns_read("ip route show table 1190"), "10.77.0.0/16"));
}

static void a_new_process_adopts(void **state)
{
	struct apply_handler handler = { .target = target };
	struct apply *next = apply_new(&loop, rtnl, &desired, &handler);
	struct apply_report report;
	struct err err = { "" };

	(void)state;
	assert_true(apply_resync(next, &report, &err));
	assert_int_equal(report.adopted, 1);
	assert_int_equal(report.removed, 0);
	assert_int_equal(report.repaired, 0);
	apply_free(next);
}

/// A hub may have a million of them, and a resync comes whenever the kernel tells much.
static void receivers_are_told_to_new_links_alone(void **state)
{
	struct apply_report report;
	struct err err = { "" };
	unsigned before;

	(void)state;
	set(receiver("192.0.2.9"));
	apply_changes(apply);
	before = fake.receivers;
	assert_true(apply_resync(apply, &report, &err));
	assert_int_equal(fake.receivers, before);
	apply_on_link(apply);
	assert_true(apply_resync(apply, &report, &err));
	assert_int_equal(fake.receivers, before + 1);
	clear(receiver("192.0.2.9"));
	apply_changes(apply);
}

static bool is_repaired(void *context)
{
	(void)context;
	return neighbour_is("10.0.0.3", "PERMANENT");
}

static void failures_are_tried_again(void **state)
{
	uint32_t real = device;

	(void)state;
	device = 9999; /* it is just going away */
	set(neighbour("10.0.0.3", "192.0.2.3"));
	apply_changes(apply);
	assert_false(neighbour_is("10.0.0.3", "PERMANENT"));
	device = real;
	netns_wait(&loop, is_repaired, NULL);
}

static unsigned neighbours_there(void)
{
	return (unsigned)strtoul(netns_read("ip neigh show dev v1 nud permanent | grep -c ^10.3."), NULL, 10);
}

/// Numbered 10.3.x.y.
static struct desired_item numbered(unsigned number)
{
	struct desired_item item = neighbour("10.3.0.0", "192.0.2.9");

	item.prefix.addr = addr_from_ipv4(0x0a030000u + number);
	return item;
}

static void many_changes_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		set(numbered(i + 1));
	apply_changes(apply);
	assert_int_equal(neighbours_there(), MANY);
	for (unsigned i = 0; i < MANY; i += 2)
		clear(numbered(i + 1));
	apply_changes(apply);
	assert_int_equal(neighbours_there(), MANY / 2);
	netns_run("ip neigh flush to 10.3.0.0/16 dev v1 nud permanent");
}

static void one_refused_among_many(void **state)
{
	struct desired_item broken = numbered(MANY);
	struct apply_report report;
	struct err err = { "" };

	(void)state;
	broken.iface = BROKEN;
	assert_int_equal(neighbours_there(), 0);
	set(broken);
	assert_false(apply_resync(apply, &report, &err)); /* half of them are still desired */
	assert_int_equal(neighbours_there(), MANY / 2);
	assert_non_null(strstr(err.text, "set the neighbour 10.3.1.44"));
	for (unsigned i = 0; i < MANY; i++)
		clear(numbered(i + 1));
	set(numbered(MANY));
	apply_changes(apply);
	assert_int_equal(neighbours_there(), 1);
	clear(broken);
	clear(numbered(MANY));
	apply_changes(apply);
	assert_true(apply_resync(apply, &report, &err));
	assert_int_equal(neighbours_there(), 0);
}

static void nothing_stays_after_withdrawal(void **state)
{
	(void)state;
	apply_withdraw(apply);
	assert_string_equal(netns_read("ip neigh show nud permanent protocol 191"), "");
	assert_string_equal(netns_read("ip route show table 1190"), "");
	assert_string_equal(netns_read("ip rule show priority 1190"), "");
	assert_true(neighbour_is("10.0.0.88", "PERMANENT"));
}

static int set_up(void **state)
{
	struct apply_handler handler = { .target = target };
	struct device_info info = { 0 };
	struct err err;

	(void)state;
	netns_enter();
	netns_run("ip link add v1 type veth peer name v2 && ip link set v2 up && ip link set v1 up");
	netns_run("ip address add 10.0.0.1/24 dev v1");
	uv_loop_init(&loop);
	rtnl = rtnl_open(&err);
	assert_non_null(rtnl);
	assert_true(device_get(rtnl, "v1", &info, &err));
	device = info.index;
	fake.link.ops = &fake_ops;
	apply = apply_new(&loop, rtnl, &desired, &handler);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	apply_free(apply);
	netns_finish(&loop);
	rtnl_close(rtnl);
	desired_done(&desired);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_reach_the_kernel),
		cmocka_unit_test(resync_repairs_and_removes),
		cmocka_unit_test(a_new_process_adopts),
		cmocka_unit_test(receivers_are_told_to_new_links_alone),
		cmocka_unit_test(failures_are_tried_again),
		cmocka_unit_test(many_changes_at_once),
		cmocka_unit_test(one_refused_among_many),
		cmocka_unit_test(nothing_stays_after_withdrawal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
