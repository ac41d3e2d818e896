// SPDX-License-Identifier: GPL-2.0-or-later
/// `why ADDRESS`: the way of a packet to an address, step by step, in sentences.
#pragma once

#include <jansson.h>

#include "base/addr.h"

struct ctl_context;

/// The view dmvpn/why/1; the caller owns it.
json_t *why_view(const struct ctl_context *context, struct addr destination);
