// SPDX-License-Identifier: GPL-2.0-or-later
/// A binding that resolution found is refreshed in the last part of its life if data went to it shortly
/// before, and ends otherwise; a registered one lives as long as its client renews it.
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/message.h"
#include "core/multicast.h"
#include "core/node.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "core/timers.h"

/// Seconds that a temporary binding lasts; where it is still needed, the kernel asks again.
#define TEMPORARY_LIFETIME 180

struct binding *cache_find(const struct iface *iface, struct addr protocol)
{
	struct binding *binding;

	HASH_FIND(hh, iface->bindings, &protocol, sizeof(protocol), binding);
	return binding;
}

/// How many there are of a type that remote parties can make grow; NULL for the configured ones.
static uint32_t *count_of(struct iface *iface, enum binding_type type)
{
	switch (type) {
	case BINDING_TEMPORARY:
	case BINDING_CACHED:
		return &iface->cached_count;
	case BINDING_DYNAMIC:
		return &iface->dynamic_count;
	case BINDING_NHS:
	case BINDING_STATIC:
		break;
	}
	return NULL;
}

static void count(const struct binding *binding, int by)
{
	uint32_t *limited = count_of(binding->iface, binding->type);

	if (limited)
		*limited += (uint32_t)by;
	binding->iface->binding_counts[binding->type][binding->secured] += (uint32_t)by;
}

static bool has_room(const struct iface *iface, enum binding_type type)
{
	const struct limits_config *limits = &iface->config->limits;

	switch (type) {
	case BINDING_TEMPORARY:
	case BINDING_CACHED:
		return iface->cached_count < limits->cached;
	case BINDING_DYNAMIC:
		return iface->dynamic_count < limits->registrations;
	case BINDING_NHS:
	case BINDING_STATIC:
		break;
	}
	return true;
}

static struct desired_item neighbour_of(const struct binding *binding)
{
	return (struct desired_item) {
		.kind = DESIRED_NEIGHBOUR,
		.iface = binding->iface->config->id,
		.prefix = prefix_host(binding->protocol),
		.nbma = binding->peer->nbma,
	};
}

/// Is it to be used now? One that resolution found waits for the SA with its peer; and where somebody else
/// came up in the place of its owner, it waits for the owner.
static bool is_usable(const struct binding *binding)
{
	const char *there = protect_identity(binding->iface, binding->peer->nbma);

	if (binding->type == BINDING_CACHED && !protect_is_up(binding->iface, binding->peer->nbma))
		return false;
	return binding->type > BINDING_DYNAMIC || !there || !cache_is_anothers(binding, there);
}

/// Tells `desired` where packets for the binding go: to its peer, or else by the server.
static void place(const struct binding *binding)
{
	const struct nhs *server = nhs_active(binding->iface);
	struct desired_item item = neighbour_of(binding);

	if (!binding->has_neighbour)
		return;
	if (!is_usable(binding))
		item.nbma = server && binding->type < BINDING_DYNAMIC ? server->nbma : (struct addr) { 0 };
	if (addr_is_set(item.nbma))
		desired_set(&binding->iface->node->desired, &item);
	else
		desired_clear(&binding->iface->node->desired, &item);
}

static void tell(const struct binding *binding, enum event_type type, const char *reason)
{
	emit_event(binding->iface->node, &(struct event) {
						 .type = type,
						 .iface = binding->iface->config->id,
						 .protocol = binding->protocol,
						 .nbma = binding->peer->nbma,
						 .reason = reason,
					 });
}

static struct mono lifetime_fraction(const struct binding *binding, int tenths)
{
	int64_t life = mono_between(binding->updated, binding->expires);

	return mono_add(binding->updated, life / 10 * tenths);
}

/// Arms the timer for the next moment at which something must be decided.
static void arm(struct binding *binding)
{
	struct timerq *timers = &binding->iface->node->timers;

	if (mono_is_never(binding->expires))
		timerq_disarm(timers, &binding->timer);
	else if (binding->type == BINDING_CACHED)
		timerq_arm(timers, &binding->timer, lifetime_fraction(binding, 7));
	else
		timerq_arm(timers, &binding->timer, binding->expires);
}

static void set_expiry(struct binding *binding, struct mono now)
{
	switch (binding->type) {
	case BINDING_TEMPORARY:
		binding->expires = mono_add(now, TEMPORARY_LIFETIME * MONO_SECOND);
		break;
	case BINDING_CACHED:
	case BINDING_DYNAMIC:
		binding->expires = mono_add(now, binding->holding_time * MONO_SECOND);
		break;
	case BINDING_NHS:
	case BINDING_STATIC:
		binding->expires = MONO_NEVER;
		break;
	}
}

static struct binding *make(
	struct iface *iface, struct addr protocol, enum binding_type type, struct mono now)
{
	struct binding *binding;

	if (!has_room(iface, type)) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return NULL;
	}
	binding = alloc_zeroed(1, sizeof(*binding));
	binding->protocol = protocol;
	binding->iface = iface;
	binding->type = type;
	binding->created = now;
	binding->timer.kind = TIMER_BINDING;
	count(binding, +1);
	HASH_ADD(hh, iface->bindings, protocol, sizeof(binding->protocol), binding);
	return binding;
}

