// SPDX-License-Identifier: GPL-2.0-or-later
/// What the hosts share: a network that carries packets from one NBMA address to another, badly.
#pragma once

#include "network.h"

/// A data packet on its way.
struct datagram {
	struct addr source;
	struct addr destination;
	struct flow *flow;
	bool is_answer;
	size_t trail[MAX_TRAIL];
	size_t trail_count;
};

struct delivery {
	struct timer timer;
	struct addr from; ///< as the receiver sees it
	struct addr to;
	bool is_data;
	struct datagram data;
	size_t length;
	uint8_t packet[];
};

/// Sends an NHRP packet, or, where `data` is not NULL, that.
void underlay_send(
	struct host *host, struct addr to, const struct datagram *data, const uint8_t *packet, size_t length);
/// Hands over what is due.
void underlay_deliver(struct network *network);
/// Drops what is under way.
void underlay_done(struct network *network);
/// A data packet came in by the tunnel.
void data_arrive(struct host *host, struct addr from, const struct datagram *data);
/// A data packet is lost.
void data_lose(struct host *host, const struct datagram *data, enum loss why);
