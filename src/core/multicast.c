// SPDX-License-Identifier: GPL-2.0-or-later
#include <utlist.h>

#include "core/cache.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"

static bool is_registered(const struct iface *iface, struct addr nbma)
{
	const struct peer *peer = peer_find(iface, nbma);
	const struct binding *binding;

	if (!peer)
		return false;
	DL_FOREACH2(peer->bindings, binding, peer_next)
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
	if (config->multicast_dynamic && is_registered(iface, nbma))
		return MULTICAST_DYNAMIC;
	return MULTICAST_NONE;
}

void multicast_update(struct iface *iface, struct addr nbma)
{
	struct desired_item item = { .kind = DESIRED_MULTICAST, .iface = iface->config->id, .nbma = nbma };

	if (multicast_reason(iface, nbma) == MULTICAST_NONE)
		desired_clear(&iface->node->desired, &item);
	else
		desired_set(&iface->node->desired, &item);
}

void multicast_update_configured(struct iface *iface)
{
	for (size_t i = 0; i < iface->config->multicast_count; i++)
		multicast_update(iface, iface->config->multicast[i]);
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (addr_is_set(iface->nhs[i].nbma))
			multicast_update(iface, iface->nhs[i].nbma);
	}
}
