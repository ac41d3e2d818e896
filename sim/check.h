// SPDX-License-Identifier: GPL-2.0-or-later
/// The invariants that are looked at from outside: see invariant.h for their names and reasons.
///
/// The cost does not grow with the network: after an input, the counters of the host alone; its tables once
/// it had as many inputs as they have entries; what it holds against the truth when either changed, and while
/// it is suspected. Everything is compared at the end.
#pragma once

#include "sim/underlay.h"

/// A host had an input.
void check_input(struct host *host);
/// A host's node was told the time.
void check_wake(struct host *host);
/// A second went by.
void check_second(struct network *network);
/// Everything, whatever changed.
void check_network(struct network *network);
/// A data packet came to a host by the tunnel.
void check_visit(struct host *host, const struct datagram *data);
/// A data packet is where it should be.
void check_arrival(struct host *host, const struct datagram *data);
/// A data packet is lost.
void check_loss(struct host *host, const struct datagram *data, enum loss why);
/// Frees what is suspected.
void check_done(struct network *network);
