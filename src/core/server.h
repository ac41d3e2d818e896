// SPDX-License-Identifier: GPL-2.0-or-later
/// The server's side: registrations of clients, and answers to resolutions that are ours to give.
#pragma once

#include "base/addr.h"
#include "base/mono.h"
#include "core/route.h"

struct iface;
struct nhrp_msg;

/// A Registration Request for us (RFC 2332 section 5.2.3), from the NBMA address `from`. Always replied to.
void server_on_registration(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now);
/// Answers a Resolution Request for something that is ours, or behind us, as `verdict` says.
void server_answer(struct iface *iface, const struct nhrp_msg *msg, const struct route_verdict *verdict,
	struct addr from, struct mono now);
/// Answers a Resolution Request with a negative code.
void server_deny(
	struct iface *iface, const struct nhrp_msg *msg, uint8_t code, struct addr from, struct mono now);
