// SPDX-License-Identifier: GPL-2.0-or-later
/// Redirects, the start of every phase 3 shortcut: the hub tells the sender's side of a packet, which came
/// in by the cloud and leaves by it, that there is a shorter way; the spoke asks for it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"

struct iface;
struct nhrp_msg;

/// The hub's side: `packet` starts with the IP header.
void redirect_on_traffic(
	struct iface *in, const struct iface *out, const uint8_t *packet, size_t length, struct mono now);
/// The spoke's side: a Traffic Indication came from `from`.
void redirect_on_indication(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now);
/// Forgets the pairs redirected of late.
void redirect_done(struct iface *iface);
