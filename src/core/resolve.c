// SPDX-License-Identifier: GPL-2.0-or-later
/// One resolution per destination. A request is repeated after 1, 2 and 4 seconds; one that fails is held
/// back for a while, so that no traffic can make us ask without end. Packets go by the hub all the time.
#include <stdlib.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/route.h"
#include "core/shortcut.h"
#include "core/silent.h"
#include "core/timers.h"

#define MAX_TRIES       4                  ///< requests; a failed one is held after 1 + 2 + 4 + 8 s
#define PROBE_TRIES     3                  ///< requests to a silent peer, a second apart
#define HOLD_NEGATIVE   (15 * MONO_SECOND) ///< after "no binding": a site may be about to register
#define HOLD_UNANSWERED (30 * MONO_SECOND)
#define HOLD_USELESS    (60 * MONO_SECOND) ///< after an answer that brings no better way

struct resolution *resolve_find(const struct iface *iface, struct addr destination)
{
	struct resolution *resolution;

	HASH_FIND(hh, iface->resolutions, &destination, sizeof(destination), resolution);
	return resolution;
}

void resolve_forget(struct resolution *resolution)
{
	struct iface *iface = resolution->iface;

	timerq_disarm(&iface->node->timers, &resolution->timer);
	HASH_DEL(iface->resolutions, resolution);
	free(resolution);
}

static void send_request(struct resolution *resolution, struct mono now)
{
	struct iface *iface = resolution->iface;
	struct addr nbma =
		resolution->direct ? resolution->probed : route_nbma(iface, resolution->destination);
	struct addr public_nbma = nhs_public_nbma(iface);
	struct message_space space;
	struct nhrp_msg msg;

	if (!addr_is_set(nbma))
		return;
	message_request(iface, &msg, NHRP_RESOLUTION_REQUEST, resolution->destination);
	if (resolution->tries > 0)
		msg.request_id = resolution->request_id;
	resolution->request_id = msg.request_id;
	msg.flags = NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_SRC_STABLE | NHRP_FLAG_NAT;
	msg.cie_count = 1;
	msg.cies[0] = (struct nhrp_cie) {
		.prefix_length = addr_bits(resolution->destination),
		.mtu = iface->config->mtu,
		.holding_time = iface->config->holding_time,
	};
	if (addr_is_set(public_nbma))
		message_add_nat_cie(&msg, public_nbma, iface_address(iface), &space);
	(void)message_send(iface, &msg, nbma, now);
}

static void try(struct resolution *resolution, struct mono now)
{
	struct node *node = resolution->iface->node;
	int64_t wait = resolution->direct ? MONO_SECOND : MONO_SECOND << resolution->tries;

	send_request(resolution, now);
	resolution->tries++;
	timerq_arm(&node->timers, &resolution->timer,
		mono_add(now, wait + (int64_t)rng_below(&node->rng, (uint32_t)(wait / 10))));
}

static struct resolution *make(struct iface *iface, struct addr destination, struct mono now)
{
	struct resolution *resolution;

	if (HASH_COUNT(iface->resolutions) >= iface->config->limits.resolutions) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return NULL;
	}
	resolution = alloc_zeroed(1, sizeof(*resolution));
	resolution->destination = destination;
	resolution->iface = iface;
	resolution->started = now;
	resolution->timer.kind = TIMER_RESOLUTION;
	HASH_ADD(hh, iface->resolutions, destination, sizeof(resolution->destination), resolution);
	return resolution;
}

static bool may_ask(const struct iface *iface)
{
	return iface->up && !iface->config->server_only && !addr_is_set(iface->config->destination);
}

void resolve_start(struct iface *iface, struct addr destination, struct mono now)
{
	struct resolution *resolution;

	if (!may_ask(iface) || !addr_is_host(destination) || resolve_find(iface, destination) ||
		!addr_is_set(route_nbma(iface, destination)))
		return;
	resolution = make(iface, destination, now);
	if (resolution)
		try(resolution, now);
}

void resolve_probe(struct iface *iface, struct addr protocol, struct addr nbma, struct mono now)
{
	struct resolution *resolution = resolve_find(iface, protocol);

	if (resolution && resolution->direct)
		return;
	if (resolution)
		resolve_forget(resolution);
	resolution = make(iface, protocol, now);
	if (!resolution)
		return;
	resolution->direct = true;
	resolution->probed = nbma;
	try(resolution, now);
}

/// The answer of a node that was silent of late may have come by a way that works in one direction only.
static void ask_itself(struct resolution *resolution, struct addr nbma, struct mono now)
{
	resolution->direct = true;
	resolution->probed = nbma;
	resolution->tries = 0;
	try(resolution, now);
}

