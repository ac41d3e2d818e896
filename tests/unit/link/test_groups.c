// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link/groups.h"

static struct prefix prefix(const char *text)
{
	struct prefix ret;

	assert_true(prefix_parse(text, &ret));
	return ret;
}

static struct addr address(const char *text)
{
	struct addr ret;

	assert_true(addr_parse(text, &ret));
	return ret;
}

static size_t count(const struct groups *groups, const char *destination)
{
	const struct group_receiver *first;

	return groups_find(groups, address(destination), &first);
}

static void the_longest_group_counts(void **state)
{
	const struct group_receiver *first;
	struct groups groups = { 0 };

	(void)state;
	assert_int_equal(count(&groups, "239.1.1.1"), 0);
	groups_add(&groups, prefix("239.0.0.0/8"), address("192.0.2.1"));
	groups_add(&groups, prefix("239.1.1.1"), address("192.0.2.3"));
	groups_add(&groups, prefix("239.1.1.1"), address("192.0.2.2"));
	groups_add(&groups, prefix("239.1.1.1"), address("192.0.2.2"));
	groups_add(&groups, prefix("239.2.0.0/16"), (struct addr) { 0 });
	assert_int_equal(groups.count, 4);
	assert_int_equal(groups_find(&groups, address("239.1.1.1"), &first), 2);
	assert_true(addr_equal(first[0].nbma, address("192.0.2.2")));
	assert_true(addr_equal(first[1].nbma, address("192.0.2.3")));
	assert_int_equal(groups_find(&groups, address("239.9.9.9"), &first), 1);
	assert_true(addr_equal(first->nbma, address("192.0.2.1")));
	assert_int_equal(groups_find(&groups, address("239.2.9.9"), &first), 1);
	assert_false(addr_is_set(first->nbma));
	assert_int_equal(count(&groups, "224.0.0.5"), 0);
	groups_done(&groups);
}

static void removed_receivers_are_gone(void **state)
{
	struct groups groups = { 0 };

	(void)state;
	groups_add(&groups, prefix("239.1.1.1"), (struct addr) { 0 });
	groups_add(&groups, prefix("239.1.1.1"), address("192.0.2.2"));
	groups_add(&groups, prefix("239.1.1.2"), address("192.0.2.2"));
	groups_remove(&groups, prefix("239.1.1.1"), address("192.0.2.9"));
	groups_remove(&groups, prefix("239.1.1.3"), address("192.0.2.2"));
	assert_int_equal(groups.count, 3);
	groups_remove(&groups, prefix("239.1.1.1"), address("192.0.2.2"));
	assert_int_equal(count(&groups, "239.1.1.1"), 1);
	groups_remove(&groups, prefix("239.1.1.1"), (struct addr) { 0 });
	assert_int_equal(count(&groups, "239.1.1.1"), 0);
	assert_int_equal(count(&groups, "239.1.1.2"), 1);
	groups_done(&groups);
}

static void destinations_of_packets(void **state)
{
	uint8_t ipv4[20] = { 0x45, [16] = 239, 1, 1, 1 };
	uint8_t ipv6[40] = { 0x60, [24] = 0xff, 0x02, [39] = 5 };

	(void)state;
	assert_true(addr_equal(groups_destination(0x0800, ipv4, sizeof(ipv4)), address("239.1.1.1")));
	assert_true(addr_equal(groups_destination(0x86dd, ipv6, sizeof(ipv6)), address("ff02::5")));
	assert_false(addr_is_set(groups_destination(0x0800, ipv4, sizeof(ipv4) - 1)));
	assert_false(addr_is_set(groups_destination(0x86dd, ipv6, sizeof(ipv6) - 1)));
	assert_false(addr_is_set(groups_destination(0x8847, ipv4, sizeof(ipv4))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_group_counts),
		cmocka_unit_test(removed_receivers_are_gone),
		cmocka_unit_test(destinations_of_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
