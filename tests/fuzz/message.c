// SPDX-License-Identifier: GPL-2.0-or-later
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

void fuzz_require(bool law)
{
	if (!law)
		abort();
}

struct addr fuzz_protocol(const struct fuzz_choice *choice, struct rd *rd)
{
	uint8_t byte = rd_u8(rd);

	if (byte == 0xff)
		return (struct addr) { 0 };
	return byte < 128 ? choice->tunnel[byte % 8] : choice->behind[byte % 4];
}

struct addr fuzz_nbma(const struct fuzz_choice *choice, struct rd *rd)
{
	return choice->nbma[rd_u8(rd) % 8];
}

static void add_cies(const struct fuzz_choice *choice, struct nhrp_msg *msg, struct rd *rd)
{
	msg->cie_count = rd_u8(rd) % 4;
	for (uint8_t i = 0; i < msg->cie_count; i++) {
		static const uint8_t lengths[] = { 0, 32, 24, 16, 0xff, 8, 30, 1 };

		msg->cies[i] = (struct nhrp_cie) {
			.code = rd_u8(rd) % 4 ? 0 : 12,
			.prefix_length = lengths[rd_u8(rd) % ARRAY_SIZE(lengths)],
			.holding_time = rd_u8(rd),
			.nbma = fuzz_nbma(choice, rd),
			.protocol = fuzz_protocol(choice, rd),
			.preference = rd_u8(rd),
		};
	}
}

static void add_extensions(const struct fuzz_choice *choice, struct nhrp_msg *msg, struct rd *rd,
	uint8_t *space, size_t capacity)
{
	static const uint16_t types[] = { NHRP_EXT_RESPONDER, NHRP_EXT_FORWARD_TRANSIT,
		NHRP_EXT_REVERSE_TRANSIT, NHRP_EXT_NAT_ADDRESS, 0x123 };
	uint8_t which = rd_u8(rd);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct nhrp_cie cie = { .nbma = fuzz_nbma(choice, rd),
			.protocol = fuzz_protocol(choice, rd) };
		size_t length = which & 0x80 ? nhrp_ext_append_cie(NULL, &cie, space, capacity) : 0;

		if (which & 1U << i)
			fuzz_require(
				nhrp_ext_add(msg, types[i], which & 0x40, length ? space : NULL, length));
		space += length;
		capacity -= length;
	}
}

size_t fuzz_ip(const struct fuzz_choice *choice, struct rd *rd, uint8_t *buffer)
{
	struct addr src = fuzz_protocol(choice, rd), dst = fuzz_protocol(choice, rd);

	memset(buffer, 0, 20);
	buffer[0] = 0x45;
	memcpy(buffer + 12, src.bytes, 4);
	memcpy(buffer + 16, dst.bytes, 4);
	return 20 - rd_u8(rd) % 2;
}

const uint8_t *fuzz_raw(struct rd *rd, size_t *ret_length)
{
	size_t length = rd_u8(rd);

	*ret_length = length < rd_left(rd) ? length : rd_left(rd);
	return rd_bytes(rd, *ret_length);
}

size_t fuzz_message(const struct fuzz_choice *choice, struct rd *rd, uint8_t packet[static NHRP_MAX_PACKET])
{
	uint8_t payload[20], space[512];
	struct nhrp_msg msg = {
		.type = (uint8_t)(1 + rd_u8(rd) % 8),
		.hop_count = rd_u8(rd),
		.protocol_family = ADDR_IPV4,
		.request_id = choice->request_id - rd_u8(rd) % 16,
		.src_nbma = fuzz_nbma(choice, rd),
		.src_protocol = fuzz_protocol(choice, rd),
		.dst_protocol = fuzz_protocol(choice, rd),
	};

	if (msg.type == NHRP_ERROR_INDICATION || msg.type == NHRP_TRAFFIC_INDICATION) {
		msg.payload = payload;
		msg.payload_length = fuzz_ip(choice, rd, payload);
	} else {
		msg.flags = (uint16_t)(rd_u8(rd) << 8 | 2);
		add_cies(choice, &msg, rd);
	}
	if (msg.type != NHRP_ERROR_INDICATION)
		add_extensions(choice, &msg, rd, space, sizeof(space));
	return nhrp_auth_encode(&msg, &choice->key, msg.src_protocol, packet, NHRP_MAX_PACKET);
}
