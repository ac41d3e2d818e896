// SPDX-License-Identifier: GPL-2.0-or-later
/// The nftables table `inet dmvpn-marks`: what is sent to a peer gets the mark of the peer's SA, by which the
/// kernel tells SAs with one address apart. The link sends to a peer that shares its NBMA address by a
/// stand-in, an address of 127.212.0.0/16; the table puts the NBMA address in its place. What the table does
/// not know stays in the host.
///
/// Like the seal it stays when the process dies, as the devices and their neighbours do. This file keeps what
/// shall be in the table, and writes commands for nft; the guard runs them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define MARKS_TABLE "dmvpn-marks" ///< of family inet

struct marks;

/// A tunnel whose SAs have marks.
struct marks_tunnel {
	char name[16];    ///< the device
	struct addr nbma; ///< its source
};

struct marks *marks_new(void);
/// NULL does no harm.
void marks_free(struct marks *marks);
/// What is said of other sources is forgotten.
void marks_set_tunnels(struct marks *marks, const struct marks_tunnel *tunnels, size_t count);
/// What goes from our address `local` to the peer at `nbma` gets this mark, of which the bits in `mask` are
/// the SA's; 0: none now, though the peer has its stand-in. Returns where the link is to send to: the
/// stand-in, or `nbma`; unset where there are too many peers.
struct addr marks_set(struct marks *marks, struct addr local, struct addr nbma, uint32_t mark, uint32_t mask);
void marks_forget(struct marks *marks, struct addr local, struct addr nbma);
/// The peer that packets with this mark come from, if it is at `from`.
bool marks_find(const struct marks *marks, uint32_t mark, struct addr from, struct addr *ret);
/// Walks over the peers of a source.
void marks_each(const struct marks *marks, struct addr local,
	void (*visit)(void *context, struct addr nbma, struct addr outer, uint32_t mark), void *context);
/// The commands which bring the table up to date, all of it where `whole`; NULL: there is nothing to do. The
/// caller frees them, and runs them before the next call.
char *marks_commands(struct marks *marks, bool whole);
/// They failed: the table is not as it shall be, and the next ones are all of it.
void marks_failed(struct marks *marks);