static void change_type(struct binding *binding, enum binding_type type, struct mono now)
{
	count(binding, -1);
	binding->type = type;
	count(binding, +1);
	binding->created = now;
}

void cache_make_nhs(struct binding *binding)
{
	change_type(binding, BINDING_NHS, binding->created);
}

/// Takes note of whether packets to the peer are protected as they should be.
static void judge_secured(struct binding *binding)
{
	count(binding, -1);
	binding->secured = protect_is_up(binding->iface, binding->peer->nbma);
	count(binding, +1);
}

void cache_on_protection(struct iface *iface)
{
	struct binding *binding;

	for (binding = iface->bindings; binding; binding = binding->hh.next)
		judge_secured(binding);
}

static void change_peer(struct binding *binding, struct addr nbma, struct mono now)
{
	if (binding->peer && addr_equal(binding->peer->nbma, nbma))
		return;
	if (binding->peer)
		peer_detach(binding);
	peer_attach(peer_get(binding->iface, nbma, now), binding);
	judge_secured(binding);
}

/// What an operator wants to know of a binding that is new, or of a new kind or place.
static void tell_change(const struct binding *binding, bool is_new, bool moved)
{
	switch (binding->type) {
	case BINDING_DYNAMIC:
		if (is_new)
			tell(binding, EVENT_PEER_UP, NULL);
		else if (moved)
			tell(binding, EVENT_PEER_MOVED, NULL);
		break;
	case BINDING_CACHED:
		if (is_new || moved)
			tell(binding, EVENT_BINDING_UP, NULL);
		break;
	case BINDING_TEMPORARY:
	case BINDING_NHS:
	case BINDING_STATIC:
		break;
	}
}

static void set_identity(struct binding *binding, const char *identity)
{
	char *copy = identity ? alloc_string(identity) : NULL;

	free(binding->identity);
	binding->identity = copy;
}

struct binding *cache_set(
	struct iface *iface, struct addr protocol, const struct binding_facts *facts, struct mono now)
{
	struct binding *binding = cache_find(iface, protocol);
	bool is_new = !binding || binding->type != facts->type;
	bool moved = binding && !addr_equal(binding->peer->nbma, facts->nbma);

	if (binding && binding->type > facts->type)
		return NULL;
	// A known address that becomes a registration counts as a new one.
	if (binding && count_of(iface, binding->type) != count_of(iface, facts->type) &&
		!has_room(iface, facts->type)) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return NULL;
	}
	if (!binding)
		binding = make(iface, protocol, facts->type, now);
	else if (binding->type != facts->type)
		change_type(binding, facts->type, now);
	if (!binding)
		return NULL;
	if (facts->nbma.behind > iface->most_behind)
		iface->most_behind = facts->nbma.behind;
	change_peer(binding, facts->nbma, now);
	binding->claimed_nbma = facts->claimed_nbma;
	binding->nat =
		addr_is_set(facts->claimed_nbma) && !addr_equal(facts->claimed_nbma, addr_plain(facts->nbma));
	binding->unique = facts->unique;
	binding->mtu = facts->mtu;
	binding->holding_time = facts->holding_time;
	binding->request_id = facts->request_id;
	if (facts->identity || is_new)
		set_identity(binding, facts->identity);
	binding->updated = now;
	set_expiry(binding, now);
	arm(binding);
	// A hub of many thousand clients talks to few of them at a time.
	binding->has_neighbour |= facts->type != BINDING_DYNAMIC;
	place(binding);
	if (is_new || moved)
		multicast_update(iface, facts->nbma);
	if (facts->type == BINDING_DYNAMIC && (is_new || moved))
		iface->node->registration_changes++;
	tell_change(binding, is_new, moved);
	return binding;
}

bool cache_is_anothers(const struct binding *binding, const char *identity)
{
	return binding->identity && (!identity || strcmp(binding->identity, identity) != 0);
}

bool cache_place_of(const struct iface *iface, struct addr nbma, const char *identity, uint16_t *ret)
{
	const struct binding *binding;

	for (unsigned behind = 0; behind <= iface->most_behind; behind++) {
		nbma.behind = (uint16_t)behind;
		const struct peer *peer = peer_find(iface, nbma);
		DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
		{
			if (!binding->identity || cache_is_anothers(binding, identity))
				continue;
			*ret = nbma.behind;
			return true;
		}
	}
	return false;
}

void cache_give_neighbour(struct binding *binding)
{
	struct desired_item item = neighbour_of(binding);

	// The kernel may have lost what we told it: that is a change as well.
	desired_clear(&binding->iface->node->desired, &item);
	binding->has_neighbour = true;
	place(binding);
}

void cache_walk_begin(struct cache_walk *walk, struct iface *iface)
{
	*walk = (struct cache_walk) { .iface = iface, .next = iface->bindings, .next_walk = iface->walks };
	iface->walks = walk;
}

