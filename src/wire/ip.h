// SPDX-License-Identifier: GPL-2.0-or-later
/// As much of IP headers as redirects need: who talks to whom.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct ip_header {
	struct addr src;
	struct addr dst;
	uint8_t protocol; ///< of IPv4, or the first next header of IPv6
};

/// Reads the header at the start of `packet`, which may be cut behind it. False where it is neither IPv4
/// nor IPv6, or is cut within the header.
bool ip_read(const uint8_t *packet, size_t length, struct ip_header *ret) MUST_CHECK;
