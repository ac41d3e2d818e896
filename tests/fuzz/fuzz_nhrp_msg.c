// SPDX-License-Identifier: GPL-2.0-or-later
// Everything that reads bytes of others in src/wire. Beside memory safety it checks the laws: what was
// decoded can be encoded, encoding that again gives the same bytes, and what was signed passes.
#include <stdlib.h>
#include <string.h>

#include "wire/gre.h"
#include "wire/ip.h"
#include "wire/nhrp_auth.h"
#include "wire/nhrp_msg.h"

#define END_SIZE 4 ///< the End extension, which encoding may add

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct nhrp_auth_key keys[] = {
	{ .kind = NHRP_AUTH_NONE },
	{ .kind = NHRP_AUTH_CLEARTEXT, .length = 6, .key = "s3cr3t" },
	{ .kind = NHRP_AUTH_HMAC_MD5, .length = 6, .key = "s3cr3t" },
	{ .kind = NHRP_AUTH_HMAC_SHA256, .length = 6, .key = "s3cr3t" },
};

static void require(bool law)
{
	if (!law)
		abort();
}

static void check_same(const struct nhrp_msg *a, const struct nhrp_msg *b)
{
	require(a->type == b->type && a->hop_count == b->hop_count && a->flags == b->flags);
	require(a->request_id == b->request_id && a->protocol_family == b->protocol_family);
	require(addr_equal(a->src_nbma, b->src_nbma) && addr_equal(a->src_nbma_sub, b->src_nbma_sub));
	require(addr_equal(a->src_protocol, b->src_protocol) && addr_equal(a->dst_protocol, b->dst_protocol));
	require(a->error_code == b->error_code && a->error_offset == b->error_offset);
	require(a->traffic_code == b->traffic_code);
	require(a->cie_count == b->cie_count && memcmp(a->cies, b->cies, sizeof(a->cies)) == 0);
	require(a->payload_length == b->payload_length);
	if (a->type != NHRP_ERROR_INDICATION)
		require(a->extension_count == b->extension_count);
}

static void check_round_trip(const struct nhrp_msg *msg, size_t packet_size)
{
	uint8_t first[NHRP_MAX_PACKET], second[NHRP_MAX_PACKET];
	struct nhrp_msg again;
	size_t length = nhrp_msg_encode(msg, first, sizeof(first));

	if (length == 0) {
		require(packet_size + END_SIZE > NHRP_MAX_PACKET);
		return;
	}
	require(nhrp_msg_decode(first, length, &again, NULL) == NHRP_DECODE_OK);
	check_same(msg, &again);
	require(nhrp_msg_encode(&again, second, sizeof(second)) == length);
	require(memcmp(first, second, length) == 0);
}

static void check_auth(const struct nhrp_msg *msg, const uint8_t *packet, size_t size)
{
	uint8_t made[NHRP_MAX_PACKET];
	struct nhrp_msg again;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		bool passes = nhrp_auth_verify(msg, &keys[i], packet, size);
		size_t length = nhrp_auth_encode(msg, &keys[i], msg->src_protocol, made, sizeof(made));

		require(passes || keys[i].kind != NHRP_AUTH_NONE);
		if (length == 0)
			continue;
		require(nhrp_msg_decode(made, length, &again, NULL) == NHRP_DECODE_OK);
		require(nhrp_auth_verify(&again, &keys[i], made, length));
	}
}

static void read_extensions(const struct nhrp_msg *msg)
{
	struct nhrp_cie cies[4];
	uint8_t data[NHRP_MAX_PACKET];

	for (size_t i = 0; i < msg->extension_count; i++) {
		const struct nhrp_ext *ext = &msg->extensions[i];
		int count = nhrp_ext_cies(ext, msg->protocol_family, cies, ARRAY_SIZE(cies));

		require(count >= -1 && count <= (int)ARRAY_SIZE(cies));
		require(nhrp_ext_append_cie(ext, &(struct nhrp_cie) { 0 }, data, sizeof(data)) <=
			sizeof(data));
		for (int c = 0; c < count; c++)
			require(nhrp_cie_prefix_bits(&cies[c], msg->protocol_family) <= 128);
	}
}

static void check_packet(const uint8_t *packet, size_t size)
{
	struct nhrp_msg msg;
	struct ip_header ip;
	size_t offset = 0;

	if (nhrp_msg_decode(packet, size, &msg, &offset) != NHRP_DECODE_OK) {
		require(offset <= size && msg.type < NHRP_TYPES);
		return;
	}
	check_round_trip(
		&msg, (size_t)packet[NHRP_OFFSET_PACKET_SIZE] << 8 | packet[NHRP_OFFSET_PACKET_SIZE + 1]);
	check_auth(&msg, packet, size);
	read_extensions(&msg);
	if (msg.payload_length != 0 && ip_read(msg.payload, msg.payload_length, &ip))
		require(addr_is_set(ip.src) && addr_is_set(ip.dst));
}

/// The same packet with a size and checksum that fit, so that random changes get beyond them.
static void check_repaired(const uint8_t *data, size_t size)
{
	uint8_t *packet;

	if (size < NHRP_FIXED_SIZE || size > NHRP_MAX_PACKET)
		return;
	packet = malloc(size);
	require(packet != NULL);
	memcpy(packet, data, size);
	packet[NHRP_OFFSET_PACKET_SIZE] = (uint8_t)(size >> 8);
	packet[NHRP_OFFSET_PACKET_SIZE + 1] = (uint8_t)size;
	nhrp_msg_seal(packet, size);
	check_packet(packet, size);
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gre_header gre;
	struct ip_header ip;

	check_packet(data, size);
	check_repaired(data, size);
	require(gre_read(data, size, &gre) <= size);
	if (ip_read(data, size, &ip))
		require(ip.src.family == ip.dst.family);
	return 0;
}
