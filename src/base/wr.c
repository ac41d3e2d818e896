// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/wr.h"

#include <string.h>

struct wr wr_make(uint8_t *buffer, size_t capacity)
{
	return (struct wr) { .data = buffer, .capacity = capacity };
}

/// Room for `length` more bytes; NULL where there is none.
static uint8_t *reserve(struct wr *wr, size_t length)
{
	uint8_t *bytes;

	if (wr->failed || length > wr->capacity - wr->length) {
		wr->failed = true;
		return NULL;
	}
	bytes = wr->data + wr->length;
	wr->length += length;
	return bytes;
}

/// The low `length` bytes of `value`, of which the rest has to be zero.
static void put_number(struct wr *wr, size_t length, uint64_t value)
{
	uint8_t *bytes = reserve(wr, length);

	if (!bytes)
		return;
	if (value >> (8 * length) != 0) {
		wr->failed = true;
		return;
	}
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
}

void wr_u8(struct wr *wr, uint64_t value)
{
	put_number(wr, 1, value);
}

void wr_u16(struct wr *wr, uint64_t value)
{
	put_number(wr, 2, value);
}

void wr_u32(struct wr *wr, uint64_t value)
{
	put_number(wr, 4, value);
}

void wr_bytes(struct wr *wr, const void *bytes, size_t length)
{
	uint8_t *room;

	if (length == 0)
		return;
	room = reserve(wr, length);
	if (room)
		memcpy(room, bytes, length);
}

void wr_zeros(struct wr *wr, size_t length)
{
	uint8_t *room;

	if (length == 0)
		return;
	room = reserve(wr, length);
	if (room)
		memset(room, 0, length);
}

void wr_addr(struct wr *wr, struct addr addr)
{
	wr_bytes(wr, addr.bytes, addr_size(addr));
}

void wr_set_u16(struct wr *wr, size_t offset, uint64_t value)
{
	if (wr->failed || offset > wr->length || wr->length - offset < 2 || value > UINT16_MAX) {
		wr->failed = true;
		return;
	}
	wr->data[offset] = (uint8_t)(value >> 8);
	wr->data[offset + 1] = (uint8_t)value;
}

size_t wr_length(const struct wr *wr)
{
	return wr->length;
}

size_t wr_finish(const struct wr *wr)
{
	return wr->failed ? 0 : wr->length;
}
