// SPDX-License-Identifier: GPL-2.0-or-later
// Messages that we make: each type round, in both families, and each way in which a packet can be wrong.
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

static const uint8_t quoted[] = { 0x45, 0, 0, 28, 1, 2, 3, 4, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 7 };

/// A message of `type` that uses every field which the type has.
static struct nhrp_msg make_message(uint8_t type, uint8_t protocol_family, uint8_t nbma_family)
{
	bool ipv6 = protocol_family == ADDR_IPV6;
	struct nhrp_msg msg = {
		.type = type,
		.hop_count = 255,
		.protocol_family = protocol_family,
		.src_nbma = address(nbma_family == ADDR_IPV6 ? "2001:db8::1" : "198.51.100.1"),
		.src_protocol = address(ipv6 ? "fd00::1" : "10.0.0.1"),
		.dst_protocol = address(ipv6 ? "fd00::2" : "10.0.0.2"),
	};

	if (type == NHRP_ERROR_INDICATION) {
		msg.error_code = NHRP_ERROR_AUTHENTICATION_FAILURE;
		msg.error_offset = 52;
	}
	if (type == NHRP_ERROR_INDICATION || type == NHRP_TRAFFIC_INDICATION) {
		msg.payload = quoted;
		msg.payload_length = sizeof(quoted);
	} else {
		msg.flags = NHRP_FLAG_NAT | 0x8000;
		msg.request_id = 0x01020304;
		msg.cie_count = 2;
		msg.cies[0] = (struct nhrp_cie) { .prefix_length = 24,
			.holding_time = 600,
			.mtu = 1400,
			.nbma = msg.src_nbma,
			.protocol = msg.src_protocol };
		msg.cies[1] = (struct nhrp_cie) { .code = NHRP_CODE_NO_BINDING };
	}
	if (type != NHRP_ERROR_INDICATION) {
		assert_true(nhrp_ext_add(&msg, NHRP_EXT_FORWARD_TRANSIT, true, NULL, 0));
		assert_true(nhrp_ext_add(&msg, 300, false, quoted, 5));
	}
	return msg;
}

static void check_equal(const struct nhrp_msg *a, const struct nhrp_msg *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->hop_count, b->hop_count);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->request_id, b->request_id);
	assert_int_equal(a->protocol_family, b->protocol_family);
	assert_true(addr_equal(a->src_nbma, b->src_nbma));
	assert_true(addr_equal(a->src_nbma_sub, b->src_nbma_sub));
	assert_true(addr_equal(a->src_protocol, b->src_protocol));
	assert_true(addr_equal(a->dst_protocol, b->dst_protocol));
	assert_int_equal(a->error_code, b->error_code);
	assert_int_equal(a->error_offset, b->error_offset);
	assert_int_equal(a->traffic_code, b->traffic_code);
	assert_int_equal(a->cie_count, b->cie_count);
	assert_memory_equal(a->cies, b->cies, sizeof(a->cies));
	assert_int_equal(a->payload_length, b->payload_length);
	if (a->payload_length)
		assert_memory_equal(a->payload, b->payload, a->payload_length);
	assert_int_equal(a->extension_count, b->extension_count);
	for (size_t i = 0; i < a->extension_count; i++) {
		assert_int_equal(a->extensions[i].type, b->extensions[i].type);
		assert_int_equal(a->extensions[i].compulsory, b->extensions[i].compulsory);
		assert_int_equal(a->extensions[i].length, b->extensions[i].length);
		if (a->extensions[i].length)
			assert_memory_equal(
				a->extensions[i].data, b->extensions[i].data, a->extensions[i].length);
	}
}

