// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/nhrp_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct nhrp_auth_key none = { .kind = NHRP_AUTH_NONE };
static const struct nhrp_auth_key cleartext = { .kind = NHRP_AUTH_CLEARTEXT, .length = 6, .key = "s3cr3t" };
static const struct nhrp_auth_key md5 = { .kind = NHRP_AUTH_HMAC_MD5, .length = 9, .key = "a longkey" };
static const struct nhrp_auth_key sha256 = { .kind = NHRP_AUTH_HMAC_SHA256, .length = 9, .key = "a longkey" };

static struct addr address(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(text, &addr));
	return addr;
}

static struct nhrp_msg make_message(void)
{
	struct nhrp_msg msg = {
		.type = NHRP_REGISTRATION_REQUEST,
		.hop_count = 255,
		.protocol_family = ADDR_IPV4,
		.src_nbma = address("198.51.100.1"),
		.src_protocol = address("10.0.0.1"),
		.dst_protocol = address("10.0.0.2"),
		.cie_count = 1,
		.cies[0] = { .prefix_length = 32, .holding_time = 600 },
	};

	assert_true(nhrp_ext_add(&msg, NHRP_EXT_RESPONDER, true, NULL, 0));
	return msg;
}

static size_t make_packet(const struct nhrp_auth_key *key, const char *source, uint8_t *packet)
{
	struct nhrp_msg msg = make_message();

	return nhrp_auth_encode(&msg, key, address(source), packet, NHRP_MAX_PACKET);
}

/// Does the packet decode and pass?
static bool passes(const uint8_t *packet, size_t length, const struct nhrp_auth_key *key)
{
	struct nhrp_msg msg;

	assert_int_equal(nhrp_msg_decode(packet, length, &msg, NULL), NHRP_DECODE_OK);
	return nhrp_auth_verify(&msg, key, packet, length);
}

static void test_each_key_against_each(void **state)
{
	static const struct nhrp_auth_key other = {
		.kind = NHRP_AUTH_HMAC_MD5, .length = 9, .key = "b longkey"
	};
	static const struct nhrp_auth_key longer = {
		.kind = NHRP_AUTH_CLEARTEXT, .length = 7, .key = "s3cr3t1"
	};
	static const struct nhrp_auth_key shorter = {
		.kind = NHRP_AUTH_CLEARTEXT, .length = 5, .key = "s3cr3"
	};
	const struct nhrp_auth_key *keys[] = { &none, &cleartext, &md5, &sha256, &other, &longer, &shorter };
	uint8_t packet[NHRP_MAX_PACKET];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t length = make_packet(keys[i], "10.0.0.1", packet);

		assert_int_not_equal(length, 0);
		for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
			assert_int_equal(passes(packet, length, keys[j]), i == j || keys[j] == &none);
	}
}

static void test_cisco_layout(void **state)
{
	static const uint8_t expected[] = { 0x80, 7, 0, 10, 0, 0, 0, 1, 's', '3', 'c', 'r', '3', 't', 0x80, 0,
		0, 0 };
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length = make_packet(&cleartext, "10.0.0.1", packet);

	(void)state;
	assert_memory_equal(packet + length - sizeof(expected), expected, sizeof(expected));
}

/// SPI, source address and digest, at the end of the packet but for End.
static void test_keyed_layout(void **state)
{
	static const uint8_t md5_head[] = { 0x80, 7, 0, 24, 0, 0, 1, 0, 10, 0, 0, 1 };
	static const uint8_t sha_head[] = { 0x80, 7, 0, 52, 0, 0, 1, 1, 0xfd };
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length;

	(void)state;
	length = make_packet(&md5, "10.0.0.1", packet);
	assert_memory_equal(packet + length - 4 - 28, md5_head, sizeof(md5_head));
	length = make_packet(&sha256, "fd00::1", packet);
	assert_memory_equal(packet + length - 4 - 56, sha_head, sizeof(sha_head));
	assert_true(passes(packet, length, &sha256));
}

