// SPDX-License-Identifier: GPL-2.0-or-later
/// What the kernel leaves to us in packets that come out of the TAP device of a user link: to complete the
/// checksum of TCP and UDP, and to cut a super-packet into segments that fit the tunnel.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#include "base/attr.h"

#define USER_SEGMENT_HEADERS 160 ///< bytes: IPv4 with options, or IPv6 with extension headers, and TCP

/// Packets of one super-packet, or the one packet that it is. The packet belongs to the caller and must stay
/// until the last segment was used.
struct user_segments {
	uint8_t *packet; ///< begins with its IP header
	size_t length;
	size_t headers; ///< bytes that each segment has of its own
	size_t size;    ///< bytes of payload in each but the last; 0: one packet, whole
	size_t transport;
	bool ipv6;
	bool udp;
	size_t at;      ///< where the next payload begins
	unsigned index; ///< of the next segment
};

struct user_segment {
	uint8_t headers[USER_SEGMENT_HEADERS];
	size_t headers_length;
	const uint8_t *payload; ///< in the packet
	size_t payload_length;
};

/// Begins with a packet that was read from the device after `header`, whose offsets count from `before` bytes
/// ahead of the packet (the Ethernet header). Completes the checksum of a packet that needs no cutting, in
/// place. False where the header makes no sense.
bool user_segments_start(struct user_segments *segments, const struct virtio_net_hdr *header, size_t before,
	uint8_t *packet, size_t length) MUST_CHECK;
/// The next segment with its headers finished; false after the last.
bool user_segments_next(struct user_segments *segments, struct user_segment *ret) MUST_CHECK;
