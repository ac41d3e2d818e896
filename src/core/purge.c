// SPDX-License-Identifier: GPL-2.0-or-later
/// Who may withdraw what: a client its own registration; the node that gave an answer, and a server, what
/// was learned by resolution. Nobody else.
#include "core/cache.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/purge.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"

static bool is_from(const struct binding *binding, struct addr from)
{
	return binding && addr_equal(binding->peer->nbma, from) &&
	       !cache_is_anothers(binding, protect_identity(binding->iface, from));
}

/// The binding of exactly the purged address. False where its sender may not withdraw it.
static bool purge_binding(struct iface *iface, struct addr protocol, struct addr from, struct mono now)
{
	struct binding *binding = cache_find(iface, protocol);

	if (!binding)
		return true;
	if (binding->type == BINDING_DYNAMIC && is_from(binding, from)) {
		requester_purge(iface, prefix_host(protocol), now);
		cache_remove(binding, "withdrawn by the client");
		return true;
	}
	if (binding->type == BINDING_CACHED && (is_from(binding, from) || nhs_by_nbma(iface, from))) {
		shortcut_renew_via(iface, protocol, "purged", now);
		cache_remove(binding, "purged");
		return true;
	}
	return binding->type == BINDING_TEMPORARY;
}

static bool purge_shortcuts(struct iface *iface, struct prefix prefix, struct addr from, struct mono now)
{
	struct prefix cursor = { 0 };
	struct shortcut *shortcut;
	bool allowed = true;

	while ((shortcut = shortcut_next(iface, prefix, &cursor)) != NULL) {
		const struct binding *binding = cache_find(iface, shortcut->next_hop);
		struct addr destination = shortcut->destination;

		if (!is_from(binding, from) && !nhs_by_nbma(iface, from)) {
			allowed = false;
			continue;
		}
		shortcut_remove(shortcut, "purged");
		if (binding && peer_is_in_use(binding->peer, 60 * MONO_SECOND, now))
			resolve_start(iface, destination, now);
	}
	return allowed;
}

void purge_on_request(struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	struct message_space space;
	struct nhrp_msg reply;
	bool allowed = true;

	for (uint8_t i = 0; i < msg->cie_count; i++) {
		const struct nhrp_cie *cie = &msg->cies[i];
		struct addr protocol = addr_is_set(cie->protocol) ? cie->protocol : msg->src_protocol;
		struct prefix prefix = prefix_make(protocol, nhrp_cie_prefix_bits(cie, msg->protocol_family));

		if (prefix.length == addr_bits(protocol))
			allowed &= purge_binding(iface, protocol, from, now);
		allowed &= purge_shortcuts(iface, prefix, from, now);
	}
	if (!allowed)
		message_refuse(iface, REFUSED_FORGED, from, "purge of what is not the sender's", now);
	if (msg->flags & NHRP_FLAG_PURGE_NO_REPLY)
		return;
	message_reply(iface, msg, &reply, NHRP_PURGE_REPLY, &space);
	(void)message_send(iface, &reply, from, now);
}
