// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "link/checksum.h"
#include "link/user_ecn.h"

#define IPV4    0x0800
#define IPV6    0x86dd
#define DROPPED 9

/// RFC 6040 figure 4: the outgoing ECN field by the inner one (row: Not-ECT, ECT(1), ECT(0), CE) and the
/// outer.
static const uint8_t outgoing[4][4] = {
	{ 0, 0, 0, DROPPED },
	{ 1, 1, 1, 3 },
	{ 2, 1, 2, 3 },
	{ 3, 3, 3, 3 },
};

static void ipv4_marks_are_combined(void **state)
{
	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t packet[20] = { 0x45, (uint8_t)(0xb8 | inner), 0, 20, 1, 2, 0, 0, 64, 17 };
			bool kept;

			checksum_write(packet + 10, checksum_finish(checksum_add(0, packet, 20)));
			kept = user_ecn_decapsulate((uint8_t)(0x20 | outer), IPV4, packet, sizeof(packet));
			assert_int_equal(kept, outgoing[inner][outer] != DROPPED);
			if (!kept)
				continue;
			assert_int_equal(user_ecn_inner(IPV4, packet, 20), 0xb8 | outgoing[inner][outer]);
			assert_int_equal(checksum_finish(checksum_add(0, packet, 20)), 0);
		}
}

static void ipv6_marks_are_combined(void **state)
{
	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++)
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t packet[40] = { 0x6b, (uint8_t)(0x85 | inner << 4) };
			bool kept = user_ecn_decapsulate(outer, IPV6, packet, sizeof(packet));

			assert_int_equal(kept, outgoing[inner][outer] != DROPPED);
			if (!kept)
				continue;
			assert_int_equal(user_ecn_inner(IPV6, packet, 40), 0xb8 | outgoing[inner][outer]);
			assert_int_equal(packet[1] & 0xf, 5); /* of the flow label */
		}
}

static void other_protocols_are_left_alone(void **state)
{
	uint8_t packet[] = { 1, 2, 3 };

	(void)state;
	assert_true(user_ecn_decapsulate(3, 0x8847, packet, sizeof(packet)));
	assert_true(user_ecn_decapsulate(3, IPV4, packet, sizeof(packet)));
	assert_memory_equal(packet, ((uint8_t[]) { 1, 2, 3 }), 3);
	assert_int_equal(user_ecn_inner(0x8847, packet, 3), 0);
	assert_int_equal(user_ecn_inner(IPV4, packet, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_marks_are_combined),
		cmocka_unit_test(ipv6_marks_are_combined),
		cmocka_unit_test(other_protocols_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
