// SPDX-License-Identifier: GPL-2.0-or-later
/// A transit node's part: messages for others go on along the routed path (RFC 2332 sections 5.2 and
/// 5.3.2), one hop fewer, with our record in the transit extension, and not in circles.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"

struct iface;
struct nhrp_msg;

/// Passes `msg` on towards `destination`; `packet` is what it was decoded from, for an Error Indication.
void forward_message(struct iface *iface, const struct nhrp_msg *msg, struct addr destination,
	struct addr from, const uint8_t *packet, size_t length, struct mono now);
