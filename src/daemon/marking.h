// SPDX-License-Identifier: GPL-2.0-or-later
/// Peers of protected tunnels that share an NBMA address: each SA has a mark. What is sent gets the mark of
/// the peer's SA (linux/marks.h), and a packet that came with one is from the peer whose SA has it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct daemon;
struct marking;
struct tunnel;

/// Do the SAs of this tunnel have marks?
bool marking_is_for(const struct tunnel *tunnel);
/// The tunnels of the configuration, or their sources, are others.
void marking_configure(struct daemon *daemon);
/// The link of the tunnel is open: it learns what is known.
void marking_on_link(struct tunnel *tunnel);
/// An NHRP packet came by the link: gives it to the core, as from the peer that it is from. What comes before
/// the news of its SA waits for that a moment.
void marking_receive(
	struct tunnel *tunnel, struct addr from, uint32_t mark, const uint8_t *packet, size_t length);
/// See struct ike_handler.
void marking_on_mark(void *owner, uint32_t iface, struct addr nbma, uint32_t mark, uint32_t mask);
void marking_on_forgotten(void *owner, uint32_t iface, struct addr nbma);
bool marking_place(void *owner, struct addr nbma, const char *identity, uint16_t *ret);
/// Forgets what waits.
void marking_done(struct daemon *daemon);
