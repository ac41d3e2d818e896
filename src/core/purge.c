// SPDX-License-Identifier: GPL-2.0-or-later
/// Who may withdraw what: a client its own registration; the node that gave an answer, and a server, what
/// was learned by resolution. Nobody else. Where another node passed the request on, which looked who sent
/// it, it is its source's.
#include <utlist.h>

#include "core/cache.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/purge.h"
#include "core/requester.h"
#include "core/shortcut.h"

struct sender {
	struct addr from;     ///< underlay
	struct addr protocol; ///< set: another node passed the request on, and this is its source
	bool is_server;       ///< which may withdraw whatever was learned
};

static bool is_senders(const struct binding *binding, const struct sender *sender)
{
	if (addr_is_set(sender->protocol))
		return addr_equal(binding->protocol, sender->protocol);
	return addr_equal(binding->peer->nbma, sender->from) &&
	       !cache_is_anothers(binding, protect_identity(binding->iface, sender->from));
}

/// The binding of exactly the purged address. False where its sender may not withdraw it.
static bool purge_binding(
	struct iface *iface, struct addr protocol, const struct sender *sender, struct mono now)
{
	struct binding *binding = cache_find(iface, protocol);

	if (!binding)
		return true;
	/* A registration only the client itself ends. */
	if (binding->type == BINDING_DYNAMIC && !addr_is_set(sender->protocol) &&
		is_senders(binding, sender)) {
		requester_purge(iface, prefix_host(protocol), now);
		cache_remove(binding, "withdrawn by the client");
		return true;
	}
	if (binding->type == BINDING_CACHED && (sender->is_server || is_senders(binding, sender))) {
		shortcut_renew_via(binding, "purged", now);
		cache_remove(binding, "purged");
		return true;
	}
	return binding->type == BINDING_TEMPORARY;
}

/// What a request withdraws.
struct prefixes {
	struct prefix items[NHRP_MAX_CIES];
	unsigned count;
};

static bool cover(const struct prefixes *prefixes, struct prefix prefix)
{
	for (unsigned i = 0; i < prefixes->count; i++)
		if (prefix_covers(prefixes->items[i], prefix))
			return true;
	return false;
}

/// Of one next hop. True where there were any.
static bool purge_shortcuts_via(struct binding *next_hop, const struct prefixes *prefixes, struct mono now)
{
	struct shortcut *shortcut, *next;
	bool any = false;

	DL_FOREACH_SAFE2(next_hop->shortcuts, shortcut, next, via_next)
	{
		if (!cover(prefixes, shortcut->prefix))
			continue;
		shortcut_renew(shortcut, "purged", now);
		any = true;
	}
	return any;
}

static bool purge_shortcuts_of(
	struct iface *iface, const struct prefixes *prefixes, const struct sender *sender, struct mono now)
{
	const struct peer *peer = peer_find(iface, sender->from);
	struct binding *binding;
	bool any = false;

	if (addr_is_set(sender->protocol)) {
		binding = cache_find(iface, sender->protocol);
		return binding && purge_shortcuts_via(binding, prefixes, now);
	}
	DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
	{
		if (is_senders(binding, sender))
			any |= purge_shortcuts_via(binding, prefixes, now);
	}
	return any;
}

static void purge_shortcuts_of_all(struct iface *iface, const struct prefixes *prefixes, struct mono now)
{
	for (unsigned i = 0; i < prefixes->count; i++) {
		struct prefix cursor = { 0 };
		struct shortcut *shortcut;

		while ((shortcut = shortcut_next(iface, prefixes->items[i], &cursor)) != NULL)
			shortcut_renew(shortcut, "purged", now);
	}
}

/// Is there something that is withdrawn, or rather would be?
static bool is_there(const struct iface *iface, const struct prefixes *prefixes)
{
	for (unsigned i = 0; i < prefixes->count; i++) {
		struct prefix cursor = { 0 };

		if (shortcut_next(iface, prefixes->items[i], &cursor))
			return true;
	}
	return false;
}

void purge_on_request(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, bool passed_on, struct mono now)
{
	const struct sender sender = {
		.from = from,
		.protocol = passed_on ? msg->src_protocol : (struct addr) { 0 },
		.is_server = passed_on ? nhs_by_protocol(iface, msg->src_protocol) != NULL
				       : nhs_by_nbma(iface, from) != NULL,
	};
	struct prefixes prefixes = { 0 };
	struct message_space space;
	struct nhrp_msg reply;
	bool allowed = true;

	for (uint8_t i = 0; i < msg->cie_count; i++) {
		const struct nhrp_cie *cie = &msg->cies[i];
		struct addr protocol = addr_is_set(cie->protocol) ? cie->protocol : msg->src_protocol;
		struct prefix prefix = prefix_make(protocol, nhrp_cie_prefix_bits(cie, msg->protocol_family));

		if (prefix.length == addr_bits(protocol))
			allowed &= purge_binding(iface, protocol, &sender, now);
		if (!cover(&prefixes, prefix))
			prefixes.items[prefixes.count++] = prefix;
	}
	if (sender.is_server)
		purge_shortcuts_of_all(iface, &prefixes, now);
	else if (!purge_shortcuts_of(iface, &prefixes, &sender, now))
		allowed &= !is_there(iface, &prefixes);
	if (!allowed)
		message_refuse(iface, REFUSED_FORGED, from, "purge of what is not the sender's", now);
	if (msg->flags & NHRP_FLAG_PURGE_NO_REPLY)
		return;
	message_reply(iface, msg, &reply, NHRP_PURGE_REPLY, &space);
	(void)message_send(iface, &reply, from, now);
}
