// SPDX-License-Identifier: GPL-2.0-or-later
/// Security associations of a protected cloud: they take time, and fail.
#pragma once

#include "sim/host.h"

/// There is one to send to `nbma` with, or the network is not protected.
bool sa_is_up(struct host *host, struct addr nbma);
/// There is one that a packet from `nbma` came by, or the network is not protected.
bool sa_accepts(const struct host *host, struct addr nbma);
/// A negotiation ends.
void sa_on_timer(struct timer *timer);
