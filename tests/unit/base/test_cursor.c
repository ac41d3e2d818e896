// SPDX-License-Identifier: GPL-2.0-or-later
// The two cursors, rd and wr.
#include "base/rd.h"
#include "base/wr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void test_read(void **state)
{
	struct rd rd = rd_make(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(rd_u8(&rd), 0x01);
	assert_int_equal(rd_u16(&rd), 0x0203);
	assert_int_equal(rd_u32(&rd), 0x04050607);
	rd_skip(&rd, 1);
	assert_null(rd_bytes(&rd, 0));
	assert_ptr_equal(rd_bytes(&rd, 2), bytes + 8);
	assert_true(rd_ok(&rd));
	assert_int_equal(rd_left(&rd), 0);
}

static void test_read_beyond_the_end(void **state)
{
	struct rd rd = rd_make(bytes, 3);

	(void)state;
	rd_skip(&rd, 1);
	assert_int_equal(rd_u32(&rd), 0);
	assert_false(rd_ok(&rd));
	assert_int_equal(rd.failed_at, 1);
	assert_int_equal(rd_u8(&rd), 0); // it would be there, but the reader has failed
	assert_null(rd_bytes(&rd, 1));
	assert_int_equal(rd_left(&rd), 0);
	assert_int_equal(rd.failed_at, 1);

	rd = rd_make(bytes, 3);
	rd_skip(&rd, SIZE_MAX);
	assert_false(rd_ok(&rd));
	rd = rd_make(NULL, 0);
	assert_int_equal(rd_u8(&rd), 0);
	assert_false(rd_ok(&rd));
}

static void test_read_nested(void **state)
{
	struct rd rd = rd_make(bytes, sizeof(bytes)), sub;

	(void)state;
	rd_skip(&rd, 2);
	sub = rd_sub(&rd, 3);
	assert_int_equal(rd_u16(&sub), 0x0304);
	assert_int_equal(rd_u16(&sub), 0); // there is one byte, and the next is not the sub-reader's
	assert_int_equal(sub.failed_at, 4);
	assert_true(rd_ok(&rd));
	assert_int_equal(rd_u8(&rd), 6);
	sub = rd_sub(&rd, 5);
	assert_false(rd_ok(&rd));
	assert_false(rd_ok(&sub));
	assert_int_equal(rd_left(&sub), 0);
}

static void test_write(void **state)
{
	uint8_t buffer[16];
	struct wr wr = wr_make(buffer, sizeof(buffer));
	static const uint8_t expected[] = { 0xab, 0xbe, 0xef, 1, 2, 3, 4, 0, 0, 192, 0, 2, 1, 9 };

	(void)state;
	wr_u8(&wr, 0xab);
	wr_u16(&wr, 0);
	wr_u32(&wr, 0x01020304);
	wr_zeros(&wr, 2);
	wr_addr(&wr, addr_from_ipv4(0xc0000201));
	wr_addr(&wr, (struct addr) { 0 });
	wr_bytes(&wr, &(uint8_t) { 9 }, 1);
	wr_bytes(&wr, NULL, 0);
	wr_set_u16(&wr, 1, 0xbeef);
	assert_int_equal(wr_length(&wr), sizeof(expected));
	assert_int_equal(wr_finish(&wr), sizeof(expected));
	assert_memory_equal(buffer, expected, sizeof(expected));
}

static void test_write_failures(void **state)
{
	uint8_t buffer[4];
	struct wr wr;

	(void)state;
	wr = wr_make(buffer, 3);
	wr_u32(&wr, 1);
	wr_u8(&wr, 1); // fits, but too late
	assert_int_equal(wr_finish(&wr), 0);
	wr = wr_make(buffer, 4);
	wr_u8(&wr, 256);
	assert_int_equal(wr_finish(&wr), 0);
	wr = wr_make(buffer, 4);
	wr_u16(&wr, 65536);
	assert_int_equal(wr_finish(&wr), 0);
	wr = wr_make(buffer, 4);
	wr_u32(&wr, UINT64_C(1) << 32);
	assert_int_equal(wr_finish(&wr), 0);
	wr = wr_make(buffer, 4);
	wr_u16(&wr, 1);
	wr_set_u16(&wr, 1, 1); // its second byte was not written yet
	assert_int_equal(wr_finish(&wr), 0);
	wr = wr_make(buffer, 4);
	wr_zeros(&wr, SIZE_MAX);
	assert_int_equal(wr_finish(&wr), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_beyond_the_end),
		cmocka_unit_test(test_read_nested),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
