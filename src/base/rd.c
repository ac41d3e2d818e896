// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/rd.h"

struct rd rd_make(const uint8_t *data, size_t length)
{
	return (struct rd) { .data = data, .length = length };
}

bool rd_ok(const struct rd *rd)
{
	return !rd->failed;
}

size_t rd_left(const struct rd *rd)
{
	return rd->failed ? 0 : rd->length - rd->offset;
}

static void fail(struct rd *rd, bool rejected)
{
	if (rd->failed)
		return;
	rd->failed = true;
	rd->rejected = rejected;
	rd->failed_at = rd->offset;
}

void rd_fail(struct rd *rd)
{
	fail(rd, true);
}

/// The next `length` bytes, which the reader moves behind; NULL where they are not there.
static const uint8_t *take(struct rd *rd, size_t length)
{
	const uint8_t *bytes;

	if (rd->failed)
		return NULL;
	if (length > rd->length - rd->offset) {
		fail(rd, false);
		return NULL;
	}
	bytes = rd->data + rd->offset;
	rd->offset += length;
	return bytes;
}

uint8_t rd_u8(struct rd *rd)
{
	const uint8_t *b = take(rd, 1);

	return b ? b[0] : 0;
}

uint16_t rd_u16(struct rd *rd)
{
	const uint8_t *b = take(rd, 2);

	return b ? (uint16_t)(b[0] << 8 | b[1]) : 0;
}

uint32_t rd_u32(struct rd *rd)
{
	const uint8_t *b = take(rd, 4);

	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

const uint8_t *rd_bytes(struct rd *rd, size_t length)
{
	return length == 0 ? NULL : take(rd, length);
}

void rd_skip(struct rd *rd, size_t length)
{
	if (length != 0)
		take(rd, length);
}

struct addr rd_addr(struct rd *rd, size_t length, uint8_t family)
{
	bool fits = (length == 4 && family != ADDR_IPV6) || (length == 16 && family != ADDR_IPV4);
	const uint8_t *bytes;

	if (length != 0 && !fits)
		rd_fail(rd);
	bytes = rd_bytes(rd, length);
	return bytes ? addr_from_bytes(bytes, length) : (struct addr) { 0 };
}

struct rd rd_sub(struct rd *rd, size_t length)
{
	struct rd sub = *rd;

	rd_skip(rd, length);
	sub.length = rd->failed ? sub.offset : sub.offset + length;
	sub.failed = rd->failed;
	sub.failed_at = rd->failed_at;
	sub.rejected = rd->rejected;
	return sub;
}
