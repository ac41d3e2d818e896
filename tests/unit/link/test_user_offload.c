// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "link/user_offload.h"

#define IPV4 0x0800
#define IPV6 0x86dd
#define TCP  6
#define UDP  17
#define MTU  1400

static uint8_t packet[65535];

static void put_u16(size_t at, size_t value)
{
	packet[at] = (uint8_t)(value >> 8);
	packet[at + 1] = (uint8_t)value;
}

/// As a kernel does it: the sum of the pseudo-header, not inverted.
static void put_unfinished(size_t addresses, size_t end, uint8_t protocol, size_t start, size_t length)
{
	size_t sum = protocol + (length - start);

	for (; addresses < end; addresses += 2)
		sum += (size_t)packet[addresses] << 8 | packet[addresses + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put_u16(start + (protocol == TCP ? 16 : 6), sum);
}

/// A packet with `options` bytes of IP options and an unfinished checksum.
static void make_ipv4(uint8_t protocol, size_t length, size_t options)
{
	memset(packet, 0x5a, sizeof(packet));
	memset(packet, 0, 20);
	packet[0] = (uint8_t)(0x45 + options / 4);
	put_u16(2, length);
	packet[9] = protocol;
	memcpy(packet + 12, (uint8_t[]) { 192, 168, 255, 254, 203, 0, 113, 7 }, 8);
	packet[20 + options + 12] = 0x80; /* TCP with twelve bytes of options */
	packet[20 + options + 13] = 0x10;
	put_unfinished(12, 20, protocol, 20 + options, length);
}

static void make_ipv6(uint8_t protocol, size_t length)
{
	memset(packet, 0x5a, sizeof(packet));
	packet[0] = 0x60;
	put_u16(4, length - 40);
	packet[6] = protocol;
	packet[40 + 12] = 0x50;
	packet[40 + 13] = 0x10;
	put_unfinished(8, 40, protocol, 40, length);
}

static struct virtio_net_hdr offload(uint16_t ethertype, size_t length)
{
	struct virtio_net_hdr result;

	assert_true(user_offload(ethertype, packet, length, MTU, &result));
	return result;
}

static void assert_untouched(uint16_t ethertype, size_t length)
{
	struct virtio_net_hdr got = offload(ethertype, length), zero = { 0 };

	assert_memory_equal(&got, &zero, sizeof(zero));
}

static void assert_checksum(struct virtio_net_hdr got, size_t start, size_t offset)
{
	assert_int_equal(got.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(got.csum_start, start);
	assert_int_equal(got.csum_offset, offset);
}

static void unfinished_checksums_are_found(void **state)
{
	struct virtio_net_hdr got;

	(void)state;
	make_ipv4(TCP, 100, 0);
	got = offload(IPV4, 100);
	assert_checksum(got, 14 + 20, 16);
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	make_ipv4(TCP, 101, 8);
	assert_checksum(offload(IPV4, 101), 14 + 28, 16);
	make_ipv4(UDP, 28, 0);
	assert_checksum(offload(IPV4, 28), 14 + 20, 6);
	make_ipv4(UDP, MTU, 0);
	assert_checksum(offload(IPV4, MTU), 14 + 20, 6);
	make_ipv6(TCP, 1001);
	assert_checksum(offload(IPV6, 1001), 14 + 40, 16);
	make_ipv6(UDP, 77);
	assert_checksum(offload(IPV6, 77), 14 + 40, 6);
}

static void complete_packets_are_left_alone(void **state)
{
	(void)state;
	make_ipv4(TCP, 100, 0);
	packet[20 + 16] ^= 1;
	assert_untouched(IPV4, 100);
	make_ipv4(UDP, 100, 0);
	put_u16(20 + 6, 0); /* none */
	assert_untouched(IPV4, 100);
	make_ipv6(TCP, 100);
	packet[40 + 16] ^= 1;
	assert_untouched(IPV6, 100);
	/* From a peer with a larger MTU. */
	make_ipv4(TCP, MTU + 50, 0);
	packet[20 + 16] ^= 1;
	assert_untouched(IPV4, MTU + 50);
	make_ipv4(UDP, MTU + 50, 0);
	packet[20 + 6] ^= 1;
	assert_untouched(IPV4, MTU + 50);
}

static void long_tcp_is_split(void **state)
{
	struct virtio_net_hdr got;

	(void)state;
	make_ipv4(TCP, MTU, 0);
	assert_int_equal(offload(IPV4, MTU).gso_type, VIRTIO_NET_HDR_GSO_NONE);
	make_ipv4(TCP, MTU + 1, 4);
	got = offload(IPV4, MTU + 1);
	assert_checksum(got, 14 + 24, 16);
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(got.gso_size, MTU - 24 - 32);
	assert_int_equal(got.hdr_len, 14 + 24 + 32);
	make_ipv4(TCP, 65535, 0);
	packet[20 + 13] |= 0x80;
	got = offload(IPV4, 65535);
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN);
	make_ipv6(TCP, 65535);
	got = offload(IPV6, 65535);
	assert_checksum(got, 14 + 40, 16);
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(got.gso_size, MTU - 40 - 20);
	assert_int_equal(got.hdr_len, 14 + 40 + 20);
}

static void long_udp_is_refused(void **state)
{
	struct virtio_net_hdr got;

	(void)state;
	make_ipv4(UDP, MTU + 1, 0);
	assert_false(user_offload(IPV4, packet, MTU + 1, MTU, &got));
	make_ipv6(UDP, 65535);
	assert_false(user_offload(IPV6, packet, 65535, MTU, &got));
}

static void the_rest_is_left_alone(void **state)
{
	struct virtio_net_hdr got;

	(void)state;
	make_ipv4(TCP, 100, 0);
	assert_untouched(0x8847, 100); /* MPLS */
	assert_untouched(IPV6, 100);
	assert_untouched(IPV4, 101); /* padding */
	for (size_t length = 0; length < 100; length++)
		assert_untouched(IPV4, length);
	packet[6] = 0x20; /* More Fragments */
	assert_untouched(IPV4, 100);
	packet[6] = 0;
	packet[7] = 1; /* a later fragment */
	assert_untouched(IPV4, 100);
	packet[6] = 0x40; /* Don't Fragment */
	packet[7] = 0;
	assert_checksum(offload(IPV4, 100), 14 + 20, 16);
	packet[0] = 0x44;
	assert_untouched(IPV4, 100);
	make_ipv4(1, 100, 0); /* ICMP */
	assert_untouched(IPV4, 100);
	make_ipv6(TCP, 100);
	for (size_t length = 0; length < 100; length++)
		assert_untouched(IPV6, length);
	packet[6] = 44; /* Fragment header */
	assert_untouched(IPV6, 100);

	/* The transport header is cut, or lies about its length. */
	make_ipv4(TCP, 39, 0);
	assert_untouched(IPV4, 39);
	make_ipv4(UDP, 27, 0);
	assert_untouched(IPV4, 27);
	make_ipv6(TCP, 59);
	assert_untouched(IPV6, 59);
	make_ipv4(TCP, MTU + 1, 0);
	packet[20 + 12] = 0x40;
	assert_untouched(IPV4, MTU + 1);
	packet[20 + 12] = 0x50;
	assert_true(user_offload(IPV4, packet, MTU + 1, 40, &got));
	assert_int_equal(got.gso_type, VIRTIO_NET_HDR_GSO_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unfinished_checksums_are_found),
		cmocka_unit_test(complete_packets_are_left_alone),
		cmocka_unit_test(long_tcp_is_split),
		cmocka_unit_test(long_udp_is_refused),
		cmocka_unit_test(the_rest_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
