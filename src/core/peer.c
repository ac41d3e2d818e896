// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/iface.h"
#include "core/multicast.h"
#include "core/peer.h"
#include "core/protect.h"

struct peer *peer_find(const struct iface *iface, struct addr nbma)
{
	struct peer *peer;

	HASH_FIND(hh, iface->peers, &nbma, sizeof(nbma), peer);
	return peer;
}

struct peer *peer_get(struct iface *iface, struct addr nbma, struct mono now)
{
	struct peer *peer = peer_find(iface, nbma);

	if (peer)
		return peer;
	peer = alloc_zeroed(1, sizeof(*peer));
	peer->nbma = nbma;
	peer->iface = iface;
	peer->created = now;
	peer->unanswered_since = MONO_NEVER;
	peer->patience = PEER_PATIENCE_FIRST;
	HASH_ADD(hh, iface->peers, nbma, sizeof(peer->nbma), peer);
	emit_peer(iface, nbma, true);
	return peer;
}

bool peer_is_in_use(const struct peer *peer, int64_t window, struct mono now)
{
	if (window > 60 * MONO_SECOND)
		window = 60 * MONO_SECOND;
	return peer->last_sent.us != 0 && mono_between(peer->last_sent, now) <= window;
}

void peer_attach(struct peer *peer, struct binding *binding)
{
	binding->peer = peer;
	peer->binding_count++;
	DL_APPEND2(peer->bindings, binding, peer_prev, peer_next);
	protect_update(peer->iface, peer->nbma);
}

void peer_detach(struct binding *binding)
{
	struct peer *peer = binding->peer;
	struct iface *iface = peer->iface;

	binding->peer = NULL;
	peer->binding_count--;
	DL_DELETE2(peer->bindings, binding, peer_prev, peer_next);
	multicast_update(iface, peer->nbma);
	protect_update(iface, peer->nbma);
	if (peer->binding_count > 0)
		return;
	HASH_DEL(iface->peers, peer);
	protect_update(iface, peer->nbma);
	emit_peer(iface, peer->nbma, false);
	free(peer);
}
