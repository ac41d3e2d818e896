// SPDX-License-Identifier: GPL-2.0-or-later
/// Who calls whom: we make the SA with a peer that we send to of our own accord; that with a registered
/// client, or with a node that holds an answer of ours, only stays as long as it is needed, since NAT may be
/// in between.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/receive.h"
#include "core/shortcut.h"
#include "core/timers.h"

#define HOLD_TIME     (1500 * MONO_MILLISECOND) ///< that a packet waits
#define HELD_PER_PEER 8
#define HELD_PEERS    256 ///< unknown peers which packets wait for, or of which

struct held {
	struct held *prev, *next;
	struct mono until;
	bool received;
	size_t length;
	uint8_t packet[];
};

static struct protect *find(const struct iface *iface, struct addr nbma)
{
	struct protect *protect;

	HASH_FIND(hh, iface->protects, &nbma, sizeof(nbma), protect);
	return protect;
}

bool protect_is_up(const struct iface *iface, struct addr nbma)
{
	const struct protect *protect;

	if (!iface->config->protected)
		return true;
	protect = find(iface, nbma);
	return protect && protect->state == SA_UP;
}

const char *protect_identity(const struct iface *iface, struct addr nbma)
{
	const struct protect *protect = find(iface, nbma);

	return protect ? protect->identity : NULL;
}

bool protect_is_shared(const struct iface *iface, struct addr nbma)
{
	for (unsigned behind = 1; behind <= iface->most_behind; behind++) {
		nbma.behind = (uint16_t)behind;
		if (protect_is_up(iface, nbma))
			return true;
	}
	return false;
}

static struct protect *get(struct iface *iface, struct addr nbma)
{
	struct protect *protect = find(iface, nbma);

	if (protect)
		return protect;
	protect = alloc_zeroed(1, sizeof(*protect));
	protect->nbma = nbma;
	protect->iface = iface;
	protect->timer.kind = TIMER_PROTECT;
	if (nbma.behind > iface->most_behind)
		iface->most_behind = nbma.behind;
	HASH_ADD(hh, iface->protects, nbma, sizeof(protect->nbma), protect);
	return protect;
}

static void free_held(struct protect *protect, struct held *held)
{
	DL_DELETE(protect->held, held);
	protect->held_count--;
	if (protect->held_count == 0)
		protect->iface->held_peers--;
	free(held);
}

/// Time 0: the peer holds no answer.
static void keep_until(struct protect *protect, struct mono until)
{
	protect->iface->kept_peers -= protect->keep_until.us != 0;
	protect->iface->kept_peers += until.us != 0;
	protect->keep_until = until;
}

static void forget(struct protect *protect)
{
	struct iface *iface = protect->iface;
	struct held *held, *next;

	DL_FOREACH_SAFE(protect->held, held, next)
	{
		free_held(protect, held);
	}
	keep_until(protect, (struct mono) { 0 });
	timerq_disarm(&iface->node->timers, &protect->timer);
	HASH_DEL(iface->protects, protect);
	free(protect->identity);
	free(protect);
}

/// Forgets a peer about which there is nothing to remember.
static void settle(struct protect *protect)
{
	if (protect->state != SA_UP && !protect->held && protect->keep_until.us == 0)
		forget(protect);
}

static void arm(struct protect *protect)
{
	struct timerq *timers = &protect->iface->node->timers;
	struct mono when = protect->keep_until.us == 0 ? MONO_NEVER : protect->keep_until;

	if (protect->held && mono_before(protect->held->until, when))
		when = protect->held->until;
	if (mono_is_never(when))
		timerq_disarm(timers, &protect->timer);
	else
		timerq_arm(timers, &protect->timer, when);
}

/* What is wanted. */

static bool is_configured(const struct iface *iface, struct addr nbma)
{
	const struct iface_config *config = iface->config;

	if (addr_equal(config->destination, nbma) || nhs_by_nbma(iface, nbma))
		return true;
	for (size_t i = 0; i < config->multicast_count; i++) {
		if (addr_equal(config->multicast[i], nbma))
			return true;
	}
	return false;
}

