// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which NBMA address each neighbour of a link uses, as links were told. Nobody can ask a link for it, and a
// link is to hear when the last neighbour that uses an address is gone.
#ifndef DMVPN_LINUX_PLACED_H
#define DMVPN_LINUX_PLACED_H

#include "core/desired.h"

struct placed;
struct placed_use;

/// Zeroed but for `forget` and `owner` it is empty.
struct placed_table {
	/// Called when no neighbour of the interface uses the NBMA address any more.
	void (*forget)(void *owner, uint32_t iface, struct addr nbma);
	void *owner;
	struct placed *all;
	struct placed_use *uses;
};

/// Remembers a neighbour (an item of the kind DESIRED_NEIGHBOUR) with its NBMA address, in place of the one
/// it had, and that it is wanted. Returns whether the neighbour is new.
bool placed_set(struct placed_table *table, const struct desired_item *item);
/// Nothing where the neighbour is not there.
void placed_remove(struct placed_table *table, const struct desired_item *item);
/// Begins a look at all: what is not set again until placed_remove_unwanted is removed then.
void placed_want_none(struct placed_table *table);
void placed_remove_unwanted(struct placed_table *table);
/// Frees what the table holds, and tells nobody.
void placed_done(struct placed_table *table);

#endif