/// Keeps the resolution as a reminder not to ask again at once.
static void hold(struct resolution *resolution, const char *reason, int64_t duration, struct mono now)
{
	resolution->state = RESOLUTION_HELD;
	resolution->direct = false;
	resolution->reason = reason;
	timerq_arm(&resolution->iface->node->timers, &resolution->timer, mono_add(now, duration));
}

static void fail(struct resolution *resolution, const char *reason, int64_t duration, struct mono now)
{
	struct iface *iface = resolution->iface;

	emit_remote_event(iface->node,
		&(struct event) {
			.type = EVENT_RESOLUTION_FAILED,
			.iface = iface->config->id,
			.protocol = resolution->destination,
			.reason = reason,
		},
		now);
	hold(resolution, reason, duration, now);
}

/// A silent peer did not answer for itself: what goes by it goes by the hub again. The peer may be well and
/// only the path between us broken, so it is told by the hub, and need not find out by itself.
static void give_up_peer(struct resolution *resolution, struct mono now)
{
	struct iface *iface = resolution->iface;
	struct binding *binding = cache_find(iface, resolution->destination);
	const struct nhs *server = nhs_active(iface);
	bool again = silent_is(iface, resolution->probed, now);

	silent_note(iface, resolution->probed, now);
	if (binding && binding->type == BINDING_CACHED && addr_equal(binding->peer->nbma, resolution->probed))
		cache_remove(binding, "peer does not answer");
	protect_renew(iface, resolution->probed);
	if (server)
		requester_withdraw(iface, resolution->destination, server->nbma, now);
	hold(resolution, "peer does not answer", again ? HOLD_USELESS : HOLD_NEGATIVE, now);
}

/// Packets for a next hop that still go by the hub are a reason to ask again.
static void end_hold(struct resolution *resolution, struct mono now)
{
	struct iface *iface = resolution->iface;
	struct addr destination = resolution->destination;
	const struct binding *binding = cache_find(iface, destination);

	resolve_forget(resolution);
	if (binding && binding->type == BINDING_TEMPORARY)
		resolve_start(iface, destination, now);
}

void resolve_on_timer(struct resolution *resolution, struct mono now)
{
	if (resolution->state == RESOLUTION_HELD)
		end_hold(resolution, now);
	else if (resolution->direct && resolution->tries >= PROBE_TRIES)
		give_up_peer(resolution, now);
	else if (resolution->tries >= MAX_TRIES)
		fail(resolution, "no answer to resolution", HOLD_UNANSWERED, now);
	else
		try(resolution, now);
}

static struct resolution *find_pending(const struct iface *iface, uint32_t request_id)
{
	struct resolution *resolution, *next;

	HASH_ITER(hh, iface->resolutions, resolution, next)
	{
		if (resolution->state == RESOLUTION_PENDING && resolution->request_id == request_id)
			return resolution;
	}
	return NULL;
}

/// The best CIE of a positive reply: the one with the highest preference, the first of equals.
static const struct nhrp_cie *best_cie(const struct nhrp_msg *msg)
{
	const struct nhrp_cie *best = &msg->cies[0];

	for (uint8_t i = 1; i < msg->cie_count; i++) {
		if (msg->cies[i].code == NHRP_CODE_OK && msg->cies[i].preference > best->preference)
			best = &msg->cies[i];
	}
	return best;
}

/// What a reply says, in our terms.
struct answer {
	struct addr next_hop;
	struct prefix prefix;
	struct binding_facts binding;
};

static bool read_answer(
	const struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct answer *ret)
{
	const struct nhrp_cie *cie = best_cie(msg);
	struct addr destination = msg->dst_protocol;
	struct addr claimed = addr_is_set(cie->nbma) ? cie->nbma : addr_plain(from);
	struct addr nat, nbma;

	ret->next_hop = addr_is_set(cie->protocol) ? cie->protocol : destination;
	ret->prefix = prefix_make(destination, nhrp_cie_prefix_bits(cie, msg->protocol_family));
	nat = message_nat_address(msg, ret->next_hop);
	nbma = addr_is_set(nat) ? nat : claimed;
	// Of several nodes behind that address it is the one that answered itself, or cannot be told.
	if (addr_equal(nbma, addr_plain(from)))
		nbma = from;
	else if (protect_is_shared(iface, nbma))
		return false;
	ret->binding = (struct binding_facts) {
		.type = BINDING_CACHED,
		.nbma = nbma,
		.claimed_nbma = claimed,
		.mtu = cie->mtu,
		.holding_time = cie->holding_time ? cie->holding_time : iface->config->holding_time,
		.request_id = msg->request_id,
		.identity = protect_identity(iface, nbma),
	};
	return addr_is_host(ret->next_hop) && !route_is_own(iface->node, ret->next_hop) &&
	       route_may_be_nbma(iface, nbma);
}

