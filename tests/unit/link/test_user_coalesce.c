// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is merged and what is not. That merging loses nothing is the law of tests/fuzz/fuzz_coalesce.c.
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "link/checksum.h"
#include "link/user_coalesce.h"

#define IPV4    0x0800
#define IPV6    0x86dd
#define PAYLOAD 1000
#define ACK     0x10
#define PSH     0x08

static struct user_coalesce batch;
static uint8_t packets[USER_COALESCE_PACKETS][PAYLOAD + 100];
static unsigned made;
static uint32_t sequence;
static uint16_t identification;

static int start(void **state)
{
	(void)state;
	memset(&batch, 0, sizeof(batch));
	batch.udp = true;
	made = 0;
	sequence = 0xfffffff0;
	identification = 0xfffe;
	return 0;
}

static void finish(uint8_t *ip, size_t length)
{
	bool ipv6 = ip[0] >> 4 == 6, udp = ip[ipv6 ? 6 : 9] == IPPROTO_UDP;
	size_t header = ipv6 ? 40 : 20, field = header + (udp ? 6 : 16);
	uint64_t sum;

	if (!ipv6) {
		checksum_write(ip + 10, 0);
		checksum_write(ip + 10, checksum_finish(checksum_add(0, ip, header)));
	}
	checksum_write(ip + field, 0);
	sum = checksum_add(0, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
	sum = checksum_add_u16(sum, udp ? IPPROTO_UDP : IPPROTO_TCP);
	sum = checksum_add_u16(sum, (uint16_t)(length - header));
	checksum_write(ip + field, checksum_finish(checksum_add(sum, ip + header, length - header)));
}

/// The next packet of a flow; the byte at offset `at` gets the value before the checksums are made, unless
/// both are 0.
static uint8_t *make(
	uint16_t ethertype, uint8_t protocol, uint8_t port, size_t payload, size_t at, uint8_t value)
{
	bool ipv6 = ethertype == IPV6, udp = protocol == IPPROTO_UDP;
	size_t header = ipv6 ? 40 : 20, length = header + (udp ? 8 : 32) + payload;
	uint8_t *ip = packets[made++];

	memset(ip, 0x11, length);
	ip[0] = ipv6 ? 0x60 : 0x45;
	ip[ipv6 ? 6 : 9] = protocol;
	ip[header + 1] = port;
	if (ipv6) {
		checksum_write(ip + 4, (uint16_t)(length - 40));
	} else {
		checksum_write(ip + 2, (uint16_t)length);
		checksum_write(ip + 4, identification++);
		checksum_write(ip + 6, 0x4000);
	}
	if (udp) {
		checksum_write(ip + header + 4, (uint16_t)(8 + payload));
	} else {
		checksum_write(ip + header + 4, (uint16_t)(sequence >> 16));
		checksum_write(ip + header + 6, (uint16_t)sequence);
		sequence += (uint32_t)payload;
		ip[header + 12] = 0x80;
		ip[header + 13] = ACK;
	}
	if (at || value)
		ip[at] = value;
	finish(ip, length);
	return ip;
}

static void push(uint16_t ethertype, uint8_t *ip)
{
	size_t length = ethertype == IPV6 ? 40 + checksum_read(ip + 4) : checksum_read(ip + 2);

	assert_true(user_coalesce_add(&batch, &(struct user_packet) { 7, ethertype, ip, length }));
}

static uint8_t *add(
	uint16_t ethertype, uint8_t protocol, uint8_t port, size_t payload, size_t at, uint8_t value)
{
	uint8_t *ip = make(ethertype, protocol, port, payload, at, value);

	push(ethertype, ip);
	return ip;
}

/// What comes out, as the numbers of packets in each.
static void expect(const char *counts)
{
	struct user_coalesced whole;
	char got[USER_COALESCE_PACKETS + 1] = "";
	size_t length = 0;

	while (user_coalesce_next(&batch, &whole)) {
		assert_int_equal(whole.peer, 7);
		assert_int_equal(whole.header.gso_size != 0, whole.count > 1);
		got[length++] = (char)('0' + whole.count);
	}
	assert_string_equal(got, counts);
	made = 0;
}

static void segments_become_one(void **state)
{
	struct user_coalesced whole;
	uint8_t *ip = add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);

	(void)state;
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, 10, 33, ACK | PSH);
	assert_true(user_coalesce_next(&batch, &whole));
	assert_int_equal(whole.count, 3);
	assert_int_equal(whole.original, 3 * 52 + 2 * PAYLOAD + 10);
	assert_int_equal(whole.ethertype, IPV4);
	assert_int_equal(whole.header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(whole.header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(whole.header.gso_size, PAYLOAD);
	assert_int_equal(whole.header.hdr_len, 14 + 52);
	assert_int_equal(whole.header.csum_start, 14 + 20);
	assert_int_equal(whole.header.csum_offset, 16);
	assert_ptr_equal(whole.parts[0].iov_base, ip);
	assert_int_equal(whole.parts[0].iov_len, 52 + PAYLOAD);
	assert_ptr_equal(whole.parts[2].iov_base, packets[2] + 52);
	assert_int_equal(whole.parts[2].iov_len, 10);
	assert_int_equal(checksum_read(ip + 2), 52 + 2 * PAYLOAD + 10);
	assert_int_equal(ip[33], ACK | PSH);
	assert_false(user_coalesce_next(&batch, &whole));
}

static void each_kind_is_merged(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		add(IPV4, protocols[i], 1, PAYLOAD, 0, 0);
		add(IPV4, protocols[i], 1, PAYLOAD, 0, 0);
		expect("2");
		add(IPV6, protocols[i], 1, PAYLOAD, 0, 0);
		add(IPV6, protocols[i], 1, PAYLOAD, 0, 0);
		expect("2");
	}
	batch.udp = false;
	add(IPV4, IPPROTO_UDP, 1, PAYLOAD, 0, 0);
	add(IPV4, IPPROTO_UDP, 1, PAYLOAD, 0, 0);
	expect("11");
}