static bool is_sending_to(const struct iface *iface, struct addr nbma)
{
	const struct peer *peer = peer_find(iface, nbma);
	const struct protect *protect = find(iface, nbma);
	const struct binding *binding;
	const struct held *held;

	if (is_configured(iface, nbma))
		return true;
	DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
	{
		if (binding->type != BINDING_DYNAMIC)
			return true;
	}
	DL_FOREACH(protect ? protect->held : NULL, held)
	{
		if (!held->received)
			return true;
	}
	return false;
}

void protect_update(struct iface *iface, struct addr nbma)
{
	const struct protect *protect = find(iface, nbma);
	struct desired_item item = { .kind = DESIRED_SA, .iface = iface->config->id, .nbma = nbma };

	if (!iface->config->protected || !addr_is_set(nbma))
		return;
	item.call = is_sending_to(iface, nbma);
	if (item.call || peer_find(iface, nbma) || (protect && protect->keep_until.us != 0))
		desired_set(&iface->node->desired, &item);
	else
		desired_clear(&iface->node->desired, &item);
}

void protect_update_configured(struct iface *iface)
{
	protect_update(iface, iface->config->destination);
	for (size_t i = 0; i < iface->config->multicast_count; i++)
		protect_update(iface, iface->config->multicast[i]);
	for (size_t i = 0; i < iface->nhs_count; i++)
		protect_update(iface, iface->nhs[i].nbma);
}

void protect_keep(struct iface *iface, struct addr nbma, struct mono until)
{
	struct protect *protect = find(iface, nbma);

	if (!iface->config->protected)
		return;
	if ((!protect || protect->keep_until.us == 0) &&
		iface->kept_peers >= iface->config->limits.requesters) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return;
	}
	protect = get(iface, nbma);
	if (mono_before(protect->keep_until, until))
		keep_until(protect, until);
	arm(protect);
	protect_update(iface, nbma);
}

void protect_renew(struct iface *iface, struct addr nbma)
{
	if (iface->config->protected && protect_is_up(iface, nbma))
		emit_renew_sa(iface, nbma);
}

/* What waits. */

static bool hold(struct iface *iface, struct addr nbma, bool received, const uint8_t *packet, size_t length,
	struct mono now)
{
	struct protect *protect = find(iface, nbma);
	struct held *held;

	if ((protect ? protect->held_count >= HELD_PER_PEER : false) ||
		((!protect || protect->held_count == 0) && iface->held_peers >= HELD_PEERS)) {
		iface->counters.refused[REFUSED_UNPROTECTED]++;
		return false;
	}
	protect = get(iface, nbma);
	if (protect->held_count++ == 0)
		iface->held_peers++;
	held = alloc_zeroed(1, sizeof(*held) + length);
	held->until = mono_add(now, HOLD_TIME);
	held->received = received;
	held->length = length;
	memcpy(held->packet, packet, length);
	DL_APPEND(protect->held, held);
	arm(protect);
	protect_update(iface, nbma);
	return true;
}

bool protect_send(
	struct iface *iface, struct addr nbma, const uint8_t *packet, size_t length, struct mono now)
{
	if (protect_is_up(iface, nbma)) {
		emit_packet(iface, nbma, packet, length);
		return true;
	}
	if (packet[NHRP_OFFSET_TYPE] != NHRP_REGISTRATION_REQUEST)
		return hold(iface, nbma, false, packet, length, now);
	iface->counters.refused[REFUSED_UNPROTECTED]++;
	return false;
}

void protect_hold_received(
	struct iface *iface, struct addr from, const uint8_t *packet, size_t length, struct mono now)
{
	(void)hold(iface, from, true, packet, length, now);
}