static void test_every_type_and_family(void **state)
{
	static const uint8_t families[] = { ADDR_IPV4, ADDR_IPV6 };
	uint8_t packet[NHRP_MAX_PACKET];

	(void)state;
	for (uint8_t type = 1; type < NHRP_TYPES; type++) {
		for (size_t i = 0; i < 4; i++) {
			struct nhrp_msg msg = make_message(type, families[i % 2], families[i / 2]), read;
			size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));

			assert_int_not_equal(length, 0);
			assert_int_equal(nhrp_checksum(packet, length), 0);
			assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_OK);
			check_equal(&read, &msg);
			for (size_t shorter = 0; shorter < length; shorter++) {
				assert_int_equal(nhrp_msg_encode(&msg, packet, shorter), 0);
				assert_int_equal(
					nhrp_msg_decode(packet, shorter, &read, NULL), NHRP_DECODE_TRUNCATED);
			}
		}
	}
}

static void test_encode_refuses(void **state)
{
	uint8_t packet[4096];
	static uint8_t large[NHRP_MAX_PACKET];
	struct nhrp_msg msg = make_message(NHRP_RESOLUTION_REPLY, ADDR_IPV4, ADDR_IPV4);

	(void)state;
	msg.type = 9;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
	msg.type = 0;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
	msg.type = NHRP_RESOLUTION_REPLY;
	msg.protocol_family = ADDR_NONE;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
	msg.protocol_family = ADDR_IPV6;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
	msg = make_message(NHRP_RESOLUTION_REPLY, ADDR_IPV4, ADDR_IPV4);
	msg.cies[0].protocol = address("fd00::1");
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
	msg = make_message(NHRP_TRAFFIC_INDICATION, ADDR_IPV4, ADDR_IPV4);
	msg.payload = large;
	msg.payload_length = sizeof(large);
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 0);
}

/// An Error Indication never carries extensions; a Traffic Indication without any has no End either.
static void test_extension_part(void **state)
{
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg = make_message(NHRP_ERROR_INDICATION, ADDR_IPV4, ADDR_IPV4), read;

	(void)state;
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_RESPONDER, true, NULL, 0));
	size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));
	assert_int_equal(length, 20 + 20 + sizeof(quoted));
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_OK);
	assert_int_equal(read.extension_count, 0);
	msg = make_message(NHRP_TRAFFIC_INDICATION, ADDR_IPV4, ADDR_IPV4);
	msg.extension_count = 0;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 20 + 20 + sizeof(quoted));
	msg = make_message(NHRP_PURGE_REQUEST, ADDR_IPV4, ADDR_IPV4);
	msg.extension_count = 0;
	msg.cie_count = 1;
	assert_int_equal(nhrp_msg_encode(&msg, packet, sizeof(packet)), 20 + 20 + 20 + 4);
}

/// The packet that the next tests damage: 20 bytes fixed, 20 addresses, CIEs of 20 and 12, then at offset 72
/// extensions of 4, 9 and 4.
static size_t make_packet(uint8_t *packet)
{
	struct nhrp_msg msg = make_message(NHRP_RESOLUTION_REQUEST, ADDR_IPV4, ADDR_IPV4);
	size_t length = nhrp_msg_encode(&msg, packet, NHRP_MAX_PACKET);

	assert_int_equal(length, 72 + 17);
	return length;
}