static void flows_are_kept_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		add(IPV4, IPPROTO_UDP, (uint8_t)(i % 3), PAYLOAD, 4, (uint8_t)0);
	/* The identifications count all three, so that none continues another. */
	expect("111111");
	for (unsigned i = 0; i < 6; i++)
		add(IPV6, IPPROTO_UDP, (uint8_t)(i % 3), PAYLOAD, 0, 0);
	expect("222");
	add(IPV6, IPPROTO_UDP, 1, PAYLOAD, 0, 0);
	add(IPV6, IPPROTO_UDP, 1, PAYLOAD, 39, 1);
	expect("11");
}

static void the_end_of_a_super_packet(void **state)
{
	(void)state;
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 33, ACK | PSH);
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD - 1, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
	expect("221");
	add(IPV4, IPPROTO_TCP, 1, 10, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, 11, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, 0, 0, 0);
	add(IPV4, IPPROTO_TCP, 1, 11, 0, 0);
	expect("1111");
}

/// What differs in a byte of its headers is not merged.
static void headers_must_agree(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} odd4[] = { { 1, 0x12 }, { 4, 0x77 }, { 6, 0 }, { 8, 63 }, { 27, 0x55 }, { 28, 0x55 }, { 32, 0x81 },
		{ 33, ACK | 0x40 }, { 33, ACK | 0x80 }, { 33, ACK | 0x20 }, { 33, ACK | 0x04 },
		{ 33, ACK | 0x02 }, { 33, 0 }, { 34, 0x12 }, { 38, 0x12 }, { 41, 0x12 }, { 51, 0x12 } };
	static const size_t odd6[] = { 1, 3, 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(odd4) / sizeof(odd4[0]); i++) {
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, odd4[i].at, odd4[i].value);
		expect("11");
	}
	for (size_t i = 0; i < sizeof(odd6) / sizeof(odd6[0]); i++) {
		add(IPV6, IPPROTO_UDP, 1, PAYLOAD, 0, 0);
		add(IPV6, IPPROTO_UDP, 1, PAYLOAD, odd6[i], 0x12);
		expect("11");
	}
}

static void wrong_checksums_are_left_alone(void **state)
{
	static const size_t wrong[] = { 10, 36, 52, 52 + PAYLOAD - 1 };

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t *both[] = { make(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0),
			make(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0) };

		both[i % 2][wrong[i / 2]] ^= 1;
		push(IPV4, both[0]);
		push(IPV4, both[1]);
		expect("11");
	}
}

/// A fragment may belong to any flow, and so may what is not understood.
static void strangers_keep_their_place(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} strange[] = { { 6, 0x20 }, { 7, 1 }, { 9, IPPROTO_ICMP }, { 0, 0x46 }, { 32, 0x40 } };

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
		add(IPV4, IPPROTO_TCP, 9, 100, strange[i].at, strange[i].value);
		sequence -= 100;
		identification--;
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
		expect("211");
	}
}

static void a_batch_is_limited(void **state)
{
	(void)state;
	for (unsigned i = 0; i < USER_COALESCE_PACKETS; i++)
		add(IPV4, IPPROTO_TCP, 1, PAYLOAD, 0, 0);
	assert_false(user_coalesce_add(&batch, &(struct user_packet) { 7, IPV4, packets[0], 52 + PAYLOAD }));
	expect("p"); /* '0' + 64 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(segments_become_one, start),
		cmocka_unit_test_setup(each_kind_is_merged, start),
		cmocka_unit_test_setup(flows_are_kept_apart, start),
		cmocka_unit_test_setup(the_end_of_a_super_packet, start),
		cmocka_unit_test_setup(headers_must_agree, start),
		cmocka_unit_test_setup(wrong_checksums_are_left_alone, start),
		cmocka_unit_test_setup(strangers_keep_their_place, start),
		cmocka_unit_test_setup(a_batch_is_limited, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
