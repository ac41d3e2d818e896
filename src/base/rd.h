// SPDX-License-Identifier: GPL-2.0-or-later
/// A reader over bytes in network order. The first read beyond the end makes it fail for good: later
/// reads give zero, and `failed_at` tells the offset. Callers check rd_ok() once, at the end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct rd {
	const uint8_t *data; ///< borrowed
	size_t length;
	size_t offset;
	size_t failed_at;
	bool failed;
	bool rejected; ///< it failed by rd_fail(), not for want of bytes
};

struct rd rd_make(const uint8_t *data, size_t length);
bool rd_ok(const struct rd *rd) MUST_CHECK;
/// Bytes that are left; 0 after a failure.
size_t rd_left(const struct rd *rd);
uint8_t rd_u8(struct rd *rd);
uint16_t rd_u16(struct rd *rd);
uint32_t rd_u32(struct rd *rd);
/// `length` bytes, borrowed from the buffer; NULL on failure and for length 0.
const uint8_t *rd_bytes(struct rd *rd, size_t length);
void rd_skip(struct rd *rd, size_t length);
/// An address of `length` bytes, unset where that is 0; as by rd_fail() where the length is not that of
/// `family` (ADDR_NONE: of any).
struct addr rd_addr(struct rd *rd, size_t length, uint8_t family);
/// A reader of its own over the next `length` bytes, so that nested data cannot escape. Its offsets count
/// from the same start as those of `rd`; where the bytes are not there, both have failed.
struct rd rd_sub(struct rd *rd, size_t length);
/// Makes the reader fail here: the value just read is not acceptable.
void rd_fail(struct rd *rd);
