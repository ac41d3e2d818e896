// SPDX-License-Identifier: GPL-2.0-or-later
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/rd.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

#define FILE_HEADER       24
#define MAGIC             0xd4c3b2a1 ///< as it reads in network order
#define FRAMES_ETHERNET   1
#define ETHERTYPE_IPV4    0x0800
#define PROTOCOL_GRE      47
#define MAX_CAPTURE_BYTES 1000000

static uint32_t swap(uint32_t value)
{
	return __builtin_bswap32(value);
}

bool capture_open(const char *path, struct capture *ret)
{
	FILE *file = fopen(path, "rb");
	struct rd rd;
	uint32_t magic;

	if (!file)
		return false;
	*ret = (struct capture) { .data = alloc_zeroed(1, MAX_CAPTURE_BYTES), .offset = FILE_HEADER };
	ret->length = fread(ret->data, 1, MAX_CAPTURE_BYTES, file);
	fclose(file);
	rd = rd_make(ret->data, ret->length);
	magic = rd_u32(&rd);
	rd_skip(&rd, 16);
	if (magic == MAGIC && swap(rd_u32(&rd)) == FRAMES_ETHERNET && rd_ok(&rd))
		return true;
	capture_done(ret);
	return false;
}

/// The NHRP packet in a frame; NULL where it holds something else.
static const uint8_t *unwrap(struct rd frame, uint32_t key, size_t *ret_length)
{
	struct gre_header gre;
	struct rd ip;
	size_t total, header_length, gre_length;
	const uint8_t *packet;

	rd_skip(&frame, 12);
	if (rd_u16(&frame) != ETHERTYPE_IPV4)
		return NULL;
	ip = frame;
	header_length = (size_t)(rd_u8(&ip) & 0xf) * 4;
	rd_skip(&ip, 1);
	total = rd_u16(&ip); // shorter than the rest where Ethernet pads
	rd_skip(&ip, 5);
	if (rd_u8(&ip) != PROTOCOL_GRE || total < header_length)
		return NULL;
	rd_skip(&frame, header_length);
	packet = rd_bytes(&frame, total - header_length);
	if (!packet)
		return NULL;
	gre_length = gre_read(packet, total - header_length, &gre);
	if (gre_length == 0 || gre.protocol != NHRP_ETHERTYPE || !gre.has_key || gre.key != key)
		return NULL;
	*ret_length = total - header_length - gre_length;
	return packet + gre_length;
}

const uint8_t *capture_next(struct capture *capture, uint32_t key, size_t *ret_length)
{
	for (;;) {
		struct rd rd = rd_make(capture->data, capture->length);
		struct rd frame;
		const uint8_t *packet;

		rd_skip(&rd, capture->offset + 8);
		uint32_t captured = swap(rd_u32(&rd));
		rd_skip(&rd, 4);
		frame = rd_sub(&rd, captured);
		if (!rd_ok(&rd))
			return NULL;
		capture->offset = rd.offset;
		packet = unwrap(frame, key, ret_length);
		if (packet)
			return packet;
	}
}

void capture_done(struct capture *capture)
{
	free(capture->data);
	*capture = (struct capture) { 0 };
}
