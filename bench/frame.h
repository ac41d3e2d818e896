// SPDX-License-Identifier: GPL-2.0-or-later
/// The frames of the load: Ethernet, IPv4 and GRE around NHRP or data.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/nhrp_auth.h"

#define FRAME_SIZE 2048

/// The Ethernet addresses of both ends of the wire.
extern const uint8_t frame_load_mac[6], frame_hub_mac[6];

/// A GRE packet with an NHRP message from an NBMA address to the hub, authenticated with `key` (NULL: not);
/// returns its length.
size_t frame_write_nhrp(uint8_t frame[static FRAME_SIZE], uint32_t from, const struct nhrp_msg *msg,
	const struct nhrp_auth_key *key);
/// A GRE packet with 64 bytes of UDP between two tunnel addresses; returns its length.
size_t frame_write_data(
	uint8_t frame[static FRAME_SIZE], uint32_t from, uint32_t source, uint32_t destination);

struct frame {
	uint32_t to;       ///< NBMA address
	uint16_t protocol; ///< in GRE
	const uint8_t *payload;
	size_t length;
};

/// Lets a socket hear packets alone that have one of `count` addresses, `first` and those after it, at an
/// offset. The kernel drops the others before they wake anybody. False, and errno, where it refuses.
bool frame_filter(int fd, uint32_t offset, uint32_t first, uint32_t count) MUST_CHECK;
/// Reads the outside of a frame; false where it is no GRE packet of ours.
bool frame_read(const uint8_t *frame, size_t length, struct frame *ret) MUST_CHECK;
