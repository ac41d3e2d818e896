// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/checksum.h"
#include "link/user_segment.h"

#define ETHERNET 14
#define UDP_GSO  5

static uint8_t packet[70000];

/// The sum of the pseudo-header and `length` bytes of transport; 0xffff where the checksum in it is right.
static uint16_t transport_sum(const uint8_t *ip, uint8_t protocol, const uint8_t *transport, size_t length)
{
	bool ipv6 = ip[0] >> 4 == 6;
	uint64_t sum = checksum_add(0, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);

	sum = checksum_add_u16(sum, protocol);
	sum = checksum_add_u16(sum, (uint16_t)length);
	return (uint16_t)~checksum_finish(checksum_add(sum, transport, length));
}

/// A super-packet; its transport checksum is the sum of the pseudo-header. Returns its length.
static size_t make(bool ipv6, uint8_t protocol, size_t payload)
{
	size_t ip = ipv6 ? 40 : 24, transport = protocol == IPPROTO_TCP ? 32 : 8;
	size_t length = ip + transport + payload;

	for (size_t i = 0; i < length; i++)
		packet[i] = (uint8_t)(i * 7);
	if (ipv6) {
		packet[0] = 0x60;
		checksum_write(packet + 4, (uint16_t)(length - 40));
		packet[6] = protocol;
	} else {
		packet[0] = 0x46;
		packet[1] = 0;
		checksum_write(packet + 2, (uint16_t)length);
		checksum_write(packet + 4, 0xfffe); /* the identification wraps */
		checksum_write(packet + 6, 0x4000);
		packet[9] = protocol;
	}
	if (protocol == IPPROTO_TCP) {
		checksum_write(packet + ip + 4, 0xffff);
		checksum_write(packet + ip + 6, 0xfff0); /* the sequence number wraps */
		packet[ip + 12] = 0x80;
		packet[ip + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	}
	checksum_write(
		packet + ip + (protocol == IPPROTO_TCP ? 16 : 6), transport_sum(packet, protocol, packet, 0));
	return length;
}

static struct virtio_net_hdr header(bool ipv6, uint8_t protocol, uint16_t size)
{
	return (struct virtio_net_hdr) {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = protocol == IPPROTO_UDP ? UDP_GSO
			    : ipv6                  ? VIRTIO_NET_HDR_GSO_TCPV6
						    : VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = size,
		.csum_start = (uint16_t)(ETHERNET + (ipv6 ? 40 : 24)),
		.csum_offset = protocol == IPPROTO_UDP ? 6 : 16,
	};
}

static void check_ip(const uint8_t *segment, bool ipv6, size_t length, unsigned index)
{
	if (ipv6) {
		assert_int_equal(checksum_read(segment + 4) + 40, length);
		return;
	}
	assert_int_equal(checksum_read(segment + 2), length);
	assert_int_equal(checksum_read(segment + 4), (uint16_t)(0xfffe + index));
	assert_int_equal(checksum_finish(checksum_add(0, segment, 24)), 0);
}

static void check_tcp(const uint8_t *tcp, size_t before, unsigned index, bool last)
{
	uint32_t sequence = (uint32_t)checksum_read(tcp + 4) << 16 | checksum_read(tcp + 6);

	assert_int_equal(sequence, (uint32_t)(0xfffffff0 + before));
	assert_int_equal(tcp[13] & 0x80, index ? 0 : 0x80);
	assert_int_equal(tcp[13] & 0x09, last ? 0x09 : 0);
	assert_int_equal(tcp[13] & 0x10, 0x10);
}

/// Cuts a super-packet and looks at every segment.
static void check_cutting(bool ipv6, uint8_t protocol, size_t payload, uint16_t size)
{
	size_t ip = ipv6 ? 40 : 24, transport = protocol == IPPROTO_TCP ? 32 : 8, at = 0;
	struct virtio_net_hdr gso = header(ipv6, protocol, size);
	size_t length = make(ipv6, protocol, payload);
	static uint8_t segment[70000];
	struct user_segments segments;
	struct user_segment part;
	unsigned index = 0;

	assert_true(user_segments_start(&segments, &gso, ETHERNET, packet, length));
	for (; user_segments_next(&segments, &part); index++) {
		size_t whole = part.headers_length + part.payload_length;
		bool last = at + part.payload_length == payload;

		assert_int_equal(part.headers_length, ip + transport);
		assert_int_equal(part.payload_length, last ? payload - at : size);
		assert_memory_equal(part.payload, packet + ip + transport + at, part.payload_length);
		memcpy(segment, part.headers, part.headers_length);
		memcpy(segment + part.headers_length, part.payload, part.payload_length);
		check_ip(segment, ipv6, whole, index);
		assert_int_equal(transport_sum(segment, protocol, segment + ip, whole - ip), 0xffff);
		if (protocol == IPPROTO_TCP)
			check_tcp(segment + ip, at, index, last);
		else
			assert_int_equal(checksum_read(segment + ip + 4), whole - ip);
		at += part.payload_length;
	}
	assert_int_equal(at, payload);
	assert_int_equal(index, payload ? (payload + size - 1) / size : 1);
}

static void super_packets_are_cut(void **state)
{
	static const size_t payloads[] = { 0, 1, 999, 1000, 1001, 5000, 63333 };

	(void)state;
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		check_cutting(false, IPPROTO_TCP, payloads[i], 1000);
		check_cutting(true, IPPROTO_TCP, payloads[i], 1000);
		check_cutting(false, IPPROTO_UDP, payloads[i], 1000);
		check_cutting(true, IPPROTO_UDP, payloads[i], 1001);
	}
}