/// Does the answer, about something behind its next hop, say that the next hop is elsewhere than it says
/// itself?
static bool is_contested(const struct iface *iface, struct addr destination, const struct answer *answer)
{
	const struct binding *known = cache_find(iface, answer->next_hop);

	return !addr_equal(answer->next_hop, destination) && known && known->type == BINDING_CACHED &&
	       !addr_equal(known->peer->nbma, answer->binding.nbma);
}

/// May the node that the answer names have what it says? Where its SA is not there yet, that is asked again
/// when it is known who it is.
static bool is_authorized(
	struct iface *iface, struct addr destination, const struct answer *answer, struct mono now)
{
	const struct binding *known = cache_find(iface, answer->next_hop);
	const char *identity = protect_identity(iface, answer->binding.nbma);
	bool direct = addr_equal(answer->next_hop, destination);

	if (!iface->config->protected || !protect_is_up(iface, answer->binding.nbma))
		return true;
	if (protect_may_own(iface, identity, prefix_host(answer->next_hop)) &&
		(direct || protect_may_own(iface, identity, answer->prefix)) &&
		(!known || !cache_is_anothers(known, identity)))
		return true;
	message_refuse(iface, REFUSED_IDENTITY, answer->binding.nbma,
		"an answer for what is not its identity's", now);
	return false;
}

/// Makes bindings and shortcuts of a positive answer. False, with the reason, where nothing came of it.
static bool apply_answer(struct iface *iface, struct addr destination, const struct answer *answer,
	struct mono now, const char **ret_reason)
{
	struct route_verdict verdict = route_judge(iface, destination);

	*ret_reason = "the routing table leads elsewhere";
	if (verdict.side != ROUTE_CLOUD || verdict.iface != iface)
		return false;
	*ret_reason = "the routed next hop is the egress already";
	if (!addr_equal(answer->next_hop, destination) && addr_equal(answer->next_hop, verdict.next_hop))
		return false;
	*ret_reason = "not authorized";
	if (!is_authorized(iface, destination, answer, now))
		return false;
	*ret_reason = "too many bindings";
	if (!cache_set(iface, answer->next_hop, &answer->binding, now) &&
		!cache_find(iface, answer->next_hop))
		return false;
	if (addr_equal(answer->next_hop, destination))
		return true;
	if (!iface->config->shortcut) {
		*ret_reason = "shortcuts are not enabled";
		return false;
	}
	return shortcut_install(iface, destination, answer->prefix, answer->next_hop,
		answer->binding.holding_time, answer->binding.mtu, now, ret_reason);
}

/// "No binding" for something that we still had: it is not to be used any longer.
static void forget_known(struct iface *iface, struct addr destination)
{
	struct shortcut *shortcut = shortcut_find(iface, destination);
	struct binding *binding = cache_find(iface, destination);

	if (shortcut)
		shortcut_remove(shortcut, "no binding any more");
	if (binding && binding->type == BINDING_CACHED)
		cache_remove(binding, "no binding any more");
}

bool resolve_on_reply(struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	struct resolution *resolution = resolve_find(iface, msg->dst_protocol);
	struct answer answer;
	const char *reason;

	if (!resolution || resolution->state != RESOLUTION_PENDING ||
		resolution->request_id != msg->request_id)
		return false;
	// Whoever has the peer's address now may have passed the probe on: that tells nothing of the way to
	// it.
	if (resolution->direct && !addr_equal(resolution->probed, from))
		return true;
	if (resolution->direct)
		silent_forget(iface, from);
	if (msg->cie_count == 0 || msg->cies[0].code != NHRP_CODE_OK) {
		forget_known(iface, msg->dst_protocol);
		fail(resolution, msg->cie_count == 0 ? "empty reply" : nhrp_code_name(msg->cies[0].code),
			HOLD_NEGATIVE, now);
	} else if (!read_answer(iface, msg, from, &answer)) {
		fail(resolution, "the answer names no usable next hop", HOLD_USELESS, now);
	} else if (is_contested(iface, msg->dst_protocol, &answer)) {
		// It may have moved: it is asked by way of the server, and our question stays open meanwhile.
		resolve_start(iface, answer.next_hop, now);
	} else if (!resolution->direct && silent_is(iface, answer.binding.nbma, now)) {
		ask_itself(resolution, answer.binding.nbma, now);
	} else if (!apply_answer(iface, msg->dst_protocol, &answer, now, &reason)) {
		hold(resolution, reason, HOLD_USELESS, now);
	} else {
		resolve_forget(resolution);
	}
	return true;
}

bool resolve_on_error(struct iface *iface, uint32_t request_id, const char *reason, struct mono now)
{
	struct resolution *resolution = find_pending(iface, request_id);

	if (!resolution)
		return false;
	fail(resolution, reason, HOLD_NEGATIVE, now);
	return true;
}
