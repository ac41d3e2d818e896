// SPDX-License-Identifier: GPL-2.0-or-later
// CIEs and the list of extensions.
#include "wire/nhrp_ext.h"
#include "wire/nhrp_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct addr address(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, &addr));
	return addr;
}

static void test_cie_round_trip(void **state)
{
	const struct nhrp_cie cies[] = {
		{ .code = 14, .prefix_length = 0xff, .mtu = 1400, .holding_time = 600, .preference = 255 },
		{ .prefix_length = 24, .nbma = address("192.0.2.1"), .protocol = address("10.0.0.1") },
		{ .nbma = address("2001:db8::1"),
			.nbma_sub = address("192.0.2.9"),
			.protocol = address("10.0.0.1") },
	};
	static const size_t sizes[] = { 12, 20, 36 };
	uint8_t buffer[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cies); i++) {
		struct wr wr = wr_make(buffer, sizeof(buffer));
		struct nhrp_cie read;

		nhrp_cie_write(&wr, &cies[i]);
		assert_int_equal(wr_finish(&wr), sizes[i]);
		struct rd rd = rd_make(buffer, sizes[i]);
		nhrp_cie_read(&rd, ADDR_IPV4, &read);
		assert_true(rd_ok(&rd));
		assert_int_equal(rd_left(&rd), 0);
		assert_memory_equal(&read, &cies[i], sizeof(read));
	}
}

static void test_cie_address_lengths(void **state)
{
	static const struct {
		uint8_t nbma, nbma_sub, protocol, family;
		bool ok;
	} cases[] = {
		{ 4, 0, 4, ADDR_IPV4, true }, { 16, 4, 16, ADDR_IPV6, true },
		{ 0x44, 0, 4, ADDR_IPV4, true }, // type bit: an E.164 address, which nobody means
		{ 4, 0, 4, ADDR_NONE, true }, { 4, 0, 16, ADDR_NONE, true }, { 4, 0, 16, ADDR_IPV4, false },
		{ 4, 0, 4, ADDR_IPV6, false }, { 5, 0, 4, ADDR_IPV4, false }, { 20, 0, 4, ADDR_IPV4, false },
		{ 4, 1, 4, ADDR_IPV4, false },
		{ 4, 0, 0x44, ADDR_IPV4, false }, // a protocol length has no type bit
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t bytes[80] = {
			[8] = cases[i].nbma, [9] = cases[i].nbma_sub, [10] = cases[i].protocol
		};
		struct rd rd = rd_make(bytes, sizeof(bytes));
		struct nhrp_cie cie;

		nhrp_cie_read(&rd, cases[i].family, &cie);
		assert_int_equal(rd_ok(&rd), cases[i].ok);
		assert_int_equal(rd.rejected, !cases[i].ok);
	}
}

static void test_prefix_bits(void **state)
{
	static const uint8_t ipv4[][2] = { { 0, 32 }, { 0xff, 32 }, { 33, 32 }, { 32, 32 }, { 24, 24 },
		{ 1, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ipv4); i++) {
		struct nhrp_cie cie = { .prefix_length = ipv4[i][0] };

		assert_int_equal(nhrp_cie_prefix_bits(&cie, ADDR_IPV4), ipv4[i][1]);
	}
	assert_int_equal(nhrp_cie_prefix_bits(&(struct nhrp_cie) { .prefix_length = 64 }, ADDR_IPV6), 64);
	assert_int_equal(nhrp_cie_prefix_bits(&(struct nhrp_cie) { .prefix_length = 0 }, ADDR_IPV6), 128);
}

static void test_list(void **state)
{
	static const uint8_t data[] = { 1, 2, 3 };
	struct nhrp_msg msg = { 0 };

	(void)state;
	assert_false(nhrp_ext_add(&msg, NHRP_EXT_END, true, NULL, 0));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, data, 1));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_RESPONDER, true, NULL, 0));
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, data, 2));
	assert_null(nhrp_ext_find(&msg, NHRP_EXT_AUTHENTICATION));
	assert_int_equal(nhrp_ext_find(&msg, NHRP_EXT_VENDOR)->length, 1);
	assert_true(nhrp_ext_replace(&msg, NHRP_EXT_RESPONDER, data, 3));
	assert_int_equal(msg.extensions[1].length, 3);
	assert_true(msg.extensions[1].compulsory);
	assert_false(nhrp_ext_replace(&msg, NHRP_EXT_AUTHENTICATION, data, 3));
	nhrp_ext_remove(&msg, NHRP_EXT_VENDOR);
	assert_int_equal(msg.extension_count, 1);
	assert_int_equal(msg.extensions[0].type, NHRP_EXT_RESPONDER);
	while (msg.extension_count < NHRP_MAX_EXTENSIONS)
		assert_true(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, NULL, 0));
	assert_false(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, NULL, 0));
}

static void test_cies_of_an_extension(void **state)
{
	struct nhrp_cie cie = { .nbma = address("192.0.2.1"), .protocol = address("10.0.0.1") }, read[2];
	uint8_t first[64], second[64];
	struct nhrp_ext ext = { .type = NHRP_EXT_FORWARD_TRANSIT };

	(void)state;
	assert_int_equal(nhrp_ext_cies(&ext, ADDR_IPV4, read, 2), 0);
	ext.data = first;
	ext.length = nhrp_ext_append_cie(NULL, &cie, first, sizeof(first));
	assert_int_equal(ext.length, 20);
	cie.nbma = address("192.0.2.2");
	assert_int_equal(nhrp_ext_append_cie(&ext, &cie, second, 39), 0);
	ext.length = nhrp_ext_append_cie(&ext, &cie, second, 40);
	ext.data = second;
	assert_int_equal(ext.length, 40);
	assert_int_equal(nhrp_ext_cies(&ext, ADDR_IPV4, read, 2), 2);
	assert_true(addr_equal(read[0].nbma, address("192.0.2.1")));
	assert_true(addr_equal(read[1].nbma, address("192.0.2.2")));
	assert_int_equal(nhrp_ext_cies(&ext, ADDR_IPV4, read, 1), -1);
	assert_int_equal(nhrp_ext_cies(&ext, ADDR_IPV6, read, 2), 2); // as FRR writes into IPv6 packets
	assert_false(addr_is_set(read[0].protocol));
	assert_true(addr_is_set(read[0].nbma));
	ext.length = 39;
	assert_int_equal(nhrp_ext_cies(&ext, ADDR_IPV4, read, 2), -1);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(nhrp_code_name(NHRP_CODE_NO_BINDING), "no binding exists");
	assert_string_equal(nhrp_code_name(99), "unknown code");
	assert_string_equal(nhrp_type_name(NHRP_RESOLUTION_REQUEST), "Resolution Request");
	assert_string_equal(nhrp_type_name(NHRP_TRAFFIC_INDICATION), "Traffic Indication");
	assert_string_equal(nhrp_type_name(0), "unknown");
	assert_string_equal(nhrp_type_name(9), "unknown");
	assert_string_equal(nhrp_error_name(NHRP_ERROR_AUTHENTICATION_FAILURE), "authentication failure");
	assert_string_equal(nhrp_error_name(0), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cie_round_trip),
		cmocka_unit_test(test_cie_address_lengths),
		cmocka_unit_test(test_prefix_bits),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_cies_of_an_extension),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
