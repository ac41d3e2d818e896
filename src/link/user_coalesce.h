// SPDX-License-Identifier: GPL-2.0-or-later
/// Merges packets on their way into the TAP device of a user link: consecutive segments of a TCP connection,
/// or datagrams of a UDP flow, become one super-packet, as GRO of the kernel makes them. user_segment.h is
/// the inverse: what is merged here and cut there is the same packets, to the byte.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>

#include "base/attr.h"

#define USER_COALESCE_PACKETS 64

/// An IP packet, which belongs to the caller.
struct user_packet {
	uint64_t peer; ///< number of the peer that it came from
	uint16_t ethertype;
	uint8_t *bytes; ///< begins with the IP header
	size_t length;
};

/// A packet among those of its batch.
struct user_coalesce_slot {
	struct user_packet packet;
	size_t transport; ///< bytes before the TCP or UDP header
	size_t headers;   ///< bytes before the payload; 0: nothing that can be merged
	bool udp;
	bool merges;    ///< may be merged with others, if its checksums are right
	unsigned next;  ///< the slot that continues it; 0: none
	bool continues; ///< another slot leads on to it

	/* Of a slot that continues none. */
	bool open;       ///< others may follow
	bool verified;   ///< its checksums are right
	unsigned last;   ///< slot
	unsigned count;  ///< packets
	size_t payload;  ///< bytes of all
	size_t original; ///< bytes of all, with the headers that they had
};

/// The packets that came together. All zero but `udp` is empty.
struct user_coalesce {
	bool udp; ///< the device takes super-packets of UDP
	unsigned count, at;
	struct user_coalesce_slot slots[USER_COALESCE_PACKETS];
};

/// What goes into the device as one.
struct user_coalesced {
	uint64_t peer;
	uint16_t ethertype;
	unsigned count;  ///< packets; 1: it is as it came, and `header` is all zero
	size_t original; ///< bytes of all these packets, with the headers that they had
	/// For a frame with an Ethernet header before the packet.
	struct virtio_net_hdr header;
	struct iovec parts[USER_COALESCE_PACKETS]; ///< `count` of them; the first begins with the IP header
};

/// Adds a packet, whose bytes stay until the batch is done. False where the batch is full.
bool user_coalesce_add(struct user_coalesce *batch, const struct user_packet *packet) MUST_CHECK;
/// Takes out what goes into the device next; false, and the batch is empty, after the last. Packets of a flow
/// keep their order, and so do all that are no unfragmented TCP or UDP with everything before and after them.
/// Headers of merged packets are changed.
bool user_coalesce_next(struct user_coalesce *batch, struct user_coalesced *ret) MUST_CHECK;
