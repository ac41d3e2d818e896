// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/desired.h"

static struct desired_item neighbour(const char *protocol, const char *nbma)
{
	return (struct desired_item) {
		.kind = DESIRED_NEIGHBOUR, .iface = 1, .prefix = prefix_host(ip(protocol)), .nbma = ip(nbma)
	};
}

static void changes_come_in_order(void **state)
{
	struct desired desired = { 0 };
	struct desired_item a = neighbour("10.0.0.1", "172.16.0.1");
	struct desired_item b = neighbour("10.0.0.2", "172.16.0.2"), got;

	(void)state;
	assert_false(desired_has_change(&desired));
	desired_set(&desired, &a);
	desired_set(&desired, &b);
	assert_true(desired_pop_change(&desired, &got));
	assert_true(got.present && addr_equal(got.nbma, a.nbma));
	assert_true(desired_pop_change(&desired, &got));
	assert_true(got.present && addr_equal(got.nbma, b.nbma));
	assert_false(desired_pop_change(&desired, &got));
	assert_int_equal(desired.counts[DESIRED_NEIGHBOUR], 2);
	desired_done(&desired);
}

static void the_same_again_is_no_change(void **state)
{
	struct desired desired = { 0 };
	struct desired_item item = neighbour("10.0.0.1", "172.16.0.1"), got;

	(void)state;
	desired_set(&desired, &item);
	assert_true(desired_pop_change(&desired, &got));
	desired_set(&desired, &item);
	assert_false(desired_has_change(&desired));
	desired_done(&desired);
}

static void several_changes_come_as_one(void **state)
{
	struct desired desired = { 0 };
	struct desired_item item = neighbour("10.0.0.1", "172.16.0.1"), got;

	(void)state;
	desired_set(&desired, &item);
	desired_clear(&desired, &item);
	item.nbma = ip("172.16.0.9");
	desired_set(&desired, &item);
	assert_true(desired_pop_change(&desired, &got));
	assert_true(got.present && addr_equal(got.nbma, item.nbma));
	assert_false(desired_has_change(&desired));
	desired_clear(&desired, &item);
	assert_true(desired_pop_change(&desired, &got));
	assert_false(got.present);
	assert_int_equal(desired.counts[DESIRED_NEIGHBOUR], 0);
	desired_clear(&desired, &item);
	assert_false(desired_has_change(&desired));
	desired_done(&desired);
}

static void what_is_told_of_comes_in_order_and_counts(void **state)
{
	struct desired desired = { 0 };
	struct desired_item item = neighbour("10.0.0.1", "172.16.0.1"), got;
	struct desired_item told = { .kind = DESIRED_MULTICAST, .present = true, .nbma = ip("172.16.0.1") };

	(void)state;
	desired_tell(&desired, &told);
	desired_set(&desired, &item);
	assert_int_equal(desired.counts[DESIRED_MULTICAST], 1);
	assert_true(desired_pop_change(&desired, &got));
	assert_true(got.present && got.kind == DESIRED_MULTICAST && addr_equal(got.nbma, told.nbma));
	told.present = false;
	desired_tell(&desired, &told);
	assert_true(desired_pop_change(&desired, &got));
	assert_int_equal(got.kind, DESIRED_NEIGHBOUR);
	assert_true(desired_pop_change(&desired, &got));
	assert_true(!got.present && got.kind == DESIRED_MULTICAST);
	assert_false(desired_has_change(&desired));
	assert_int_equal(desired.counts[DESIRED_MULTICAST], 0);
	// What nobody fetched is freed.
	desired_tell(&desired, &told);
	desired_done(&desired);
}

static void find_and_walk_see_only_what_is_wanted(void **state)
{
	struct desired desired = { 0 };
	struct desired_item a = neighbour("10.0.0.1", "172.16.0.1");
	struct desired_item b = neighbour("10.0.0.2", "172.16.0.2"), got;
	const struct desired_entry *cursor = NULL;

	(void)state;
	desired_set(&desired, &a);
	desired_set(&desired, &b);
	desired_clear(&desired, &a);
	assert_false(desired_find(&desired, DESIRED_NEIGHBOUR, 1, a.prefix, (struct addr) { 0 }, &got));
	assert_true(desired_find(&desired, DESIRED_NEIGHBOUR, 1, b.prefix, (struct addr) { 0 }, &got));
	assert_false(desired_find(&desired, DESIRED_NEIGHBOUR, 2, b.prefix, (struct addr) { 0 }, &got));
	assert_false(desired_find(&desired, DESIRED_ROUTE, 1, b.prefix, (struct addr) { 0 }, &got));
	assert_false(desired_next(&desired, DESIRED_ROUTE, &cursor, &got));
	assert_true(desired_next(&desired, DESIRED_NEIGHBOUR, &cursor, &got));
	assert_true(addr_equal(got.nbma, b.nbma));
	assert_false(desired_next(&desired, DESIRED_NEIGHBOUR, &cursor, &got));
	desired_done(&desired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_come_in_order),
		cmocka_unit_test(the_same_again_is_no_change),
		cmocka_unit_test(several_changes_come_as_one),
		cmocka_unit_test(what_is_told_of_comes_in_order_and_counts),
		cmocka_unit_test(find_and_walk_see_only_what_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
