// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/gre.h"

#include "base/rd.h"
#include "base/wr.h"
#include "wire/nhrp_msg.h"

enum gre_flag {
	GRE_FLAG_CHECKSUM = 0x8000,
	GRE_FLAG_KEY = 0x2000,
	GRE_FLAG_SEQUENCE = 0x1000,
	/// Bits 1, 4 and 5, of RFC 1701's routing, which RFC 2784 section 2.3 has us discard, and the
	/// version.
	GRE_FLAGS_REFUSED = 0x4c07,
};

size_t gre_read(const uint8_t *packet, size_t length, struct gre_header *ret)
{
	struct rd rd = rd_make(packet, length);
	uint16_t flags = rd_u16(&rd);

	*ret = (struct gre_header) {
		.has_checksum = flags & GRE_FLAG_CHECKSUM,
		.has_key = flags & GRE_FLAG_KEY,
		.has_sequence = flags & GRE_FLAG_SEQUENCE,
	};
	ret->protocol = rd_u16(&rd);
	if (ret->has_checksum)
		rd_skip(&rd, 4);
	if (ret->has_key)
		ret->key = rd_u32(&rd);
	if (ret->has_sequence)
		rd_skip(&rd, 4);
	if (!rd_ok(&rd) || (flags & GRE_FLAGS_REFUSED))
		return 0;
	if (ret->has_checksum && nhrp_checksum(packet, length) != 0)
		return 0;
	return length - rd_left(&rd);
}

size_t gre_write(const struct gre_header *header, uint8_t buffer[static GRE_MAX_HEADER])
{
	struct wr wr = wr_make(buffer, GRE_MAX_HEADER);

	wr_u16(&wr, header->has_key ? GRE_FLAG_KEY : 0);
	wr_u16(&wr, header->protocol);
	if (header->has_key)
		wr_u32(&wr, header->key);
	return wr_finish(&wr);
}
