// SPDX-License-Identifier: GPL-2.0-or-later
/// What the hosts share: a network that carries packets from one NBMA address to another, badly.
#pragma once

#include "sim/host.h"
#include "wire/nhrp_msg.h"

/// A data packet on its way.
struct datagram {
	struct addr source;
	struct addr destination;
	struct flow *flow;
	struct addr next_hop;      ///< that the last sender meant
	const struct host *sender; ///< the last one
	bool is_answer;
	size_t trail[MAX_TRAIL];
	size_t trail_count;
};

#define TAP_PACKETS 8

/// The last NHRP packets that were on their way, for whoever plays them again.
struct tap {
	struct {
		struct addr from; ///< as the receiver sees it
		struct addr to;
		size_t length;
		uint8_t packet[NHRP_MAX_PACKET];
	} kept[TAP_PACKETS];
	size_t count; ///< of all that went by
};

/// Sends an NHRP packet, or, where `data` is not NULL, that.
void underlay_send(
	struct host *host, struct addr to, const struct datagram *data, const uint8_t *packet, size_t length);
/// Hands over a delivery that is due.
void underlay_deliver(struct network *network, struct timer *timer);
/// A delivery that will not be.
void underlay_drop(struct timer *timer);
/// A packet from nowhere: as from `from`, whoever has that address.
void underlay_forge(
	struct network *network, struct addr from, struct addr to, const uint8_t *packet, size_t length);
/// Puts the host at an NBMA address: its own, or one of a port NAT that it shares. Who was there is there no
/// more.
void underlay_place(struct host *host, struct addr nbma, bool ports);
void underlay_unplace(struct host *host);
/// The host that has this NBMA address for itself, or NULL.
struct host *underlay_host_at(const struct network *network, struct addr nbma);
/// Packets pass between the two now, both ways, whoever begins: not so behind port NAT.
bool underlay_connects(const struct network *network, const struct host *a, const struct host *b);
