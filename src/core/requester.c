// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/message.h"
#include "core/node.h"
#include "core/protect.h"
#include "core/requester.h"
#include "core/route.h"
#include "core/timers.h"

#define MAX_PURGES 3 ///< a purge is repeated after 1, 2 and 4 seconds until it is acknowledged

static struct requester *list_of(const struct iface *iface, struct prefix prefix)
{
	return trie_exact(&iface->requesters, prefix);
}

static void store(struct iface *iface, struct prefix prefix, struct requester *list)
{
	if (list)
		trie_set(&iface->requesters, prefix, list);
	else
		trie_remove(&iface->requesters, prefix);
}

static void forget(struct requester *requester)
{
	struct iface *iface = requester->iface;
	struct prefix prefix = requester->key.prefix;
	struct requester *list = list_of(iface, prefix);

	timerq_disarm(&iface->node->timers, &requester->timer);
	HASH_DELETE(hh, iface->requesters_by_key, requester);
	DL_DELETE(list, requester);
	store(iface, prefix, list);
	iface->requester_count--;
	free(requester);
}

static struct requester *find(const struct iface *iface, struct prefix prefix, struct addr protocol)
{
	const struct requester_key key = { .prefix = prefix, .protocol = protocol };
	struct requester *requester;

	HASH_FIND(hh, iface->requesters_by_key, &key, sizeof(key), requester);
	return requester;
}

void requester_note(
	struct iface *iface, const struct requester *facts, uint16_t holding_time, struct mono now)
{
	struct requester *requester = find(iface, facts->key.prefix, facts->key.protocol);

	if (!requester) {
		struct requester *list = list_of(iface, facts->key.prefix);

		if (iface->requester_count >= iface->config->limits.requesters) {
			iface->counters.refused[REFUSED_LIMIT]++;
			return;
		}
		requester = alloc_zeroed(1, sizeof(*requester));
		requester->key = facts->key;
		HASH_ADD(hh, iface->requesters_by_key, key, sizeof(requester->key), requester);
		DL_APPEND(list, requester);
		store(iface, facts->key.prefix, list);
		iface->requester_count++;
	}
	requester->iface = iface;
	requester->destination = facts->destination;
	requester->is_egress = facts->is_egress;
	requester->nbma = facts->nbma;
	requester->purges = 0;
	requester->expires = mono_add(now, holding_time * MONO_SECOND);
	requester->timer.kind = TIMER_REQUESTER;
	timerq_arm(&iface->node->timers, &requester->timer, requester->expires);
}

static void send_purge(struct requester *requester, struct mono now)
{
	struct iface *iface = requester->iface;
	struct mono next = mono_add(now, MONO_SECOND << requester->purges);
	struct nhrp_msg msg;

	message_request(iface, &msg, NHRP_PURGE_REQUEST, requester->key.protocol);
	if (requester->purges > 0)
		msg.request_id = requester->request_id;
	requester->request_id = msg.request_id;
	msg.cie_count = 1;
	msg.cies[0] = (struct nhrp_cie) {
		.prefix_length = requester->key.prefix.length,
		.protocol = requester->key.prefix.addr,
	};
	// The peer's binding may be gone, and with it all other reason for an SA.
	protect_keep(iface, requester->nbma, next);
	(void)message_send(iface, &msg, requester->nbma, now);
	timerq_arm(&iface->node->timers, &requester->timer, next);
	requester->purges++;
}

/// The first list inside `within` behind `*cursor`.
static struct requester *next_list(const struct iface *iface, struct prefix within, struct prefix *cursor)
{
	struct prefix found;
	struct requester *list =
		trie_next(&iface->requesters, within, addr_is_set(cursor->addr) ? cursor : NULL, &found);

	if (list)
		*cursor = found;
	return list;
}

void requester_purge(struct iface *iface, struct prefix prefix, struct mono now)
{
	struct prefix cursor = { 0 };
	struct requester *list, *requester;

	while ((list = next_list(iface, prefix, &cursor)) != NULL) {
		DL_FOREACH(list, requester)
		{
			if (requester->purges == 0)
				send_purge(requester, now);
		}
	}
}

void requester_withdraw(struct iface *iface, struct addr protocol, struct addr nbma, struct mono now)
{
	struct prefix cursor = { 0 };
	struct requester *list, *requester;

	while ((list = next_list(iface, iface_everything(iface), &cursor)) != NULL) {
		DL_FOREACH(list, requester)
		{
			if (!requester->is_egress ||
				(addr_is_set(protocol) && !addr_equal(requester->key.protocol, protocol)))
				continue;
			if (addr_is_set(nbma))
				requester->nbma = nbma;
			if (requester->purges == 0)
				send_purge(requester, now);
		}
	}
}

static void judge_list(struct iface *iface, struct requester *list, struct mono now)
{
	struct requester *requester;

	DL_FOREACH(list, requester)
	{
		struct route_verdict verdict = route_judge(iface, requester->destination);

		if (!requester->is_egress || requester->purges > 0)
			continue;
		if (verdict.side != ROUTE_OURS || !prefix_equal(verdict.prefix, requester->key.prefix))
			send_purge(requester, now);
	}
}

void requester_on_route(struct iface *iface, struct prefix changed, struct mono now)
{
	struct prefix cursor = { 0 };
	struct prefix around = changed;
	struct requester *list;

	if (iface->requester_count == 0)
		return;
	while ((list = trie_covering(&iface->requesters, around)) != NULL) {
		uint8_t length = list->key.prefix.length;

		if (!prefix_equal(list->key.prefix, changed))
			judge_list(iface, list, now);
		if (length == 0)
			break;
		around = prefix_make(around.addr, (uint8_t)(length - 1));
	}
	while ((list = next_list(iface, changed, &cursor)) != NULL)
		judge_list(iface, list, now);
}

bool requester_on_reply(struct iface *iface, const struct nhrp_msg *msg)
{
	struct requester *requester;

	// The node that acknowledges is the destination of our request, for what the request named.
	for (uint8_t i = 0; i < msg->cie_count; i++) {
		struct prefix prefix = prefix_make(
			msg->cies[i].protocol, nhrp_cie_prefix_bits(&msg->cies[i], msg->protocol_family));

		requester = find(iface, prefix, msg->dst_protocol);
		if (!requester || requester->request_id == 0 || requester->request_id != msg->request_id)
			continue;
		// Who has asked again since then has another answer, which holds.
		if (requester->purges > 0)
			forget(requester);
		else
			requester->request_id = 0;
		return true;
	}
	return false;
}

void requester_on_timer(struct requester *requester, struct mono now)
{
	if (requester->purges == 0 || requester->purges >= MAX_PURGES)
		forget(requester);
	else
		send_purge(requester, now);
}

void requester_done(struct iface *iface)
{
	struct prefix cursor = { 0 };
	struct requester *list;

	// Forgetting may take the list away, so each one is looked up anew.
	while ((list = next_list(iface, iface_everything(iface), &cursor)) != NULL) {
		while ((list = list_of(iface, cursor)) != NULL)
			forget(list);
	}
	trie_done(&iface->requesters);
}
