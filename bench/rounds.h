// SPDX-License-Identifier: GPL-2.0-or-later
/// What a hub does at most, beside a canned echo server, in interleaved rounds: the machine's speed changes
/// from minute to minute, so that only neighbours in time can be compared.
#pragma once

#include "hub.h"

/// Measures the echo server, a hub that knows nobody, and its refreshes, options->rounds times, and tells the
/// medians. The last hub runs on, with all spokes registered; hub->echo and hub->refresh are set.
bool rounds_measure(struct hub *hub, struct err *err) MUST_CHECK;
