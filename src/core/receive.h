// SPDX-License-Identifier: GPL-2.0-or-later
/// Every NHRP packet that comes in: decoded, authenticated, and given to whom it concerns.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"

struct iface;

void receive_packet(
	struct iface *iface, struct addr from, const uint8_t *packet, size_t length, struct mono now);