static void test_damage(void **state)
{
	static const struct {
		const char *what;
		uint8_t offset, value;
		enum nhrp_decode_status status;
		size_t fault;
	} cases[] = {
		{ "nothing", 9, 255, NHRP_DECODE_OK, 0 },
		{ "another address family", 1, 3, NHRP_DECODE_BAD_FAMILY, 0 },
		{ "another protocol", 3, 6, NHRP_DECODE_BAD_FAMILY, 2 },
		{ "longer than it is", 11, 90, NHRP_DECODE_TRUNCATED, 10 },
		{ "shorter than a header", 11, 19, NHRP_DECODE_TRUNCATED, 10 },
		{ "version 0", 16, 0, NHRP_DECODE_BAD_VERSION, 16 },
		{ "type 0", 17, 0, NHRP_DECODE_BAD_TYPE, 17 },
		{ "type 9", 17, 9, NHRP_DECODE_BAD_TYPE, 17 },
		{ "NBMA address of 5 bytes", 18, 5, NHRP_DECODE_BAD_ADDRESS, 28 },
		{ "NBMA address of IPv6", 18, 16, NHRP_DECODE_BAD_ADDRESS, 28 },
		{ "subaddress of 1 byte", 19, 1, NHRP_DECODE_BAD_ADDRESS, 32 },
		{ "source of 3 bytes", 20, 3, NHRP_DECODE_BAD_ADDRESS, 32 },
		{ "destination of IPv6", 21, 16, NHRP_DECODE_BAD_ADDRESS, 36 },
		{ "CIE's protocol address of 2 bytes", 50, 2, NHRP_DECODE_BAD_ADDRESS, 56 },
		{ "second CIE has an address behind the end", 68, 4, NHRP_DECODE_TRUNCATED, 72 },
		{ "extensions within the header", 15, 16, NHRP_DECODE_BAD_EXTENSION, 14 },
		{ "extensions within the addresses", 15, 30, NHRP_DECODE_TRUNCATED, 28 },
		{ "extensions behind the end", 15, 90, NHRP_DECODE_BAD_EXTENSION, 14 },
		{ "extensions at the end, taken for a CIE", 15, 89, NHRP_DECODE_BAD_ADDRESS, 84 },
		{ "part of an extension, taken for a CIE", 15, 79, NHRP_DECODE_TRUNCATED, 78 },
		{ "extension longer than the packet", 79, 100, NHRP_DECODE_BAD_EXTENSION, 76 },
		{ "no End", 86, 7, NHRP_DECODE_BAD_EXTENSION, 89 },
	};
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t length = make_packet(packet), fault = 0;

		print_message("%s\n", cases[i].what);
		packet[cases[i].offset] = cases[i].value;
		// A packet that says it has another length has its checksum over that.
		nhrp_msg_seal(packet, packet[11] > length ? length : packet[11]);
		assert_int_equal(nhrp_msg_decode(packet, length, &msg, &fault), cases[i].status);
		if (cases[i].status != NHRP_DECODE_OK)
			assert_int_equal(fault, cases[i].fault);
		assert_int_not_equal(strlen(nhrp_decode_status_text(cases[i].status)), 0);
	}
}

static void test_checksum(void **state)
{
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg;

	(void)state;
	for (size_t bit = 0; bit < 89 * 8; bit++) {
		size_t length = make_packet(packet);

		packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(nhrp_msg_decode(packet, length, &msg, NULL), NHRP_DECODE_OK);
	}
}

/// FRR until June 2026 sums an odd last byte as the low half of a word. That byte is not zero where a
/// Traffic Indication quotes an odd number of bytes and has no extensions.
static void test_checksum_of_old_frr(void **state)
{
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg = make_message(NHRP_TRAFFIC_INDICATION, ADDR_IPV4, ADDR_IPV4), read;

	(void)state;
	msg.extension_count = 0;
	size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));
	assert_int_equal(length, 61);
	packet[length] = packet[length - 1]; // as if the odd byte stood in the second half
	packet[length - 1] = 0;
	nhrp_msg_seal(packet, length + 1);
	packet[length - 1] = packet[length];
	assert_int_not_equal(nhrp_checksum(packet, length), 0);
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_OK);
	packet[length - 1] ^= 1;
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_BAD_CHECKSUM);
}

