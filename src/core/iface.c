// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "core/cache.h"
#include "core/iface.h"
#include "core/lifecycle.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/redirect.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "core/silent.h"
#include "core/timers.h"

struct addr iface_address(const struct iface *iface)
{
	return iface->config->address.addr;
}

struct prefix iface_subnet(const struct iface *iface)
{
	return prefix_make(iface->config->address.addr, iface->config->address.length);
}

struct prefix iface_everything(const struct iface *iface)
{
	return (struct prefix) { .addr.family = iface_address(iface).family };
}

uint32_t iface_registration_interval(const struct iface *iface)
{
	uint32_t interval = iface->config->registration_timeout;

	if (interval == 0)
		interval = iface->config->holding_time / 3;
	return interval ? interval : 1;
}

void iface_set_link(struct iface *iface, bool up, uint32_t device, struct addr nbma, struct mono now)
{
	bool was_up = iface->up;
	bool moved = up && was_up && !addr_equal(iface->nbma, nbma);
	const struct nhs *server;

	iface->up = up;
	iface->device = device;
	iface->nbma = nbma;
	if (up == was_up && !moved)
		return;
	for (size_t i = 0; i < iface->nhs_count; i++)
		nhs_step(&iface->nhs[i], up ? NHS_EVENT_LINK_UP : NHS_EVENT_LINK_DOWN, now);
	server = nhs_active(iface);
	// Nobody knows the new address yet, so what others hold is withdrawn in the server's name.
	if (moved && server)
		requester_withdraw(iface, (struct addr) { 0 }, server->nbma, now);
}

size_t iface_clear_shortcuts(struct iface *iface)
{
	struct prefix cursor = { 0 };
	struct shortcut *shortcut;
	size_t count = 0;

	while ((shortcut = shortcut_next(iface, iface_everything(iface), &cursor)) != NULL) {
		shortcut_remove(shortcut, EVENT_CLEARED);
		count++;
	}
	return count;
}

size_t iface_clear(struct iface *iface, struct addr protocol, struct mono now)
{
	struct binding *binding, *next;
	struct resolution *resolution, *next_resolution;
	size_t count = addr_is_set(protocol) ? 0 : iface_clear_shortcuts(iface);

	HASH_ITER(hh, iface->resolutions, resolution, next_resolution)
	{
		if (!addr_is_set(protocol) || addr_equal(protocol, resolution->destination))
			resolve_forget(resolution);
	}
	HASH_ITER(hh, iface->bindings, binding, next)
	{
		if (binding->type > BINDING_DYNAMIC)
			continue;
		if (addr_is_set(protocol) && !addr_equal(protocol, binding->protocol))
			continue;
		if (binding->type == BINDING_DYNAMIC)
			requester_purge(iface, prefix_host(binding->protocol), now);
		cache_remove(binding, EVENT_CLEARED);
		count++;
	}
	return count;
}

void iface_shutdown(struct iface *iface, struct mono now)
{
	requester_withdraw(iface, (struct addr) { 0 }, (struct addr) { 0 }, now);
	for (size_t i = 0; i < iface->nhs_count; i++)
		nhs_leave(&iface->nhs[i], now);
}

static void free_bindings(struct iface *iface)
{
	struct binding *binding, *next;

	HASH_ITER(hh, iface->bindings, binding, next)
	{
		cache_remove(binding, "the node ends");
	}
}

void iface_done(struct iface *iface)
{
	struct resolution *resolution, *next;

	HASH_ITER(hh, iface->resolutions, resolution, next)
	{
		resolve_forget(resolution);
	}
	for (size_t i = 0; i < iface->nhs_count; i++)
		timerq_disarm(&iface->node->timers, &iface->nhs[i].timer);
	iface_clear_shortcuts(iface);
	free_bindings(iface);
	cache_walks_done(iface);
	requester_done(iface);
	redirect_done(iface);
	silent_done(iface);
	protect_done(iface);
	trie_done(&iface->shortcuts);
	free(iface->nhs);
}
