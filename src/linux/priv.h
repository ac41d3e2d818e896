// SPDX-License-Identifier: GPL-2.0-or-later
/// What the process must be allowed to do, checked once at start.
#pragma once

#include <stdbool.h>

#include "base/err.h"

/// CAP_NET_ADMIN and CAP_NET_RAW are there and, where `with_tun`, /dev/net/tun can be used.
bool priv_check(bool with_tun, struct err *err) MUST_CHECK;