struct binding *cache_walk_next(struct cache_walk *walk)
{
	struct binding *binding = walk->next;

	if (binding)
		walk->next = binding->hh.next;
	return binding;
}

void cache_walk_end(struct cache_walk *walk)
{
	if (walk->iface)
		LL_DELETE2(walk->iface->walks, walk, next_walk);
	*walk = (struct cache_walk) { 0 };
}

void cache_walks_done(struct iface *iface)
{
	while (iface->walks)
		cache_walk_end(iface->walks);
}

/// Walks that stand before a binding which goes stand before the one behind it.
static void leave_walks(const struct binding *binding)
{
	struct cache_walk *walk;

	LL_FOREACH2(binding->iface->walks, walk, next_walk)
	{
		if (walk->next == binding)
			walk->next = binding->hh.next;
	}
}

void cache_remove(struct binding *binding, const char *reason)
{
	struct iface *iface = binding->iface;
	struct desired_item item = neighbour_of(binding);

	shortcut_remove_via(binding, reason);
	if (binding->type == BINDING_DYNAMIC)
		tell(binding, EVENT_PEER_DOWN, reason);
	else if (binding->type == BINDING_CACHED)
		tell(binding, EVENT_BINDING_DOWN, reason);
	desired_clear(&iface->node->desired, &item);
	timerq_disarm(&iface->node->timers, &binding->timer);
	count(binding, -1);
	if (binding->type == BINDING_DYNAMIC)
		iface->node->registration_changes++;
	leave_walks(binding);
	HASH_DEL(iface->bindings, binding);
	peer_detach(binding);
	free(binding->identity);
	free(binding);
}

void cache_on_timer(struct binding *binding, struct mono now)
{
	struct iface *iface = binding->iface;
	struct timerq *timers = &iface->node->timers;
	struct addr protocol = binding->protocol;
	int64_t tenth = mono_between(binding->updated, binding->expires) / 10;

	if (!mono_before(now, binding->expires)) {
		if (binding->type == BINDING_DYNAMIC)
			requester_purge(iface, prefix_host(protocol), now);
		cache_remove(binding, "holding time expired");
		return;
	}
	if (peer_is_in_use(binding->peer, tenth * 4, now))
		resolve_start(iface, protocol, now);
	timerq_arm(timers, &binding->timer, mono_add(now, tenth > 0 ? tenth : MONO_MILLISECOND));
}

/// Now that it is known who the peer at `nbma` is: what resolution found there is its own, or ends.
static void settle_ownership(struct iface *iface, struct addr nbma, const char *identity, struct mono now)
{
	const struct peer *peer = peer_find(iface, nbma);
	struct binding *binding, *next;

	DL_FOREACH_SAFE2(peer ? peer->bindings : NULL, binding, next, peer_next)
	{
		if (binding->type != BINDING_CACHED)
			continue;
		if (protect_may_own(iface, identity, prefix_host(binding->protocol)) &&
			!cache_is_anothers(binding, identity)) {
			set_identity(binding, identity);
			shortcut_remove_unauthorized(binding, identity, now);
			continue;
		}
		message_refuse(iface, REFUSED_IDENTITY, nbma, "an address that is not its identity's", now);
		cache_remove(binding, "not authorized");
	}
}

/// Who is known by its identity may have another place behind the same address than before, as after a
/// restart.
static void gather(struct iface *iface, struct addr nbma, const char *identity, struct mono now)
{
	struct binding *binding, *next;
	struct addr other = nbma;

	for (unsigned behind = 0; identity && iface->most_behind > 0 && behind <= iface->most_behind;
		behind++) {
		other.behind = (uint16_t)behind;
		struct peer *peer = behind == nbma.behind ? NULL : peer_find(iface, other);
		DL_FOREACH_SAFE2(peer ? peer->bindings : NULL, binding, next, peer_next)
		{
			if (binding->type > BINDING_DYNAMIC || !binding->identity ||
				cache_is_anothers(binding, identity))
				continue;
			change_peer(binding, nbma, now);
			multicast_update(iface, nbma);
		}
	}
}

void cache_on_sa(struct iface *iface, struct addr nbma, struct mono now)
{
	const struct peer *peer;
	struct binding *binding;

	if (protect_is_up(iface, nbma))
		gather(iface, nbma, protect_identity(iface, nbma), now);
	if (protect_is_up(iface, nbma))
		settle_ownership(iface, nbma, protect_identity(iface, nbma), now);
	peer = peer_find(iface, nbma);
	DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
	{
		judge_secured(binding);
		place(binding);
		shortcut_place_via(binding);
	}
}

void cache_move_temporary(struct iface *iface, struct addr from, struct addr to, struct mono now)
{
	struct binding *binding, *next;

	HASH_ITER(hh, iface->bindings, binding, next)
	{
		if (!is_usable(binding))
			place(binding);
		else if (binding->type == BINDING_TEMPORARY && addr_equal(binding->peer->nbma, from))
			(void)cache_set(iface, binding->protocol,
				&(struct binding_facts) { .type = BINDING_TEMPORARY, .nbma = to }, now);
	}
}
