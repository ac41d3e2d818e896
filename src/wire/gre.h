// SPDX-License-Identifier: GPL-2.0-or-later
/// GRE headers (RFC 2784, RFC 2890): key, checksum and sequence number accepted, key written.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define GRE_MAX_HEADER 16

struct gre_header {
	bool has_key;
	bool has_checksum; ///< on reading: it was there, and right
	bool has_sequence;
	uint32_t key;
	uint16_t protocol; ///< Ethertype
};

/// Reads the header at the start of a GRE packet; returns its length in bytes, 0 where it is malformed,
/// of another version, with routing, or where its checksum is wrong.
size_t gre_read(const uint8_t *packet, size_t length, struct gre_header *ret) MUST_CHECK;
/// Writes flags, protocol and key (where `has_key`); returns 4 or 8.
size_t gre_write(const struct gre_header *header, uint8_t buffer[static GRE_MAX_HEADER]) MUST_CHECK;
