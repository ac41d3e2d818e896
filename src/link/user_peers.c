// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/user_peers.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/alloc.h"

#define LOCALLY_ADMINISTERED 0x02

uint64_t user_peers_number(struct addr nbma)
{
	return addr_to_ipv4(nbma);
}

void user_peers_write_mac(uint64_t number, uint8_t mac[static USER_MAC_SIZE])
{
	mac[0] = LOCALLY_ADMINISTERED;
	for (int i = 1; i < USER_MAC_SIZE; i++)
		mac[i] = (uint8_t)(number >> (8 * (USER_MAC_SIZE - 1 - i)));
}

uint64_t user_peers_read_mac(const uint8_t mac[static USER_MAC_SIZE])
{
	uint64_t number = 0;

	if (mac[0] != LOCALLY_ADMINISTERED)
		return 0;
	for (int i = 1; i < USER_MAC_SIZE; i++)
		number = number << 8 | mac[i];
	return number;
}

struct user_peer *user_peers_find(const struct user_peers *peers, uint64_t number)
{
	struct user_peer *peer;

	HASH_FIND(hh, peers->by_number, &number, sizeof(number), peer);
	return peer;
}

struct user_peer *user_peers_get(struct user_peers *peers, struct addr nbma)
{
	uint64_t number = user_peers_number(nbma);
	struct user_peer *peer = user_peers_find(peers, number);

	if (!peer) {
		peer = alloc_zeroed(1, sizeof(*peer));
		peer->number = number;
		peer->nbma = nbma;
		HASH_ADD(hh, peers->by_number, number, sizeof(peer->number), peer);
	}
	return peer;
}

void user_peers_set_receiver(struct user_peers *peers, struct user_peer *peer, bool receiver)
{
	if (receiver && !peer->receiver)
		DL_APPEND2(peers->receivers, peer, receiver_prev, receiver_next);
	if (!receiver && peer->receiver)
		DL_DELETE2(peers->receivers, peer, receiver_prev, receiver_next);
	peer->receiver = receiver;
}

static bool is_active(const struct user_peer *peer)
{
	return peer->sent || peer->received;
}

static void activate(struct user_peers *peers, struct user_peer *peer)
{
	if (!is_active(peer))
		DL_APPEND2(peers->active, peer, active_prev, active_next);
}

void user_peers_settle(struct user_peers *peers, struct user_peer *peer)
{
	if (peer->neighbour || peer->receiver || peer->destination)
		return;
	if (is_active(peer))
		DL_DELETE2(peers->active, peer, active_prev, active_next);
	HASH_DEL(peers->by_number, peer);
	free(peer);
}

void user_peers_count_sent(struct user_peers *peers, struct user_peer *peer, size_t bytes)
{
	activate(peers, peer);
	peer->sent = true;
	peer->counters.sent_packets++;
	peer->counters.sent_bytes += bytes;
}

void user_peers_count_received(struct user_peers *peers, struct user_peer *peer, size_t bytes)
{
	activate(peers, peer);
	peer->received = true;
	peer->counters.received_packets++;
	peer->counters.received_bytes += bytes;
}

bool user_peers_pop_active(
	struct user_peers *peers, struct addr *ret_nbma, bool *ret_sent, bool *ret_received)
{
	struct user_peer *peer = peers->active;

	if (!peer)
		return false;
	DL_DELETE2(peers->active, peer, active_prev, active_next);
	*ret_nbma = peer->nbma;
	*ret_sent = peer->sent;
	*ret_received = peer->received;
	peer->sent = peer->received = false;
	return true;
}

void user_peers_done(struct user_peers *peers)
{
	struct user_peer *peer, *next;

	HASH_ITER(hh, peers->by_number, peer, next)
	{
		HASH_DEL(peers->by_number, peer);
		free(peer);
	}
	*peers = (struct user_peers) { 0 };
}