/// The packet waited in vain. An answer goes by the server then: the requester may be able to reach us where
/// we cannot reach it.
static void give_up(struct protect *protect, struct held *held)
{
	struct iface *iface = protect->iface;
	const struct nhs *server = nhs_active(iface);

	if (!held->received && held->packet[NHRP_OFFSET_TYPE] == NHRP_RESOLUTION_REPLY && server &&
		!addr_equal(server->nbma, protect->nbma) && protect_is_up(iface, server->nbma))
		emit_packet(iface, server->nbma, held->packet, held->length);
	else
		iface->counters.refused[REFUSED_UNPROTECTED]++;
	free_held(protect, held);
}

static void release(struct protect *protect, struct mono now)
{
	struct iface *iface = protect->iface;
	struct addr nbma = protect->nbma;
	struct held *held;

	// Handling a packet may change all that is known of the peer.
	while ((protect = find(iface, nbma)) != NULL && (held = protect->held) != NULL) {
		DL_DELETE(protect->held, held);
		protect->held_count--;
		if (protect->held_count == 0)
			iface->held_peers--;
		if (held->received)
			receive_packet(iface, nbma, held->packet, held->length, now);
		else
			emit_packet(iface, nbma, held->packet, held->length);
		free(held);
	}
}

void protect_on_timer(struct protect *protect, struct mono now)
{
	struct iface *iface = protect->iface;
	struct addr nbma = protect->nbma;
	struct held *held, *next;

	DL_FOREACH_SAFE(protect->held, held, next)
	{
		if (!mono_before(now, held->until))
			give_up(protect, held);
	}
	if (protect->keep_until.us != 0 && !mono_before(now, protect->keep_until))
		keep_until(protect, (struct mono) { 0 });
	arm(protect);
	settle(protect);
	protect_update(iface, nbma);
}

/* What happens. */

static void set_identity(struct protect *protect, const char *identity)
{
	free(protect->identity);
	protect->identity =
		identity && strlen(identity) < PROTECT_IDENTITY_SIZE ? alloc_string(identity) : NULL;
}

void protect_on_sa(
	struct iface *iface, struct addr nbma, enum sa_state state, const char *identity, struct mono now)
{
	struct protect *protect;
	struct held *held, *next;
	bool was_up;

	if (!iface->config->protected)
		return;
	protect = get(iface, nbma);
	was_up = protect->state == SA_UP;
	protect->state = state;
	set_identity(protect, state == SA_UP ? identity : NULL);
	if (state == SA_FAILED) {
		DL_FOREACH_SAFE(protect->held, held, next)
		{
			give_up(protect, held);
		}
	}
	arm(protect);
	settle(protect);
	protect_update(iface, nbma);
	if (was_up && state != SA_UP)
		cache_on_sa(iface, nbma, now);
	if (state == SA_UP) {
		cache_on_sa(iface, nbma, now);
		if (!was_up)
			nhs_on_sa(iface, nbma, true, now);
		protect = find(iface, nbma);
		if (protect)
			release(protect, now);
		protect_update(iface, nbma);
	} else if (was_up) {
		nhs_on_sa(iface, nbma, false, now);
	}
}

void protect_done(struct iface *iface)
{
	struct protect *protect, *next;

	HASH_ITER(hh, iface->protects, protect, next)
	{
		forget(protect);
	}
}

/* Who may have what. */

/// `*` and `?` as in file names, letters in any case. The last `*` alone takes part in going back.
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern != '\0' && (*pattern == '?' || tolower((unsigned char)*pattern) ==
									   tolower((unsigned char)*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool protect_may_own(const struct iface *iface, const char *identity, struct prefix prefix)
{
	const struct iface_config *config = iface->config;
	struct addr own;

	if (!config->protected)
		return true;
	if (!identity)
		return false;
	// A certificate vouches for it, where that is how the peer proved itself.
	if (addr_parse(identity, &own) && prefix_contains(iface_subnet(iface), own) &&
		prefix_contains(iface_subnet(iface), prefix.addr) && !prefix_equal(prefix, prefix_host(own)))
		return false;
	if (config->authorize_count == 0)
		return true;
	for (size_t i = 0; i < config->authorize_count; i++) {
		if (prefix_covers(config->authorize[i].prefix, prefix) &&
			matches(config->authorize[i].pattern, identity))
			return true;
	}
	return false;
}
