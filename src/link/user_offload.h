// SPDX-License-Identifier: GPL-2.0-or-later
/// What the kernel left undone in packets that reached the GRE socket of a user link, and must be told of
/// when they go on into the TAP device.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#include "base/attr.h"

/// Describes the frame of this packet, an Ethernet header before it, for a TAP device of that MTU: TCP or UDP
/// whose checksum is to be completed, TCP that is to be split again. All zero for everything else,
/// malformed packets and fragments included. False where the packet is several UDP datagrams merged, which
/// nobody can take apart any more.
bool user_offload(uint16_t ethertype, const uint8_t *packet, size_t length, uint16_t mtu,
	struct virtio_net_hdr *ret) MUST_CHECK;
