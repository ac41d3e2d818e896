// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/forward.h"
#include "core/message.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/redirect.h"
#include "core/resolve.h"
#include "core/route.h"
#include "core/shortcut.h"
#include "wire/ip.h"

/// Bytes of the packet that a Traffic Indication quotes.
#define QUOTE_SIZE 128

/// All bytes count as the hash key.
struct redirect_key {
	struct addr src;
	struct addr dst;
};

/// One pair that was told of a shorter way; uthash keeps them in the order in which they were made.
struct redirect {
	struct redirect_key key;
	struct mono expires;
	UT_hash_handle hh;
};

static void forget_expired(struct iface *iface, struct mono now)
{
	while (iface->redirects && !mono_before(now, iface->redirects->expires)) {
		struct redirect *redirect = iface->redirects;

		HASH_DEL(iface->redirects, redirect);
		free(redirect);
	}
}

/// Notes the pair; false where it was redirected within the timeout, or the table is full.
static bool note_pair(struct iface *iface, struct addr src, struct addr dst, struct mono now)
{
	struct redirect_key key;
	struct redirect *redirect;

	memset(&key, 0, sizeof(key));
	key.src = src;
	key.dst = dst;
	forget_expired(iface, now);
	HASH_FIND(hh, iface->redirects, &key, sizeof(key), redirect);
	if (redirect || HASH_COUNT(iface->redirects) >= iface->config->limits.redirects) {
		iface->counters.redirect_suppressed++;
		return false;
	}
	redirect = alloc_zeroed(1, sizeof(*redirect));
	redirect->key = key;
	redirect->expires = mono_add(now, iface->config->redirect_timeout * MONO_SECOND);
	HASH_ADD(hh, iface->redirects, key, sizeof(redirect->key), redirect);
	return true;
}

/// The registered node by which `addr` is reached, or NULL.
static const struct binding *node_of(const struct iface *iface, struct addr addr)
{
	struct route_verdict verdict = route_judge(iface, addr);

	return verdict.side == ROUTE_CLOUD ? cache_find(verdict.iface, verdict.next_hop) : NULL;
}

void redirect_on_traffic(
	struct iface *in, const struct iface *out, const uint8_t *packet, size_t length, struct mono now)
{
	const struct binding *sender, *receiver;
	struct ip_header ip;
	struct nhrp_msg msg;

	if (!in->config->redirect || !route_same_cloud(in, out) || !ip_read(packet, length, &ip))
		return;
	sender = node_of(in, ip.src);
	receiver = node_of(in, ip.dst);
	if (!sender || !receiver || sender == receiver || !note_pair(in, ip.src, ip.dst, now))
		return;
	memset(&msg, 0, sizeof(msg));
	msg.type = NHRP_TRAFFIC_INDICATION;
	msg.hop_count = NHRP_DEFAULT_HOP_COUNT;
	msg.protocol_family = ip.src.family;
	msg.src_nbma = in->nbma;
	msg.src_protocol = iface_address(in);
	msg.dst_protocol = ip.src;
	msg.payload = packet;
	msg.payload_length = length < QUOTE_SIZE ? length : QUOTE_SIZE;
	if (!message_send(sender->iface, &msg, sender->peer->nbma, now))
		return;
	emit_remote_event(in->node,
		&(struct event) {
			.type = EVENT_REDIRECT_SENT,
			.iface = in->config->id,
			.protocol = ip.dst,
			.nbma = sender->peer->nbma,
		},
		now);
}

/// Did a client of ours send the packet, by us to a hub of hubs? Then the redirect is for that client.
static bool is_from_client(const struct iface *iface, struct addr src, struct addr from)
{
	const struct binding *client = node_of(iface, src);

	return client && client->type == BINDING_DYNAMIC && !addr_equal(client->peer->nbma, from);
}

void redirect_on_indication(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	struct ip_header ip;

	if (!ip_read(msg->payload, msg->payload_length, &ip)) {
		message_refuse(iface, REFUSED_MALFORMED, from, "redirect without a packet in it", now);
		return;
	}
	// Only a node that we send to can know a packet of ours, and only for our own side do we ask (the
	// "domino" rule, RFC 2332 section 6.4).
	if (peer_find(iface, from) && is_from_client(iface, ip.src, from)) {
		forward_message(iface, msg, ip.src, from, msg->payload, msg->payload_length, now);
		return;
	}
	if (!peer_find(iface, from) || route_judge(iface, ip.src).side != ROUTE_OURS) {
		message_refuse(iface, REFUSED_FORGED, from, "redirect of a packet that is not ours", now);
		return;
	}
	if (!iface->config->shortcut)
		return;
	if (route_judge(iface, ip.dst).side != ROUTE_CLOUD || shortcut_find(iface, ip.dst))
		return;
	resolve_start(iface, ip.dst, now);
}

void redirect_done(struct iface *iface)
{
	struct redirect *redirect, *next;

	HASH_ITER(hh, iface->redirects, redirect, next)
	{
		HASH_DEL(iface->redirects, redirect);
		free(redirect);
	}
}
