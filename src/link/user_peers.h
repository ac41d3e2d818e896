// SPDX-License-Identifier: GPL-2.0-or-later
/// The peers of a user link: who has an Ethernet address on the TAP device, and who receives multicast.
///
/// An Ethernet address is 02 and a 40-bit peer number. The number of an IPv4 peer is its address, so that a
/// neighbour table which outlived its daemon never leads to the wrong peer. Number 0 is ourselves.
///
/// The control thread alone makes and ends peers. The threads of the datapath find and count them without a
/// lock: what it takes away is freed when none of them can still see it (user_readers).
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "link/groups.h"
#include "link/link.h"
#include "link/user_readers.h"

#define USER_MAC_SIZE 6

struct user_peer {
	struct user_retired retired; ///< first: see user_readers_retire()
	uint64_t number;             ///< the key
	struct addr nbma;
	uint32_t underlay; ///< the NBMA address, network order
	bool neighbour;    ///< the neighbour table points to it
	bool receiver;     ///< of multicast
	bool destination;  ///< of a point-to-point tunnel
	bool gone;         ///< has no role, and waits to be freed

	atomic_bool sent;     ///< since the last walk
	atomic_bool received; ///< since the last walk
	atomic_bool active;   ///< is on the list of the active
	_Atomic(struct user_peer *) active_next;
	_Atomic(struct user_peer *) receiver_next;
	struct user_peer *receiver_prev; ///< of the control thread
	atomic_uint_fast64_t sent_packets, sent_bytes;
	atomic_uint_fast64_t received_packets, received_bytes;
};

struct user_table;
struct user_groups;

/// All zero is empty.
struct user_peers {
	_Atomic(struct user_table *) table;
	_Atomic(struct user_peer *) active;
	_Atomic(struct user_peer *) receivers;
	_Atomic(struct user_groups *) groups;
	struct user_readers readers;
};

/// The number of a peer; 0 for an address that cannot have one.
uint64_t user_peers_number(struct addr nbma);
void user_peers_write_mac(uint64_t number, uint8_t mac[static USER_MAC_SIZE]);
/// The number in a unicast Ethernet address; 0 where it is not of our making.
uint64_t user_peers_read_mac(const uint8_t mac[static USER_MAC_SIZE]);

/// NULL where there is none. For readers too.
struct user_peer *user_peers_find(const struct user_peers *peers, uint64_t number);
/// The first receiver of multicast, NULL where there is none; `receiver_next` leads on. For readers too.
struct user_peer *user_peers_receivers(const struct user_peers *peers);
/// The groups that have receivers of their own; NULL where there is none. For readers too.
const struct groups *user_peers_groups(const struct user_peers *peers);
/// For readers too.
void user_peers_count_sent(
	struct user_peers *peers, struct user_peer *peer, uint64_t packets, uint64_t bytes);
void user_peers_count_received(
	struct user_peers *peers, struct user_peer *peer, uint64_t packets, uint64_t bytes);

/// Finds or makes it; `nbma` has a number. A peer stays while it has a role: see user_peers_settle().
struct user_peer *user_peers_get(struct user_peers *peers, struct addr nbma);
void user_peers_set_receiver(struct user_peers *peers, struct user_peer *peer, bool receiver);
/// Copies the groups, for the readers.
void user_peers_set_groups(struct user_peers *peers, const struct groups *groups);
/// Ends the peer where it is neighbour, receiver and destination no more; true where it ended.
bool user_peers_settle(struct user_peers *peers, struct user_peer *peer);
/// Walks over the peers that were counted since the last such walk.
void user_peers_each_active(struct user_peers *peers,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context);
/// Frees everything; no reader is left.
void user_peers_done(struct user_peers *peers);
