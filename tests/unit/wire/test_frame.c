// SPDX-License-Identifier: GPL-2.0-or-later
// What is around NHRP: GRE and IP headers, and the checksum that all of them share.
#include "wire/gre.h"
#include "wire/ip.h"
#include "wire/nhrp_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void test_gre_read(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[18];
		size_t length, header; ///< header 0: refused
		struct gre_header expected;
	} cases[] = {
		{ "plain", { 0, 0, 8, 0 }, 4, 4, { .protocol = 0x0800 } },
		{ "key", { 0x20, 0, 0x20, 1, 1, 2, 3, 4, 9 }, 9, 8,
			{ .has_key = true, .key = 0x01020304, .protocol = 0x2001 } },
		{ "sequence", { 0x10, 0, 8, 0, 0, 0, 0, 7 }, 8, 8,
			{ .has_sequence = true, .protocol = 0x0800 } },
		{ "all", { 0xb0, 0, 8, 0, 0x47, 0xf8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 4 }, 18, 16,
			{ .has_checksum = true,
				.has_key = true,
				.has_sequence = true,
				.key = 1,
				.protocol = 0x0800 } },
		{ "odd length", { 0x80, 0, 8, 0, 0x6c, 0xff, 0, 0, 0x0b }, 9, 8,
			{ .has_checksum = true, .protocol = 0x0800 } },
		{ "wrong checksum", { 0x80, 0, 8, 0, 0x77, 0xfe, 0, 0 }, 8, 0, { 0 } },
		{ "reserved bit", { 0x00, 0x80, 8, 0 }, 4, 4, { .protocol = 0x0800 } },
		{ "version 1", { 0x20, 1, 0x88, 0x0b, 0, 0, 0, 0 }, 8, 0, { 0 } },
		{ "routing", { 0x40, 0, 8, 0, 0, 0, 0, 0 }, 8, 0, { 0 } },
		{ "strict source route", { 0x08, 0, 8, 0 }, 4, 0, { 0 } },
		{ "no key", { 0x20, 0, 0x20, 1, 1, 2, 3 }, 7, 0, { 0 } },
		{ "no protocol", { 0, 0, 8 }, 3, 0, { 0 } },
		{ "empty", { 0 }, 0, 0, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct gre_header header;

		print_message("%s\n", cases[i].what);
		assert_int_equal(gre_read(cases[i].bytes, cases[i].length, &header), cases[i].header);
		if (cases[i].header == 0)
			continue;
		assert_int_equal(header.has_key, cases[i].expected.has_key);
		assert_int_equal(header.has_checksum, cases[i].expected.has_checksum);
		assert_int_equal(header.has_sequence, cases[i].expected.has_sequence);
		assert_int_equal(header.key, cases[i].expected.key);
		assert_int_equal(header.protocol, cases[i].expected.protocol);
	}
}

static void test_gre_write(void **state)
{
	static const uint8_t keyed[] = { 0x20, 0, 0x20, 1, 0, 0, 0, 42 };
	static const uint8_t plain[] = { 0, 0, 0x86, 0xdd };
	uint8_t buffer[GRE_MAX_HEADER];
	struct gre_header header = { .has_key = true, .key = 42, .protocol = NHRP_ETHERTYPE };

	(void)state;
	assert_int_equal(gre_write(&header, buffer), sizeof(keyed));
	assert_memory_equal(buffer, keyed, sizeof(keyed));
	header = (struct gre_header) { .key = 42, .protocol = 0x86dd };
	assert_int_equal(gre_write(&header, buffer), sizeof(plain));
	assert_memory_equal(buffer, plain, sizeof(plain));
}

static void test_ip_read(void **state)
{
	uint8_t ipv4[24] = { 0x46, 0, 0, 99, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2 };
	uint8_t ipv6[40] = { 0x60, [6] = 58, [7] = 64, [8] = 0x20, [23] = 1, [24] = 0x20, [39] = 2 };
	struct ip_header header;

	(void)state;
	assert_true(ip_read(ipv4, sizeof(ipv4), &header));
	assert_int_equal(addr_to_ipv4(header.src), 0xc0000201);
	assert_int_equal(addr_to_ipv4(header.dst), 0xc6336402);
	assert_int_equal(header.protocol, 17);
	assert_false(ip_read(ipv4, sizeof(ipv4) - 1, &header)); // cut in its options
	ipv4[0] = 0x44;
	assert_false(ip_read(ipv4, sizeof(ipv4), &header)); // a header shorter than a header
	ipv4[0] = 0x55;
	assert_false(ip_read(ipv4, sizeof(ipv4), &header));

	assert_true(ip_read(ipv6, sizeof(ipv6), &header));
	assert_int_equal(header.src.family, ADDR_IPV6);
	assert_int_equal(header.src.bytes[15], 1);
	assert_int_equal(header.dst.bytes[15], 2);
	assert_int_equal(header.protocol, 58);
	assert_false(ip_read(ipv6, sizeof(ipv6) - 1, &header));
	assert_false(ip_read(NULL, 0, &header));
}

static void test_checksum(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t length;
		uint16_t sum;
	} cases[] = {
		{ { 0 }, 0, 0xffff },
		{ { 0x12 }, 1, 0xedff }, // an odd byte is the high half of its word
		{ { 0x00, 0x12 }, 2, 0xffed },
		{ { 0x00, 0x01, 0xf2 }, 3, 0x0dfe },
		{ { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 }, 8, 0x220d }, // RFC 1071's example
		{ { 0xff, 0xff, 0xff, 0xff }, 4, 0x0000 },
		{ { 0xff, 0xff, 0x00, 0x01, 0x80 }, 5, 0x7ffe },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(nhrp_checksum(cases[i].bytes, cases[i].length), cases[i].sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gre_read),
		cmocka_unit_test(test_gre_write),
		cmocka_unit_test(test_ip_read),
		cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
