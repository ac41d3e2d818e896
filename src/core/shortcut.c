// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/node.h"
#include "core/message.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/resolve.h"
#include "core/route.h"
#include "core/shortcut.h"
#include "core/timers.h"

struct shortcut *shortcut_find(const struct iface *iface, struct addr destination)
{
	return trie_longest(&iface->shortcuts, destination);
}

static struct desired_item route_of(const struct shortcut *shortcut)
{
	return (struct desired_item) {
		.kind = DESIRED_ROUTE,
		.iface = shortcut->iface->config->id,
		.prefix = shortcut->prefix,
		.next_hop = shortcut->next_hop,
		.mtu = shortcut->mtu,
	};
}

static void tell(const struct shortcut *shortcut, enum event_type type, const char *reason)
{
	emit_event(shortcut->iface->node, &(struct event) {
						  .type = type,
						  .iface = shortcut->iface->config->id,
						  .prefix = shortcut->prefix,
						  .protocol = shortcut->next_hop,
						  .nbma = shortcut->via->peer->nbma,
						  .reason = reason,
					  });
}

/// Wants the override, or does not, by whether packets may go to the next hop.
static void place(struct shortcut *shortcut)
{
	struct desired_item item = route_of(shortcut);
	bool was_usable = shortcut->usable;

	shortcut->usable = protect_is_up(shortcut->iface, shortcut->via->peer->nbma);
	if (shortcut->usable)
		desired_set(&shortcut->iface->node->desired, &item);
	else
		desired_clear(&shortcut->iface->node->desired, &item);
	if (shortcut->usable && !was_usable)
		tell(shortcut, EVENT_SHORTCUT_UP, NULL);
	else if (!shortcut->usable && was_usable)
		tell(shortcut, EVENT_SHORTCUT_DOWN, "the peer has no SA");
}

void shortcut_remove(struct shortcut *shortcut, const char *reason)
{
	struct iface *iface = shortcut->iface;
	struct desired_item item = route_of(shortcut);

	if (shortcut->usable)
		tell(shortcut, EVENT_SHORTCUT_DOWN, reason);
	desired_clear(&iface->node->desired, &item);
	timerq_disarm(&iface->node->timers, &shortcut->timer);
	DL_DELETE2(shortcut->via->shortcuts, shortcut, via_prev, via_next);
	trie_remove(&iface->shortcuts, shortcut->prefix);
	iface->cached_count--;
	free(shortcut);
}

struct shortcut *shortcut_next(const struct iface *iface, struct prefix within, struct prefix *cursor)
{
	struct prefix found;
	struct shortcut *shortcut =
		trie_next(&iface->shortcuts, within, addr_is_set(cursor->addr) ? cursor : NULL, &found);

	if (shortcut)
		*cursor = found;
	return shortcut;
}

void shortcut_remove_via(struct binding *next_hop, const char *reason)
{
	while (next_hop->shortcuts)
		shortcut_remove(next_hop->shortcuts, reason);
}

void shortcut_place_via(struct binding *next_hop)
{
	struct shortcut *shortcut;

	DL_FOREACH2(next_hop->shortcuts, shortcut, via_next)
	{
		place(shortcut);
	}
}

void shortcut_remove_unauthorized(struct binding *next_hop, const char *identity, struct mono now)
{
	struct iface *iface = next_hop->iface;
	struct shortcut *shortcut, *next;

	DL_FOREACH_SAFE2(next_hop->shortcuts, shortcut, next, via_next)
	{
		if (protect_may_own(iface, identity, shortcut->prefix))
			continue;
		message_refuse(iface, REFUSED_IDENTITY, next_hop->peer->nbma,
			"a network that is not its identity's", now);
		shortcut_remove(shortcut, "not authorized");
	}
}

static bool is_in_use(const struct shortcut *shortcut, int64_t window, struct mono now)
{
	return peer_is_in_use(shortcut->via->peer, window, now);
}

void shortcut_renew(struct shortcut *shortcut, const char *reason, struct mono now)
{
	struct iface *iface = shortcut->iface;
	struct addr destination = shortcut->destination;
	bool used = is_in_use(shortcut, 60 * MONO_SECOND, now);

	shortcut_remove(shortcut, reason);
	if (used)
		resolve_start(iface, destination, now);
}

void shortcut_renew_via(struct binding *next_hop, const char *reason, struct mono now)
{
	while (next_hop->shortcuts)
		shortcut_renew(next_hop->shortcuts, reason, now);
}

/// Is the route under the shortcut what it was when the shortcut was made?
static bool still_holds(const struct shortcut *shortcut)
{
	const struct iface *iface = shortcut->iface;
	struct route_verdict verdict = route_judge(iface, shortcut->destination);

	return verdict.side == ROUTE_CLOUD && verdict.iface == iface &&
	       prefix_equal(verdict.route, shortcut->under) &&
	       addr_equal(verdict.next_hop, shortcut->under_next_hop) &&
	       prefix_equal(rib_widest(&iface->node->rib, shortcut->destination, shortcut->prefix),
		       shortcut->prefix);
}