static void single_packets_are_completed(void **state)
{
	struct virtio_net_hdr partial = header(false, IPPROTO_UDP, 0);
	size_t length = make(false, IPPROTO_UDP, 333);
	struct user_segments segments;
	struct user_segment part;

	(void)state;
	partial.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	checksum_write(packet + 24 + 4, 8 + 333);
	checksum_write(packet + 24 + 6, transport_sum(packet, IPPROTO_UDP, packet, 0));
	/* The kernel's sum has the length in it, too. */
	checksum_write(packet + 24 + 6,
		(uint16_t)~checksum_finish(checksum_add_u16(
			checksum_add_u16(0, checksum_read(packet + 24 + 6)), (uint16_t)(8 + 333))));
	assert_true(user_segments_start(&segments, &partial, ETHERNET, packet, length));
	assert_true(user_segments_next(&segments, &part));
	assert_int_equal(part.headers_length, 0);
	assert_ptr_equal(part.payload, packet);
	assert_int_equal(part.payload_length, length);
	assert_int_equal(transport_sum(packet, IPPROTO_UDP, packet + 24, 8 + 333), 0xffff);
	assert_false(user_segments_next(&segments, &part));
}

/// Whatever the header says, nothing outside the packet is touched (a sanitizer watches).
static void nonsense_is_refused(void **state)
{
	struct user_segments segments;
	struct user_segment part;
	unsigned taken = 0;

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		struct virtio_net_hdr wild;
		size_t length = (size_t)(rand() % 120) + 1;
		uint8_t *copy = malloc(length);

		for (size_t j = 0; j < sizeof(wild); j++)
			((uint8_t *)&wild)[j] = (uint8_t)(rand() % (j < 2 ? 8 : 256));
		wild.csum_start = (uint16_t)(rand() % 100);
		wild.csum_offset = (uint16_t)(rand() % 30);
		wild.gso_size = (uint16_t)(rand() % 50);
		make(rand() & 1, rand() & 1 ? IPPROTO_TCP : IPPROTO_UDP, 60);
		memcpy(copy, packet, length);
		if (user_segments_start(&segments, &wild, ETHERNET, copy, length))
			for (taken++; user_segments_next(&segments, &part);)
				assert_true(part.payload + part.payload_length <= copy + length);
		free(copy);
	}
	assert_true(taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(super_packets_are_cut),
		cmocka_unit_test(single_packets_are_completed),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
