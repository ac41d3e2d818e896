// SPDX-License-Identifier: GPL-2.0-or-later
/// Protected tunnels: strongSwan beside the core, and the seal that lets nothing pass in clear text.
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"

struct action;
struct daemon;
struct desired_item;
struct tunnel;

/// Seals the protected tunnels of the configuration, before any device is touched, and tells strongSwan.
bool protection_configure(struct daemon *daemon, struct err *err) MUST_CHECK;
/// The tunnel is about to send from this address, beside the one it has.
bool protection_before_source(struct tunnel *tunnel, struct err *err) MUST_CHECK;
/// The tunnel has this source now.
void protection_on_source(struct tunnel *tunnel);
/// An NHRP packet came from a peer.
void protection_heard(const struct tunnel *tunnel, struct addr from);
/// The core wants an SA, or not any more.
void protection_want(struct daemon *daemon, const struct desired_item *item);
/// ACTION_RENEW_SA
void protection_renew(struct daemon *daemon, const struct action *action);
/// Ends the SAs, at the end of the process; the tunnels are closed. With a successor they stay.
void protection_stop(struct daemon *daemon);
