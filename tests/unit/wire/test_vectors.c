// SPDX-License-Identifier: GPL-2.0-or-later
// Packets of other implementations: the law encode(decode(x)) = x, and Cisco's authentication.
#include "capture.h"

#include "wire/nhrp_auth.h"
#include "wire/nhrp_msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define FLAGS_OFFSET 22 ///< unused in Error and Traffic Indications

static const struct nhrp_auth_key password = { .kind = NHRP_AUTH_CLEARTEXT, .length = 6, .key = "s3cr3t" };

/// What is in each capture, packet by packet, by type: R/r registration, Q/q resolution, P purge,
/// T Traffic Indication, E Error Indication (capital: request). All are canonical but for E: FRR leaves
/// its NAT flag (2) in the field that is unused there, where RFC 2332 section 5.2.7 wants zero, and its
/// checksum covers that.
static const struct {
	const char *name;
	const char *types;
	const char *authentic; ///< y: carries the password, or needs none (errors); n: does not
} captures[] = {
	{ "frr8-noauth-hub.pcap", "RrRrTTQQQQqqqqRrRr", "nnnnnnnnnnnnnnnnnn" },
	{ "frr8-noauth-s1.pcap", "RrTQQqqRr", "nnnnnnnnn" },
	{ "frr8-crafted-hub.pcap", "RrRrQQRrrP", "nnnnnnnnnn" },
	{ "frr10-auth-hub.pcap", "RrRrTTQQQQqqqqRrRr", "yyyyyyyyyyyyyyyyyy" },
	{ "frr10-auth-s1.pcap", "RrTQQqqRr", "yyyyyyyyy" },
	{ "frr10-badauth-hub.pcap", "RrRrREEEE", "yyyynyyyy" },
};

static const char *vectors_directory;

static char type_letter(uint8_t type)
{
	return type < NHRP_TYPES ? "?QqRrPpET"[type] : '?';
}

static void check_round_trip(const uint8_t *packet, size_t length, const struct nhrp_msg *msg)
{
	uint8_t expected[NHRP_MAX_PACKET], encoded[NHRP_MAX_PACKET];

	assert_in_range(length, 1, sizeof(expected));
	memcpy(expected, packet, length);
	if (msg->type == NHRP_ERROR_INDICATION) {
		assert_int_equal(expected[FLAGS_OFFSET + 1], NHRP_FLAG_NAT);
		expected[FLAGS_OFFSET + 1] = 0;
		nhrp_msg_seal(expected, length);
	}
	assert_int_equal(nhrp_msg_encode(msg, encoded, sizeof(encoded)), length);
	assert_memory_equal(encoded, expected, length);
}

static void check_capture(size_t index)
{
	char path[512];
	struct capture capture;
	struct nhrp_msg msg;
	const uint8_t *packet;
	size_t length = 0, count = 0;

	snprintf(path, sizeof(path), "%s/%s", vectors_directory, captures[index].name);
	assert_true(capture_open(path, &capture));
	for (; (packet = capture_next(&capture, 1, &length)); count++) {
		print_message("%s packet %zu\n", captures[index].name, count + 1);
		assert_int_equal(nhrp_msg_decode(packet, length, &msg, NULL), NHRP_DECODE_OK);
		assert_int_equal(type_letter(msg.type), captures[index].types[count]);
		check_round_trip(packet, length, &msg);
		assert_int_equal(nhrp_auth_verify(&msg, &password, packet, length),
			captures[index].authentic[count] == 'y');
	}
	assert_int_equal(count, strlen(captures[index].types));
	capture_done(&capture);
}

static void test_captures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(captures); i++)
		check_capture(i);
}

/// The first registration of FRR's first spoke, field by field.
static void test_fields(void **state)
{
	char path[512];
	struct capture capture;
	struct nhrp_msg msg;
	struct nhrp_cie cie;
	size_t length = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/frr10-auth-hub.pcap", vectors_directory);
	assert_true(capture_open(path, &capture));
	const uint8_t *packet = capture_next(&capture, 1, &length);
	assert_int_equal(nhrp_msg_decode(packet, length, &msg, NULL), NHRP_DECODE_OK);
	assert_int_equal(msg.type, NHRP_REGISTRATION_REQUEST);
	assert_int_equal(msg.hop_count, 1);
	assert_int_equal(msg.flags, NHRP_FLAG_NAT);
	assert_int_equal(msg.request_id, 1);
	assert_int_equal(addr_to_ipv4(msg.src_nbma), 0x0a000202);
	assert_int_equal(addr_to_ipv4(msg.src_protocol), 0x0aff0002);
	assert_int_equal(msg.cie_count, 1);
	assert_int_equal(msg.cies[0].prefix_length, 32);
	assert_int_equal(msg.cies[0].holding_time, 60);
	assert_false(addr_is_set(msg.cies[0].nbma));
	assert_int_equal(msg.extension_count, 5);
	assert_int_equal(msg.extensions[0].type, NHRP_EXT_FORWARD_TRANSIT);
	assert_true(msg.extensions[0].compulsory);
	const struct nhrp_ext *nat = nhrp_ext_find(&msg, NHRP_EXT_NAT_ADDRESS);
	assert_false(nat->compulsory);
	assert_int_equal(nhrp_ext_cies(nat, ADDR_IPV4, &cie, 1), 1);
	assert_int_equal(addr_to_ipv4(cie.nbma), 0x0a000102);
	assert_int_equal(nhrp_ext_find(&msg, NHRP_EXT_AUTHENTICATION)->length, 4 + 6);
	capture_done(&capture);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_fields),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s VECTORS-DIRECTORY\n", argv[0]);
		return 2;
	}
	vectors_directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
