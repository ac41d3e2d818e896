// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct addr address(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, &addr));
	return addr;
}

static struct prefix prefix(const char *text)
{
	struct prefix ret;

	assert_true(prefix_parse(text, &ret));
	return ret;
}

static void test_text(void **state)
{
	static const char *const good[] = { "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1",
		"fe80::1:2:3:4" };
	static const char *const bad[] = { "", "192.0.2", "192.0.2.256", "192.0.2.1 ", "2001:db8", "none",
		"192.0.2.1/32" };
	char text[ADDR_TEXT_SIZE];
	struct addr untouched = address("192.0.2.7");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_string_equal(addr_format(address(good[i]), text), good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(addr_parse(bad[i], &untouched));
	assert_true(addr_equal(untouched, address("192.0.2.7")));
	assert_string_equal(addr_format((struct addr) { 0 }, text), "none");
}

static void test_prefix_text(void **state)
{
	static const struct {
		const char *in, *out; ///< out NULL: refused
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.129/25", "192.0.2.128/25" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "255.255.255.255/0", "0.0.0.0/0" },
		{ "2001:db8:ffff::/33", "2001:db8:8000::/33" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "192.0.2.0/33", NULL },
		{ "192.0.2.0/", NULL },
		{ "192.0.2.0/-1", NULL },
		{ "192.0.2.0/ 8", NULL },
		{ "192.0.2.0/8x", NULL },
		{ "192.0.2.0/0008", NULL },
		{ "/8", NULL },
		{ "2001:db8::/129", NULL },
		{ "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0001/32", NULL },
	};
	char text[PREFIX_TEXT_SIZE];
	struct prefix ret;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(prefix_parse(cases[i].in, &ret), cases[i].out != NULL);
		if (cases[i].out)
			assert_string_equal(prefix_format(ret, text), cases[i].out);
	}
}

static void test_conversions(void **state)
{
	static const uint8_t bytes[16] = { 192, 0, 2, 1, [15] = 9 };

	(void)state;
	assert_true(addr_equal(addr_from_ipv4(0xc0000201), address("192.0.2.1")));
	assert_int_equal(addr_to_ipv4(address("192.0.2.1")), 0xc0000201);
	assert_int_equal(addr_to_ipv4(address("::1")), 0);
	assert_true(addr_equal(addr_from_bytes(bytes, 4), address("192.0.2.1")));
	assert_int_equal(addr_size(addr_from_bytes(bytes, 16)), 16);
	assert_false(addr_is_set(addr_from_bytes(bytes, 5)));
	assert_int_equal(addr_bits((struct addr) { 0 }), 0);
	assert_memory_equal(
		&(struct addr) { 0 }, &(struct addr) { .family = ADDR_NONE }, sizeof(struct addr));
}

static void test_classes(void **state)
{
	static const struct {
		const char *text;
		bool host, multicast;
	} cases[] = {
		{ "192.0.2.1", true, false },
		{ "0.0.0.0", false, false },
		{ "127.0.0.1", false, false },
		{ "224.0.0.5", false, true },
		{ "239.255.255.255", false, true },
		{ "240.0.0.1", true, false },
		{ "255.255.255.255", false, false },
		{ "::", false, false },
		{ "::1", false, false },
		{ "::2", true, false },
		{ "fe80::1", true, false },
		{ "ff02::5", false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(addr_is_host(address(cases[i].text)), cases[i].host);
		assert_int_equal(addr_is_multicast(address(cases[i].text)), cases[i].multicast);
	}
	assert_false(addr_is_host((struct addr) { 0 }));
}

static void test_containment(void **state)
{
	(void)state;
	assert_true(prefix_contains(prefix("10.0.0.0/9"), address("10.127.255.255")));
	assert_false(prefix_contains(prefix("10.0.0.0/9"), address("10.128.0.0")));
	assert_true(prefix_contains(prefix("0.0.0.0/0"), address("192.0.2.1")));
	assert_false(prefix_contains(prefix("0.0.0.0/0"), address("::1")));
	assert_false(prefix_contains(prefix("0.0.0.0/0"), (struct addr) { 0 }));
	assert_false(prefix_contains((struct prefix) { 0 }, (struct addr) { 0 }));
	assert_true(prefix_covers(prefix("10.0.0.0/8"), prefix("10.1.0.0/16")));
	assert_true(prefix_covers(prefix("10.0.0.0/8"), prefix("10.0.0.0/8")));
	assert_false(prefix_covers(prefix("10.1.0.0/16"), prefix("10.0.0.0/8")));
	assert_true(prefix_equal(prefix_make(address("10.1.2.3"), 99), prefix_host(address("10.1.2.3"))));
	assert_false(prefix_equal(prefix("10.0.0.0/8"), prefix("10.0.0.0/9")));
	assert_true(addr_bit(address("128.0.0.1"), 0));
	assert_true(addr_bit(address("128.0.0.1"), 31));
	assert_false(addr_bit(address("128.0.0.1"), 1));
	assert_false(addr_bit(address("255.255.255.255"), 32));
	assert_true(addr_compare(address("9.0.0.0"), address("10.0.0.0")) < 0);
	assert_true(addr_compare(address("255.0.0.0"), address("::")) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_prefix_text),
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_containment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
