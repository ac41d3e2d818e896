// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <utlist.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"

static bool is_registered(const struct peer *peer)
{
	const struct binding *binding;

	DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
	{
		if (binding->type == BINDING_DYNAMIC)
			return true;
	}
	return false;
}

enum multicast_reason multicast_reason(const struct iface *iface, struct addr nbma)
{
	const struct iface_config *config = iface->config;

	for (size_t i = 0; i < config->multicast_count; i++) {
		if (addr_equal(config->multicast[i], nbma))
			return MULTICAST_STATIC;
	}
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (iface->nhs[i].config->multicast && !iface->nhs[i].standby &&
			addr_equal(iface->nhs[i].nbma, nbma))
			return MULTICAST_NHS;
	}
	if (config->multicast_dynamic && is_registered(peer_find(iface, nbma)))
		return MULTICAST_DYNAMIC;
	return MULTICAST_NONE;
}

static void tell(struct iface *iface, struct prefix group, struct addr nbma, bool wanted)
{
	struct desired_item item = {
		.kind = DESIRED_MULTICAST, .iface = iface->config->id, .prefix = group, .nbma = nbma
	};

	if (wanted)
		desired_set(&iface->node->desired, &item);
	else
		desired_clear(&iface->node->desired, &item);
}

/// Clients are many, and known as peers: that one receives is remembered there.
static void tell_client(struct iface *iface, struct addr nbma, bool wanted)
{
	struct peer *peer = peer_find(iface, nbma);

	if (!peer || peer->receiver == wanted)
		return;
	peer->receiver = wanted;
	desired_tell(&iface->node->desired, &(struct desired_item) {
						    .kind = DESIRED_MULTICAST,
						    .present = wanted,
						    .iface = iface->config->id,
						    .nbma = nbma,
					    });
}

/* Groups with receivers of their own */

/// Is the tunnel address one of this peer's, for longer than a resolution?
static bool has_address(const struct peer *peer, struct addr protocol)
{
	const struct binding *binding;

	DL_FOREACH2(peer ? peer->bindings : NULL, binding, peer_next)
	{
		if (binding->type >= BINDING_DYNAMIC && addr_equal(binding->protocol, protocol))
			return true;
	}
	return false;
}

struct addr multicast_receiver(const struct iface *iface, struct addr protocol)
{
	const struct binding *binding = cache_find(iface, protocol);

	return binding && binding->type >= BINDING_DYNAMIC ? binding->peer->nbma : (struct addr) { 0 };
}

/// One behind the last entry of the group that begins at `first`.
static size_t group_end(const struct iface_config *config, size_t first)
{
	size_t end = first;

	while (end < config->group_count &&
		prefix_equal(config->groups[end].group, config->groups[first].group))
		end++;
	return end;
}

static void update_groups(struct iface *iface, struct addr nbma)
{
	const struct iface_config *config = iface->config;
	const struct peer *peer = config->group_count ? peer_find(iface, nbma) : NULL;
	size_t end;

	for (size_t i = 0; i < config->group_count; i = end) {
		bool wanted = false;

		end = group_end(config, i);
		for (size_t j = i; j < end && !wanted; j++)
			wanted = has_address(peer, config->groups[j].receiver);
		tell(iface, config->groups[i].group, nbma, wanted);
	}
}

/// Takes back what is said of groups, configured or not.
static void forget_groups(struct iface *iface)
{
	struct desired *desired = &iface->node->desired;
	const struct desired_entry *cursor = NULL;
	struct desired_item item, *found = NULL;
	size_t count = 0;

	while (desired_next(desired, DESIRED_MULTICAST, &cursor, &item)) {
		if (item.iface != iface->config->id || !addr_is_set(item.prefix.addr))
			continue;
		found = alloc_resize(found, count + 1, sizeof(item));
		found[count++] = item;
	}
	for (size_t i = 0; i < count; i++)
		desired_clear(desired, &found[i]);
	free(found);
}

static void update_configured_groups(struct iface *iface)
{
	const struct iface_config *config = iface->config;
	const struct peer *peer;

	forget_groups(iface);
	for (size_t i = 0; i < config->group_count; i = group_end(config, i))
		tell(iface, config->groups[i].group, (struct addr) { 0 }, true);
	for (peer = config->group_count ? iface->peers : NULL; peer; peer = peer->hh.next)
		update_groups(iface, peer->nbma);
}

void multicast_update(struct iface *iface, struct addr nbma)
{
	enum multicast_reason reason = multicast_reason(iface, nbma);
	bool is_client = reason == MULTICAST_DYNAMIC;

	// What an address is no more comes before what it is instead.
	if (!is_client)
		tell_client(iface, nbma, false);
	tell(iface, (struct prefix) { 0 }, nbma, reason != MULTICAST_NONE && !is_client);
	if (is_client)
		tell_client(iface, nbma, true);
	update_groups(iface, nbma);
}

void multicast_update_configured(struct iface *iface)
{
	update_configured_groups(iface);
	for (size_t i = 0; i < iface->config->multicast_count; i++)
		multicast_update(iface, iface->config->multicast[i]);
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (addr_is_set(iface->nhs[i].nbma))
			multicast_update(iface, iface->nhs[i].nbma);
	}
}
