// SPDX-License-Identifier: GPL-2.0-or-later
/// What the process must be allowed to do, checked once at start.
#pragma once

#include <stdbool.h>

#include "base/err.h"

/// CAP_NET_ADMIN and CAP_NET_RAW are there.
bool priv_check(struct err *err) MUST_CHECK;
