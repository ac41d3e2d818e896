// SPDX-License-Identifier: GPL-2.0-or-later
/// What no honest node does: messages of strangers, and sabotage, to show that the invariants notice.
#pragma once

#include "sim/host.h"

/// As the words of `sabotage`.
enum corruption { CORRUPT_COUNTER, CORRUPT_SHORTCUT, CORRUPT_TEMPORARY };

/// A registration of `protocol` from the NBMA address `from` comes to `server`; `is_signed`: with its key.
void forge_registration(struct host *server, struct addr from, struct addr protocol, bool is_signed);
void forge_neighbour(struct host *host, struct addr next_hop, struct addr nbma);
void forge_override(struct host *host, struct prefix prefix, struct addr next_hop);
/// The host's routing table loses a route without a word to the core.
void forge_unheard(struct host *host, struct prefix prefix);
void forge_corruption(struct host *host, enum corruption corruption);
