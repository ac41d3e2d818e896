// SPDX-License-Identifier: GPL-2.0-or-later
/// The Internet checksum (RFC 1071) as a running sum, fast for long payloads.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Adds `length` bytes to a sum; all parts but the last have an even length.
uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length);
/// Adds a 16-bit number.
uint64_t checksum_add_u16(uint64_t sum, uint16_t number);
/// The checksum of what was added, host order, as it is written with checksum_write().
uint16_t checksum_finish(uint64_t sum);

static inline uint16_t checksum_read(const uint8_t *field)
{
	return (uint16_t)(field[0] << 8 | field[1]);
}

static inline void checksum_write(uint8_t *field, uint16_t number)
{
	field[0] = (uint8_t)(number >> 8);
	field[1] = (uint8_t)number;
}
