// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/rib.h"

static struct rib_route route(const char *prefix, const char *next_hop, uint32_t metric)
{
	return (struct rib_route) {
		.prefix = net(prefix), .next_hop = ip(next_hop), .metric = metric, .device = 1
	};
}

static bool add(struct rib *rib, const char *prefix, const char *next_hop, uint32_t metric)
{
	struct rib_route made = route(prefix, next_hop, metric);

	return rib_add(rib, &made);
}

static bool withdraw(struct rib *rib, const char *prefix, const char *next_hop, uint32_t metric)
{
	struct rib_route made = route(prefix, next_hop, metric);

	return rib_remove(rib, &made);
}

static void assert_by(const struct rib *rib, const char *addr, const char *next_hop)
{
	const struct rib_route *found = rib_lookup(rib, ip(addr));

	assert_non_null(found);
	assert_true(addr_equal(found->next_hop, ip(next_hop)));
}

static void the_lowest_metric_wins(void **state)
{
	struct rib rib = { 0 };

	(void)state;
	assert_true(add(&rib, "10.0.0.0/8", "1.1.1.1", 20));
	assert_false(add(&rib, "10.0.0.0/8", "2.2.2.2", 30));
	assert_by(&rib, "10.1.1.1", "1.1.1.1");
	assert_true(add(&rib, "10.0.0.0/8", "3.3.3.3", 10));
	assert_by(&rib, "10.1.1.1", "3.3.3.3");
	assert_false(withdraw(&rib, "10.0.0.0/8", "1.1.1.1", 20));
	assert_true(withdraw(&rib, "10.0.0.0/8", "3.3.3.3", 10));
	assert_by(&rib, "10.1.1.1", "2.2.2.2");
	assert_false(add(&rib, "10.0.0.0/8", "2.2.2.2", 30));
	assert_false(withdraw(&rib, "10.0.0.0/8", "9.9.9.9", 30));
	assert_true(withdraw(&rib, "10.0.0.0/8", "2.2.2.2", 30));
	assert_null(rib_lookup(&rib, ip("10.1.1.1")));
	assert_false(withdraw(&rib, "10.0.0.0/8", "2.2.2.2", 30));
	rib_done(&rib);
}

static void the_longest_prefix_wins(void **state)
{
	struct rib rib = { 0 };

	(void)state;
	add(&rib, "0.0.0.0/0", "1.1.1.1", 0);
	add(&rib, "10.0.0.0/8", "2.2.2.2", 100);
	add(&rib, "10.1.0.0/16", "3.3.3.3", 200);
	assert_by(&rib, "10.1.2.3", "3.3.3.3");
	assert_by(&rib, "10.2.2.3", "2.2.2.2");
	assert_by(&rib, "11.2.2.3", "1.1.1.1");
	assert_null(rib_exact(&rib, net("10.1.0.0/17")));
	assert_non_null(rib_exact(&rib, net("10.1.0.0/16")));
	rib_done(&rib);
}

/// RFC 2332 section 6.3.
static void the_widest_prefix_has_no_exception(void **state)
{
	static const struct {
		const char *routes[4];
		const char *addr, *bound, *widest;
	} cases[] = {
		{ { "10.1.0.0/16" }, "10.1.2.3", "10.1.0.0/16", "10.1.0.0/16" },
		{ { "10.1.0.0/16" }, "10.1.2.3", "10.0.0.0/8", "10.1.0.0/16" },
		{ { "10.1.0.0/16" }, "10.1.2.3", "10.1.2.0/24", "10.1.2.0/24" },
		{ { "10.1.0.0/16", "10.1.2.192/26" }, "10.1.2.3", "10.1.0.0/16", "10.1.2.0/25" },
		{ { "10.1.0.0/16", "10.1.128.0/17" }, "10.1.2.3", "10.1.0.0/16", "10.1.0.0/17" },
		{ { "10.1.0.0/16", "10.1.2.2/32" }, "10.1.2.3", "10.1.0.0/16", "10.1.2.3/32" },
		{ { "10.1.0.0/16", "10.1.3.0/24", "10.1.128.0/24" }, "10.1.2.3", "10.1.0.0/16",
			"10.1.2.0/24" },
		{ { "10.1.0.0/16", "10.1.2.0/24" }, "10.1.2.3", "10.1.0.0/16", "10.1.2.0/24" },
		{ { "0.0.0.0/0" }, "10.1.2.3", "10.1.0.0/16", "10.1.0.0/16" },
		{ { "0.0.0.0/0" }, "10.1.2.3", "0.0.0.0/0", "0.0.0.0/0" },
		{ { "10.2.0.0/16" }, "10.1.2.3", "10.0.0.0/8", "10.0.0.0/15" },
		{ { "2001:db8::/32", "2001:db8:8000::/33" }, "2001:db8:1::1", "2001:db8::/32",
			"2001:db8::/33" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[PREFIX_TEXT_SIZE];
		struct rib rib = { 0 };

		for (size_t j = 0; j < 4 && cases[i].routes[j]; j++)
			add(&rib, cases[i].routes[j], "1.1.1.1", 0);
		prefix_format(rib_widest(&rib, ip(cases[i].addr), net(cases[i].bound)), text);
		assert_string_equal(text, cases[i].widest);
		rib_done(&rib);
	}
}

/// Addresses of the host itself lie inside its networks and do not cut them.
static void own_addresses_are_no_exception(void **state)
{
	struct rib rib = { 0 };
	struct rib_route own = route("10.1.2.1/32", "0.0.0.0", 0);

	(void)state;
	own.kind = RIB_LOCAL;
	own.next_hop = (struct addr) { 0 };
	add(&rib, "10.1.2.0/24", "1.1.1.1", 0);
	rib_add(&rib, &own);
	assert_int_equal(rib_widest(&rib, ip("10.1.2.3"), net("10.1.2.0/24")).length, 24);
	assert_int_equal(rib_lookup(&rib, ip("10.1.2.1"))->kind, RIB_LOCAL);
	assert_int_equal(rib_lookup_network(&rib, ip("10.1.2.1"))->prefix.length, 24);
	rib_done(&rib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_metric_wins),
		cmocka_unit_test(the_longest_prefix_wins),
		cmocka_unit_test(the_widest_prefix_has_no_exception),
		cmocka_unit_test(own_addresses_are_no_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
