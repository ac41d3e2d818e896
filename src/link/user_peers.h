// SPDX-License-Identifier: GPL-2.0-or-later
/// The peers of a user link: who has an Ethernet address on the TAP device, and who receives multicast.
///
/// An Ethernet address is 02 and a 40-bit peer number. The number of an IPv4 peer is its address, so that a
/// neighbour table which outlived its daemon never leads to the wrong peer. Number 0 is ourselves.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "base/addr.h"
#include "link/link.h"

#define USER_MAC_SIZE 6

struct user_peer {
	uint64_t number; ///< the key
	struct addr nbma;
	bool neighbour;   ///< the neighbour table points to it
	bool receiver;    ///< of multicast
	bool destination; ///< of a point-to-point tunnel
	bool sent;        ///< since the last walk
	bool received;    ///< since the last walk
	struct link_counters counters;
	struct user_peer *active_prev, *active_next;
	struct user_peer *receiver_prev, *receiver_next;
	UT_hash_handle hh;
};

/// All zero is empty.
struct user_peers {
	struct user_peer *by_number;
	struct user_peer *active; ///< list of those with `sent` or `received`
	struct user_peer *receivers;
};

/// The number of a peer; 0 for an address that cannot have one.
uint64_t user_peers_number(struct addr nbma);
void user_peers_write_mac(uint64_t number, uint8_t mac[static USER_MAC_SIZE]);
/// The number in a unicast Ethernet address; 0 where it is not of our making.
uint64_t user_peers_read_mac(const uint8_t mac[static USER_MAC_SIZE]);

/// NULL where there is none.
struct user_peer *user_peers_find(const struct user_peers *peers, uint64_t number);
/// Finds or makes it; `nbma` has a number. A peer stays while it has a role: see user_peers_settle().
struct user_peer *user_peers_get(struct user_peers *peers, struct addr nbma);
void user_peers_set_receiver(struct user_peers *peers, struct user_peer *peer, bool receiver);
/// Frees the peer where it is neighbour, receiver and destination no more.
void user_peers_settle(struct user_peers *peers, struct user_peer *peer);
void user_peers_count_sent(struct user_peers *peers, struct user_peer *peer, size_t bytes);
void user_peers_count_received(struct user_peers *peers, struct user_peer *peer, size_t bytes);
/// Takes a peer off the list of the active; false where there is none.
bool user_peers_pop_active(
	struct user_peers *peers, struct addr *ret_nbma, bool *ret_sent, bool *ret_received);
void user_peers_done(struct user_peers *peers);
