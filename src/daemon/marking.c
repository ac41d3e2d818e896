// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/marking.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/cache.h"
#include "core/iface.h"
#include "core/node.h"
#include "core/peer.h"
#include "daemon/daemon.h"
#include "daemon/intake.h"
#include "daemon/protection.h"
#include "daemon/tunnel.h"
#include "ike/ike.h"
#include "link/link.h"
#include "link/marked.h"
#include "linux/guard.h"

#define EARLY_TIME  (1500 * MONO_MILLISECOND) ///< that a packet waits for news of its SA
#define EARLY_LIMIT 256

/// A packet under an SA that strongSwan has not told of yet.
struct early {
	struct early *prev, *next;
	uint32_t iface, mark;
	struct addr from;
	struct mono until;
	size_t length;
	uint8_t packet[];
};

bool marking_is_for(const struct tunnel *tunnel)
{
	return tunnel->config->protection.kind != PROTECTION_NONE &&
	       !addr_is_set(tunnel->nhrp->destination) && link_has_marks();
}

void marking_configure(struct daemon *daemon)
{
	struct marks_tunnel *tunnels = alloc_zeroed(daemon->tunnel_count + 1, sizeof(*tunnels));
	size_t count = 0;
	bool any = false;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		const struct tunnel *tunnel = daemon->tunnels[i];

		if (!marking_is_for(tunnel))
			continue;
		any = true;
		if (!addr_is_set(tunnel->nbma))
			continue;
		memcpy(tunnels[count].name, tunnel->nhrp->name, sizeof(tunnels[count].name));
		tunnels[count++].nbma = tunnel->nbma;
	}
	marks_set_tunnels(guard_marks(daemon->guard), tunnels, count);
	free(tunnels);
	if (!any)
		guard_remove_marks(daemon->guard);
}

static void tell_link(void *context, struct addr nbma, struct addr outer, uint32_t mark)
{
	struct tunnel *tunnel = context;

	marked_set(tunnel->link, nbma, outer, mark);
}

void marking_on_link(struct tunnel *tunnel)
{
	struct marks *marks = guard_marks(tunnel->daemon->guard);
	const struct iface *iface = node_iface(tunnel->daemon->node, tunnel->nhrp->id);

	marking_configure(tunnel->daemon);
	if (!tunnel->link || !marking_is_for(tunnel))
		return;
	// Those of before a restart are where they were, whose SAs will be known soon.
	for (const struct peer *peer = iface ? iface->peers : NULL; peer; peer = peer->hh.next) {
		if (peer->nbma.behind > 0)
			marks_set(marks, tunnel->nbma, peer->nbma, 0, 0);
	}
	marks_each(marks, tunnel->nbma, tell_link, tunnel);
}

bool marking_place(void *owner, struct addr nbma, const char *identity, uint16_t *ret)
{
	struct daemon *daemon = owner;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		const struct iface *iface = node_iface(daemon->node, daemon->tunnels[i]->nhrp->id);

		if (iface && cache_place_of(iface, nbma, identity, ret))
			return true;
	}
	return false;
}

static void give(struct tunnel *tunnel, struct addr from, const uint8_t *packet, size_t length)
{
	tunnel_tell_packet(tunnel, true, from, packet, length);
	protection_heard(tunnel, from);
	intake_add(tunnel->daemon->intake, tunnel->nhrp->id, from, packet, length);
}

static void drop(struct daemon *daemon, struct early *early)
{
	DL_DELETE(daemon->early, early);
	daemon->early_count--;
	free(early);
}

/// Gives what waited for this mark, and drops what waited too long.
static void look_at_early(struct daemon *daemon)
{
	struct mono now = daemon_now();
	struct early *early, *next;
	struct addr from;

	DL_FOREACH_SAFE(daemon->early, early, next)
	{
		struct tunnel *tunnel = daemon_tunnel(daemon, early->iface);

		if (tunnel && marks_find(guard_marks(daemon->guard), early->mark, early->from, &from))
			give(tunnel, from, early->packet, early->length);
		else if (mono_before(now, early->until))
			continue;
		drop(daemon, early);
	}
}

static void wait_for_news(
	struct tunnel *tunnel, struct addr from, uint32_t mark, const uint8_t *packet, size_t length)
{
	struct daemon *daemon = tunnel->daemon;
	struct early *early;

	look_at_early(daemon);
	if (daemon->early_count == EARLY_LIMIT) {
		node_on_overload(daemon->node, tunnel->nhrp->id, from, 1);
		return;
	}
	early = alloc_zeroed(1, sizeof(*early) + length);
	early->iface = tunnel->nhrp->id;
	early->mark = mark;
	early->from = from;
	early->until = mono_add(daemon_now(), EARLY_TIME);
	early->length = length;
	memcpy(early->packet, packet, length);
	DL_APPEND(daemon->early, early);
	daemon->early_count++;
}

void marking_receive(
	struct tunnel *tunnel, struct addr from, uint32_t mark, const uint8_t *packet, size_t length)
{
	const struct daemon *daemon = tunnel->daemon;

	if (mark == 0 || marks_find(guard_marks(daemon->guard), mark, from, &from) || !daemon->ike ||
		!ike_has_marks(daemon->ike, tunnel->nhrp->id))
		give(tunnel, from, packet, length);
	else
		wait_for_news(tunnel, from, mark, packet, length);
}

void marking_on_mark(void *owner, uint32_t iface, struct addr nbma, uint32_t mark, uint32_t mask)
{
	struct daemon *daemon = owner;
	struct tunnel *tunnel = daemon_tunnel(daemon, iface);
	struct addr outer;

	if (daemon->stopping || !tunnel || !tunnel->link || !marking_is_for(tunnel))
		return;
	outer = marks_set(guard_marks(daemon->guard), tunnel->nbma, nbma, mark, mask);
	marked_set(tunnel->link, nbma, outer, mark);
	if (mark && daemon->early) {
		look_at_early(daemon);
		intake_end(daemon->intake);
	}
}

void marking_on_forgotten(void *owner, uint32_t iface, struct addr nbma)
{
	struct daemon *daemon = owner;
	struct tunnel *tunnel = daemon_tunnel(daemon, iface);

	if (daemon->stopping || !tunnel || !tunnel->link || !marking_is_for(tunnel))
		return;
	marks_forget(guard_marks(daemon->guard), tunnel->nbma, nbma);
	marked_set(tunnel->link, nbma, (struct addr) { 0 }, 0);
}

void marking_done(struct daemon *daemon)
{
	struct early *early, *next;

	DL_FOREACH_SAFE(daemon->early, early, next)
	{
		drop(daemon, early);
	}
}
