// SPDX-License-Identifier: GPL-2.0-or-later
/// The hosts' IP layer: data packets.
#pragma once

#include "sim/underlay.h"

/// Sends one data packet of a flow into the host's IP layer.
void data_send(struct host *host, struct flow *flow);
/// A data packet came in by the tunnel from the NBMA address `from`.
void data_arrive(struct host *host, struct addr from, const struct datagram *data);
/// A data packet is lost.
void data_lose(struct host *host, const struct datagram *data, enum loss why);
