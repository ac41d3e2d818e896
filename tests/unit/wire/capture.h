// SPDX-License-Identifier: GPL-2.0-or-later
/// The NHRP packets of a capture file: pcap, little-endian, of Ethernet, IPv4 and GRE.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct capture {
	uint8_t *data; ///< the whole file, owned
	size_t length;
	size_t offset;
};

/// False where the file cannot be read or is of another format.
bool capture_open(const char *path, struct capture *ret) MUST_CHECK;
/// The next NHRP packet with GRE key `key`, borrowed from the capture; NULL at the end. Other frames are
/// passed over.
const uint8_t *capture_next(struct capture *capture, uint32_t key, size_t *ret_length);
void capture_done(struct capture *capture);
