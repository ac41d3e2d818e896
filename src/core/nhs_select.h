// SPDX-License-Identifier: GPL-2.0-or-later
/// Which servers we register with: all of them, or of each cluster only as many of the best as
/// `max-connections` says. The others stand by.
#pragma once

#include "base/mono.h"

struct iface;

/// Judges anew who is connected: to be called when a server was declared down, came up, appeared or ended.
/// Starts those that are needed now, and leaves those that are needed no more.
void nhs_select(struct iface *iface, struct mono now);