void shortcut_on_route(struct iface *iface, struct prefix changed)
{
	struct prefix cursor = { 0 };
	struct prefix around = changed;
	struct shortcut *shortcut;

	while ((shortcut = trie_covering(&iface->shortcuts, around)) != NULL) {
		uint8_t length = shortcut->prefix.length;

		if (!still_holds(shortcut))
			shortcut_remove(shortcut, "the route under it changed");
		if (length == 0)
			break;
		around = prefix_make(around.addr, (uint8_t)(length - 1));
	}
	while ((shortcut = shortcut_next(iface, changed, &cursor)) != NULL) {
		if (!still_holds(shortcut))
			shortcut_remove(shortcut, "the route under it changed");
	}
}

/// Takes it from the list of the next hop that it had to that of the one which it has.
static void list(struct shortcut *shortcut, struct binding *via)
{
	if (shortcut->via)
		DL_DELETE2(shortcut->via->shortcuts, shortcut, via_prev, via_next);
	shortcut->via = via;
	DL_APPEND2(via->shortcuts, shortcut, via_prev, via_next);
}

static struct shortcut *get(struct iface *iface, struct prefix prefix, struct mono now)
{
	struct shortcut *shortcut = trie_exact(&iface->shortcuts, prefix);

	if (shortcut)
		return shortcut;
	if (iface->cached_count >= iface->config->limits.cached) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return NULL;
	}
	shortcut = alloc_zeroed(1, sizeof(*shortcut));
	shortcut->prefix = prefix;
	shortcut->iface = iface;
	shortcut->created = now;
	shortcut->timer.kind = TIMER_SHORTCUT;
	trie_set(&iface->shortcuts, prefix, shortcut);
	iface->cached_count++;
	return shortcut;
}

/// A renewed answer with another prefix replaces what the same destination had before.
static void remove_replaced(struct iface *iface, struct addr destination, struct prefix prefix)
{
	struct shortcut *other = shortcut_find(iface, destination);

	if (other && !prefix_equal(other->prefix, prefix))
		shortcut_remove(other, "replaced by a new answer");
}

bool shortcut_install(struct iface *iface, struct addr destination, struct prefix prefix,
	struct addr next_hop, uint16_t holding_time, uint16_t mtu, struct mono now, const char **ret_reason)
{
	struct node *node = iface->node;
	struct route_verdict verdict = route_judge(iface, destination);
	struct prefix usable = rib_widest(&node->rib, destination, prefix);
	struct shortcut *shortcut;
	const struct resolution *question = resolve_find(iface, destination);
	bool is_news;

	// On the tunnel's subnet every node answers for its own address alone.
	if (prefix_contains(iface_subnet(iface), destination))
		usable = prefix_host(destination);
	*ret_reason = "the prefix covers the tunnel's own subnet";
	if (prefix_covers(usable, iface_subnet(iface)))
		return false;
	*ret_reason = "too many shortcuts";
	remove_replaced(iface, destination, usable);
	shortcut = get(iface, usable, now);
	if (!shortcut)
		return false;
	is_news = !addr_equal(shortcut->next_hop, next_hop);
	shortcut->next_hop = next_hop;
	list(shortcut, cache_find(iface, next_hop));
	shortcut->destination = destination;
	shortcut->under = verdict.route;
	shortcut->under_next_hop = verdict.next_hop;
	shortcut->exact = prefix_equal(usable, verdict.route);
	shortcut->holding_time = holding_time;
	shortcut->mtu = mtu;
	shortcut->expires = mono_add(now, holding_time * MONO_SECOND);
	timerq_arm(&node->timers, &shortcut->timer, mono_add(now, holding_time * MONO_SECOND / 10 * 6));
	if (is_news && question)
		histogram_add(&iface->counters.shortcut_setup, mono_between(question->started, now));
	if (is_news)
		shortcut->usable = false;
	place(shortcut);
	return true;
}

void shortcut_on_timer(struct shortcut *shortcut, struct mono now)
{
	struct iface *iface = shortcut->iface;
	int64_t tenth = shortcut->holding_time * MONO_SECOND / 10;

	if (!mono_before(now, shortcut->expires)) {
		shortcut_remove(shortcut, "holding time expired");
		return;
	}
	if (is_in_use(shortcut, tenth * 4, now))
		resolve_start(iface, shortcut->destination, now);
	timerq_arm(
		&iface->node->timers, &shortcut->timer, mono_add(now, tenth > 0 ? tenth : MONO_MILLISECOND));
}