static void test_every_byte_counts(void **state)
{
	const struct nhrp_auth_key *keys[] = { &md5, &sha256 };
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		for (size_t i = 0; i < NHRP_MAX_PACKET; i++) {
			size_t length = make_packet(keys[k], "10.0.0.1", packet);

			if (i >= length)
				break;
			if (i == NHRP_OFFSET_HOP_COUNT || i / 2 == NHRP_OFFSET_CHECKSUM / 2)
				continue;
			packet[i] ^= 0x20;
			nhrp_msg_seal(packet, length);
			if (nhrp_msg_decode(packet, length, &msg, NULL) == NHRP_DECODE_OK)
				assert_false(nhrp_auth_verify(&msg, keys[k], packet, length));
		}
	}
}

static void test_transit(void **state)
{
	const struct nhrp_auth_key *keys[] = { &cleartext, &md5, &sha256 };
	uint8_t packet[NHRP_MAX_PACKET], forwarded[NHRP_MAX_PACKET];
	struct nhrp_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t length = make_packet(keys[i], "10.0.0.1", packet);

		packet[NHRP_OFFSET_HOP_COUNT]--;
		nhrp_msg_seal(packet, length);
		assert_true(passes(packet, length, keys[i]));
		memset(packet + length, 0xaa, 8); // a trailer is no part of the packet
		assert_true(passes(packet, length + 8, keys[i]));

		// A transit node signs with its own address and key, in the place where the extension was.
		assert_int_equal(nhrp_msg_decode(packet, length, &msg, NULL), NHRP_DECODE_OK);
		assert_true(nhrp_ext_add(&msg, 300, false, NULL, 0));
		length = nhrp_auth_encode(&msg, &sha256, address("10.0.0.3"), forwarded, sizeof(forwarded));
		assert_true(passes(forwarded, length, &sha256));
		assert_int_equal(nhrp_msg_decode(forwarded, length, &msg, NULL), NHRP_DECODE_OK);
		assert_int_equal(msg.extension_count, 3);
		assert_int_equal(msg.extensions[1].type, NHRP_EXT_AUTHENTICATION);
	}
}

static void test_malformed_extension(void **state)
{
	static const uint8_t spi_md5[4 + 5 + 16] = { 0, 0, 1, 0 };
	const struct nhrp_auth_key *keys[] = { &cleartext, &md5, &sha256 };
	uint8_t packet[NHRP_MAX_PACKET];

	(void)state;
	for (size_t size = 0; size <= sizeof(spi_md5); size++) {
		struct nhrp_msg msg = make_message();

		assert_true(nhrp_ext_add(&msg, NHRP_EXT_AUTHENTICATION, true, spi_md5, size));
		size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			assert_false(passes(packet, length, keys[k]));
	}
}

static void test_without(void **state)
{
	struct nhrp_msg msg = make_message();
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));

	(void)state;
	assert_true(passes(packet, length, &none));
	assert_false(passes(packet, length, &cleartext));
	assert_false(passes(packet, length, &sha256));

	// Without a key an extension that is there goes.
	assert_true(nhrp_ext_add(&msg, NHRP_EXT_AUTHENTICATION, true, (const uint8_t *)"\0\0\0\1x", 5));
	assert_int_equal(nhrp_auth_encode(&msg, &none, address("10.0.0.1"), packet, sizeof(packet)), length);

	// No room in the list of extensions.
	nhrp_ext_remove(&msg, NHRP_EXT_AUTHENTICATION);
	while (msg.extension_count < NHRP_MAX_EXTENSIONS)
		assert_true(nhrp_ext_add(&msg, NHRP_EXT_VENDOR, false, NULL, 0));
	assert_int_equal(nhrp_auth_encode(&msg, &md5, address("10.0.0.1"), packet, sizeof(packet)), 0);

	msg = make_message();
	msg.type = NHRP_ERROR_INDICATION;
	length = nhrp_auth_encode(&msg, &md5, address("10.0.0.1"), packet, sizeof(packet));
	assert_int_equal(length, 40);
	assert_true(passes(packet, length, &md5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_against_each),
		cmocka_unit_test(test_cisco_layout),
		cmocka_unit_test(test_keyed_layout),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_transit),
		cmocka_unit_test(test_malformed_extension),
		cmocka_unit_test(test_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
