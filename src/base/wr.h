// SPDX-License-Identifier: GPL-2.0-or-later
/// A writer of bytes in network order into the caller's buffer. The first write that does not fit, or
/// value that does not fit its width, makes it fail for good. The bytes are had only by wr_finish(),
/// which tells.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct wr {
	uint8_t *data; ///< the caller's
	size_t capacity;
	size_t length;
	bool failed;
};

struct wr wr_make(uint8_t *buffer, size_t capacity);
/// Values are wider than their field so that one that does not fit is a failure, not a surprise.
void wr_u8(struct wr *wr, uint64_t value);
void wr_u16(struct wr *wr, uint64_t value);
void wr_u32(struct wr *wr, uint64_t value);
void wr_bytes(struct wr *wr, const void *bytes, size_t length);
void wr_zeros(struct wr *wr, size_t length);
/// The address's own bytes, 0, 4 or 16.
void wr_addr(struct wr *wr, struct addr addr);
/// Overwrites 16 bits at an offset that was written before.
void wr_set_u16(struct wr *wr, size_t offset, uint64_t value);
/// How much was written so far: the offset of what comes next.
size_t wr_length(const struct wr *wr);
/// The number of bytes written, or 0 where anything failed.
size_t wr_finish(const struct wr *wr) MUST_CHECK;
