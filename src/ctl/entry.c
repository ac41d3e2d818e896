// SPDX-License-Identifier: GPL-2.0-or-later
// Cisco's cache knows one kind of entry where the core has four: bindings, shortcuts, resolutions and
// requesters. This is the only place that translates between the two.
#include "ctl/entry.h"

#include <string.h>

#include "core/cache.h"
#include "core/iface.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "ctl/context.h"
#include "ctl/views.h"
#include "ctl/walk.h"

#define USED_FOR (60 * MONO_SECOND)

const char *entry_type_name(enum entry_type type)
{
	static const char *const names[] = {
		[ENTRY_STATIC] = "static", [ENTRY_DYNAMIC] = "dynamic", [ENTRY_INCOMPLETE] = "incomplete"
	};
	return names[type];
}

const char *entry_state_name(enum entry_state state)
{
	static const char *const names[] = { [ENTRY_INTF] = "INTF",
		[ENTRY_IKE] = "IKE",
		[ENTRY_IPSEC] = "IPSEC",
		[ENTRY_NHRP] = "NHRP",
		[ENTRY_UP] = "UP" };
	return names[state];
}

const char *entry_flag_name(unsigned index)
{
	static const char *const names[] = { "unique", "registered", "router", "used", "nhop", "rib", "nho",
		"local", "nat", "negative", "temporary" };
	return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

char *entry_attributes(const struct entry *entry, char buffer[static ENTRY_ATTRIBUTES_SIZE])
{
	char *end = buffer;
	if (entry->flags & ENTRY_TEMPORARY)
		end = stpcpy(end, "I2");
	else
		end = stpcpy(end, entry->type == ENTRY_STATIC    ? "S"
				  : entry->type == ENTRY_DYNAMIC ? "D"
								 : "I");
	if (entry->flags & ENTRY_NAT)
		end = stpcpy(end, "N");
	if (entry->flags & ENTRY_LOCAL)
		end = stpcpy(end, "L");
	if (entry->type == ENTRY_INCOMPLETE || (entry->flags & ENTRY_LOCAL))
		end = stpcpy(end, "X");
	if (entry->flags & ENTRY_NHO)
		end = stpcpy(end, "T2");
	else if (entry->flags & ENTRY_RIB)
		end = stpcpy(end, "T1");
	return buffer;
}

static const struct nhs *nhs_of(const struct iface *iface, struct addr protocol)
{
	for (size_t i = 0; i < iface->nhs_count; i++)
		if (addr_equal(iface->nhs[i].protocol, protocol))
			return &iface->nhs[i];
	return NULL;
}

static bool peer_is_used(const struct peer *peer, struct mono now)
{
	return peer->last_sent.us != 0 && mono_between(peer->last_sent, now) <= USED_FOR;
}

/// State and its time where the configuration made the entry: it is up when the other side was heard.
static void set_static_state(struct entry *entry, const struct iface *iface, const struct peer *peer)
{
	const struct nhs *nhs = nhs_of(iface, entry->next_hop);
	bool up = nhs != NULL ? nhs->state == NHS_UP || nhs->state == NHS_CHECK : peer->last_received.us != 0;
	bool ever = up || (nhs != NULL && nhs->last_reply.us != 0);

	entry->nhs = nhs != NULL;
	entry->state = up ? ENTRY_UP : ENTRY_NHRP;
	entry->since = !ever ? MONO_NEVER : nhs != NULL ? nhs->since : entry->created;
}

static struct entry from_binding(const struct iface *iface, const struct binding *binding, struct mono now)
{
	struct entry entry = {
		.target = prefix_host(binding->protocol),
		.next_hop = binding->protocol,
		.nbma = binding->peer->nbma,
		.claimed_nbma = binding->nat ? binding->claimed_nbma : (struct addr) { 0 },
		.type = ENTRY_DYNAMIC,
		.state = ENTRY_UP,
		.flags = (binding->unique ? ENTRY_UNIQUE : 0) | (binding->nat ? ENTRY_NAT : 0) |
			 (peer_is_used(binding->peer, now) ? ENTRY_USED : 0),
		.created = binding->created,
		.expires = binding->expires,
		.since = binding->created,
		.mtu = binding->mtu,
		.request_id = binding->request_id,
	};
	switch (binding->type) {
	case BINDING_TEMPORARY:
		entry.flags |= ENTRY_TEMPORARY;
		entry.state = ENTRY_NHRP;
		break;
	case BINDING_CACHED:
		entry.flags |= ENTRY_ROUTER | ENTRY_NHOP | (iface->config->shortcut ? ENTRY_RIB : 0);
		break;
	case BINDING_DYNAMIC:
		entry.flags |= ENTRY_REGISTERED | ENTRY_NHOP;
		break;
	case BINDING_NHS:
	case BINDING_STATIC:
		entry.type = ENTRY_STATIC;
		set_static_state(&entry, iface, binding->peer);
		break;
	}
	return entry;
}

static struct entry from_shortcut(const struct iface *iface, const struct shortcut *shortcut, struct mono now)
{
	struct entry entry = {
		.target = shortcut->prefix,
		.next_hop = shortcut->next_hop,
		.type = ENTRY_DYNAMIC,
		.state = ENTRY_UP,
		.flags = ENTRY_ROUTER | ENTRY_RIB | (shortcut->exact ? ENTRY_NHO : 0),
		.created = shortcut->created,
		.expires = shortcut->expires,
		.since = shortcut->created,
		.mtu = shortcut->mtu,
	};
	const struct binding *binding = cache_find(iface, shortcut->next_hop);
	if (binding != NULL) {
		entry.nbma = binding->peer->nbma;
		entry.flags |= peer_is_used(binding->peer, now) ? ENTRY_USED : 0;
		if (binding->nat) {
			entry.claimed_nbma = binding->claimed_nbma;
			entry.flags |= ENTRY_NAT;
		}
	}
	return entry;
}

static struct entry from_resolution(const struct resolution *resolution)
{
	return (struct entry) {
		.target = prefix_host(resolution->destination),
		.next_hop = resolution->destination,
		.type = ENTRY_INCOMPLETE,
		.state = ENTRY_NHRP,
		.flags = ENTRY_NEGATIVE,
		.created = resolution->started,
		.expires = timer_is_armed(&resolution->timer) ? resolution->timer.at : MONO_NEVER,
		.since = MONO_NEVER,
		.request_id = resolution->request_id,
		.requests = resolution->tries,
		.reason = resolution->reason,
	};
}

/// A request that renews what is known, or probes a peer, is not an entry of its own.
static bool resolution_is_entry(const struct iface *iface, const struct resolution *resolution)
{
	return !resolution->direct && cache_find(iface, resolution->destination) == NULL &&
	       trie_longest(&iface->shortcuts, resolution->destination) == NULL;
}

/// An answer of ours to somebody: what is behind us, until the last of those who asked forgets it.
static bool from_requesters(const struct iface *iface, const struct requester *list, struct entry *ret)
{
	bool any = false;
	for (const struct requester *r = list; r != NULL; r = r->next) {
		if (!r->is_egress)
			continue;
		if (!any || mono_before(ret->expires, r->expires))
			ret->expires = r->expires;
		ret->target = r->key.prefix;
		any = true;
	}
	ret->next_hop = iface_address(iface);
	ret->nbma = iface->nbma;
	ret->type = ENTRY_DYNAMIC;
	ret->state = ENTRY_UP;
	ret->flags = ENTRY_UNIQUE | ENTRY_ROUTER | ENTRY_LOCAL;
	ret->since = ret->created = MONO_NEVER;
	return any;
}

/// What is missing below NHRP shows first, as on a router.
static void diagnose(const struct ctl_context *context, const struct iface *iface, struct entry *entry)
{
	if (!iface->up) {
		entry->state = ENTRY_INTF;
		return;
	}
	if (entry->flags & ENTRY_LOCAL)
		return;
	const char *waits = view_crypto_waits(iface, context, entry->nbma);
	if (waits != NULL)
		entry->state = strcmp(waits, "IPSEC") == 0 ? ENTRY_IPSEC : ENTRY_IKE;
}

size_t entries_at(const struct ctl_context *context, const struct iface *iface, struct prefix key,
	unsigned sources, struct entry ret[static ENTRIES_AT_MAX])
{
	const struct mono now = context->now();
	const struct binding *binding = sources & WALK_BINDINGS ? cache_find(iface, key.addr) : NULL;
	const struct shortcut *shortcut =
		sources & WALK_SHORTCUTS ? trie_exact(&iface->shortcuts, key) : NULL;
	const struct requester *list = sources & WALK_REQUESTERS ? trie_exact(&iface->requesters, key) : NULL;
	const struct resolution *resolution =
		sources & WALK_RESOLUTIONS ? resolve_find(iface, key.addr) : NULL;
	size_t count = 0;

	if (binding != NULL)
		ret[count++] = from_binding(iface, binding, now);
	if (shortcut != NULL)
		ret[count++] = from_shortcut(iface, shortcut, now);
	if (list != NULL) {
		ret[count] = (struct entry) { 0 };
		count += from_requesters(iface, list, &ret[count]);
	}
	if (resolution != NULL && resolution_is_entry(iface, resolution))
		ret[count++] = from_resolution(resolution);
	for (size_t i = 0; i < count; i++)
		diagnose(context, iface, &ret[i]);
	return count;
}
