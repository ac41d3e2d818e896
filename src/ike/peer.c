// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"

static struct ike_peer_key key_make(const char *base, struct addr nbma)
{
	struct ike_peer_key key;

	memset(&key, 0, sizeof(key));
	snprintf(key.base, sizeof(key.base), "%s", base);
	key.nbma = nbma;
	return key;
}

struct ike_peer *ike_peer_find(const struct ike_peers *peers, const char *base, struct addr nbma)
{
	struct ike_peer_key key = key_make(base, nbma);
	struct ike_peer *peer;

	HASH_FIND(hh, peers->peers, &key, sizeof(key), peer);
	return peer;
}

struct ike_peer *ike_peer_get(struct ike_peers *peers, const char *base, struct addr nbma, struct mono now)
{
	struct ike_peer *peer = ike_peer_find(peers, base, nbma);

	if (peer)
		return peer;
	peer = alloc_zeroed(1, sizeof(*peer));
	peer->key = key_make(base, nbma);
	peer->unwanted = now;
	HASH_ADD(hh, peers->peers, key, sizeof(peer->key), peer);
	return peer;
}

void ike_peer_set_state(struct ike_peers *peers, struct ike_peer *peer, enum ike_peer_state state)
{
	if (peer->state != PEER_CALLING && state == PEER_CALLING)
		DL_APPEND2(peers->calls, peer, prev_call, next_call);
	if (peer->state == PEER_CALLING && state != PEER_CALLING)
		DL_DELETE2(peers->calls, peer, prev_call, next_call);
	peer->state = state;
}

void ike_peer_set_due(struct ike_peers *peers, struct ike_peer *peer)
{
	if (!peer->due)
		DL_APPEND2(peers->due, peer, prev_due, next_due);
	peer->due = true;
}

static void leave_due(struct ike_peers *peers, struct ike_peer *peer)
{
	if (peer->due)
		DL_DELETE2(peers->due, peer, prev_due, next_due);
	peer->due = false;
}

struct ike_peer *ike_peer_take_due(struct ike_peers *peers)
{
	struct ike_peer *peer = peers->due;

	if (peer)
		leave_due(peers, peer);
	return peer;
}

void ike_peer_free(struct ike_peers *peers, struct ike_peer *peer)
{
	ike_peer_set_state(peers, peer, PEER_DOWN);
	leave_due(peers, peer);
	HASH_DEL(peers->peers, peer);
	free(peer);
}

enum ike_want ike_peer_want(const struct ike_peer *peer)
{
	enum ike_want strongest = IKE_UNWANTED;

	for (unsigned i = 0; i < peer->want_count; i++) {
		if (peer->wants[i].want > strongest)
			strongest = peer->wants[i].want;
	}
	return strongest;
}

bool ike_peer_wants_call(const struct ike_peer *peer)
{
	enum ike_want want = ike_peer_want(peer);

	// Of several peers behind one address only the peer itself can say which one it is.
	return peer->key.nbma.behind == 0 && (want == IKE_CALL || (want == IKE_KEEP && peer->recall));
}

bool ike_peer_set_want(struct ike_peer *peer, uint32_t iface, enum ike_want want, struct mono now)
{
	unsigned i = 0;

	while (i < peer->want_count && peer->wants[i].iface != iface)
		i++;
	if (i == peer->want_count && want != IKE_UNWANTED) {
		if (peer->want_count == PEER_WANTS_MAX)
			return false;
		peer->wants[peer->want_count++].iface = iface;
	}
	if (i < peer->want_count && want == IKE_UNWANTED)
		peer->wants[i] = peer->wants[--peer->want_count];
	else if (i < peer->want_count)
		peer->wants[i].want = want;
	peer->was_wanted |= peer->want_count > 0;
	if (peer->want_count > 0 && !mono_is_never(peer->unwanted))
		peer->wanted = now;
	if (peer->want_count > 0)
		peer->unwanted = MONO_NEVER;
	else if (mono_is_never(peer->unwanted))
		peer->unwanted = now;
	return true;
}
