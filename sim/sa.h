// SPDX-License-Identifier: GPL-2.0-or-later
/// Security associations of a protected cloud, as an IKE daemon keeps them: they take time, and fail.
#pragma once

#include "sim/host.h"

/// There is one to send to `nbma` with, or to take from it by, or the network is not protected.
bool sa_carries(const struct host *host, struct addr nbma);
/// What the core wants with the peer at `nbma`: an SA (made by us where `call`), or none any more.
void sa_want(struct host *host, struct addr nbma, bool wanted, bool call);
/// The peer is silent under its SA: another one is made.
void sa_renew(struct host *host, struct addr nbma);
/// A negotiation ends, or what follows.
void sa_on_timer(struct timer *timer);
/// The host has another address: its SAs are of no use any more, and what it calls is made anew from there.
/// The other sides do not know.
void sa_move(struct host *host);
/// The host forgets all of them: it stops.
void sa_forget(struct host *host);
