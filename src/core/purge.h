// SPDX-License-Identifier: GPL-2.0-or-later
/// Purge Requests from others (RFC 2332 section 5.2.5).
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/mono.h"

struct iface;
struct nhrp_msg;

/// Drops what the request names and its sender may withdraw, and acknowledges it. `passed_on`: it came by
/// another node.
void purge_on_request(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, bool passed_on, struct mono now);
