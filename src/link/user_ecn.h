// SPDX-License-Identifier: GPL-2.0-or-later
/// The type of service of a tunnel's packets: what the outer header takes over from the inner one, and how a
/// congestion mark on the outer one reaches the inner one (RFC 6040, normal mode).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/// The type of service, or traffic class, of an IP packet; 0 for anything else.
uint8_t user_ecn_inner(uint16_t ethertype, const uint8_t *packet, size_t length);
/// Combines the outer type of service with that of the packet, in place (RFC 6040 section 4.2). False where
/// the packet must be dropped: it was marked as congested, and its sender does not know marks.
bool user_ecn_decapsulate(uint8_t outer, uint16_t ethertype, uint8_t *packet, size_t length) MUST_CHECK;