static void test_liberal(void **state)
{
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg = make_message(NHRP_RESOLUTION_REQUEST, ADDR_IPV4, ADDR_IPV4), read;
	size_t length = make_packet(packet);

	(void)state;
	memset(packet + length, 0xaa, 20); // an Ethernet trailer
	assert_int_equal(nhrp_msg_decode(packet, length + 20, &read, NULL), NHRP_DECODE_OK);
	check_equal(&read, &msg);

	packet[length] = packet[length + 1] = 0; // something behind End
	packet[11] = (uint8_t)(length + 2);
	nhrp_msg_seal(packet, length + 2);
	assert_int_equal(nhrp_msg_decode(packet, length + 2, &read, NULL), NHRP_DECODE_OK);
	check_equal(&read, &msg);

	length = make_packet(packet); // 4 zero bytes between CIEs and extensions
	memmove(packet + 76, packet + 72, 17);
	memset(packet + 72, 0, 4);
	packet[11] += 4;
	packet[15] += 4;
	nhrp_msg_seal(packet, length + 4);
	assert_int_equal(nhrp_msg_decode(packet, length + 4, &read, NULL), NHRP_DECODE_OK);
	check_equal(&read, &msg);
	packet[73] = 1; // but not others
	nhrp_msg_seal(packet, length + 4);
	assert_int_equal(nhrp_msg_decode(packet, length + 4, &read, NULL), NHRP_DECODE_TRUNCATED);

	length = make_packet(packet); // a request without extension part
	packet[11] = 72;
	packet[15] = 0;
	nhrp_msg_seal(packet, 72);
	assert_int_equal(nhrp_msg_decode(packet, 72, &read, NULL), NHRP_DECODE_OK);
	assert_int_equal(read.extension_count, 0);
}

static void test_limits(void **state)
{
	static const uint8_t big[NHRP_MAX_PACKET + 1] = { [1] = 1,
		[2] = 8,
		[10] = (NHRP_MAX_PACKET + 1) >> 8,
		[11] = (NHRP_MAX_PACKET + 1) & 0xff,
		[16] = 1,
		[17] = 1 };
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg = make_message(NHRP_RESOLUTION_REPLY, ADDR_IPV4, ADDR_IPV4), read;
	size_t length;

	(void)state;
	assert_int_equal(nhrp_msg_decode(big, sizeof(big), &read, NULL), NHRP_DECODE_TOO_LARGE);
	msg.extension_count = 0;
	msg.cie_count = NHRP_MAX_CIES;
	length = nhrp_msg_encode(&msg, packet, sizeof(packet));
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_OK);
	assert_int_equal(read.cie_count, NHRP_MAX_CIES);
	packet[10] = 0; // one more CIE, in the place of the End extension, and no extensions
	length += 8;
	memset(packet + length - 12, 0, 12);
	packet[10] = (uint8_t)(length >> 8);
	packet[11] = (uint8_t)length;
	packet[14] = packet[15] = 0;
	nhrp_msg_seal(packet, length);
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_TOO_LARGE);

	msg = make_message(NHRP_RESOLUTION_REPLY, ADDR_IPV4, ADDR_IPV4);
	msg.extension_count = 0;
	for (int i = 0; i < NHRP_MAX_EXTENSIONS; i++)
		assert_true(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, NULL, 0)); // which may be repeated
	length = nhrp_msg_encode(&msg, packet, sizeof(packet));
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_OK);
	assert_int_equal(read.extension_count, NHRP_MAX_EXTENSIONS);
	memset(packet + length, 0, 4);
	packet[length - 3] = NHRP_EXT_VENDOR; // one more, then End
	packet[11] += 4;
	nhrp_msg_seal(packet, length + 4);
	assert_int_equal(nhrp_msg_decode(packet, length + 4, &read, NULL), NHRP_DECODE_TOO_LARGE);

	msg.extension_count = 2;
	msg.extensions[0].type = msg.extensions[1].type = NHRP_EXT_RESPONDER;
	length = nhrp_msg_encode(&msg, packet, sizeof(packet));
	assert_int_equal(nhrp_msg_decode(packet, length, &read, NULL), NHRP_DECODE_BAD_EXTENSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_and_family),
		cmocka_unit_test(test_encode_refuses),
		cmocka_unit_test(test_extension_part),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_checksum_of_old_frr),
		cmocka_unit_test(test_liberal),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
