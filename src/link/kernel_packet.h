// SPDX-License-Identifier: GPL-2.0-or-later
/// The packet socket on a GRE device of the kernel: what it sends has the peer's NBMA address for a
/// link-layer address, so that it needs no neighbour.
#pragma once

#include <linux/if_packet.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

#define KERNEL_NBMA_SIZE 4 ///< bytes of a link-layer address of the device: IPv4

/// Opens a socket that does not block and receives the packets of an ethertype (host order) which arrive on
/// the device of this index, with their marks where the link has them. The caller closes it. -1 and `err` on
/// failure.
int kernel_packet_open(
	uint32_t device, const struct link_config *config, uint16_t ethertype, struct err *err) MUST_CHECK;
/// Where a packet goes by the device: to a peer, or, where `nbma` is not set, to the device's own
/// destination.
struct sockaddr_ll kernel_packet_address(uint32_t device, uint16_t ethertype, struct addr nbma);
/// Gives a socket buffers for what arrives in the tens of milliseconds that we may be busy.
void kernel_packet_set_buffers(int fd);
