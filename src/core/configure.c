// SPDX-License-Identifier: GPL-2.0-or-later
/// An interface gets its first configuration and every later one by the same way: what the new one does not
/// change stays as it is, with its timers, requests and peers.
#include <stdlib.h>
#include <string.h>

#include "core/cache.h"
#include "core/iface.h"
#include "core/lifecycle.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/nhs_address.h"
#include "core/nhs_select.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"

#define ERRORS_PER_SECOND 10 ///< Error Indications sent

static const char removed[] = "removed from the configuration";

/// The servers of an interface before a change. Those that stay are moved out of it.
struct servers {
	struct nhs *items;
	size_t count;
};

static void set_static(struct iface *iface, const struct map_config *map, struct mono now)
{
	const struct binding_facts facts = { .type = BINDING_STATIC, .nbma = map->nbma };
	struct binding *binding = cache_set(iface, map->protocol, &facts, now);

	if (binding)
		binding->configured = true;
}

/// A map line of a server's address has precedence over what is known of the server.
static void set_server(struct nhs *nhs, struct mono now)
{
	struct binding *binding = cache_find(nhs->iface, nhs->protocol);

	if (!addr_is_set(nhs->protocol) || !addr_is_set(nhs->nbma))
		return;
	if (binding && binding->type == BINDING_STATIC && !binding->configured)
		cache_make_nhs(binding);
	nhs_address_bind(nhs, now);
	binding = cache_find(nhs->iface, nhs->protocol);
	if (binding)
		binding->configured = true;
}

static void set_bindings(struct iface *iface, struct mono now)
{
	const struct iface_config *config = iface->config;
	struct binding *binding, *next;

	for (binding = iface->bindings; binding; binding = binding->hh.next)
		binding->configured = false;
	for (size_t i = 0; i < config->map_count; i++)
		set_static(iface, &config->maps[i], now);
	for (size_t i = 0; i < iface->nhs_count; i++)
		set_server(&iface->nhs[i], now);
	HASH_ITER(hh, iface->bindings, binding, next)
	{
		if (binding->type >= BINDING_NHS && !binding->configured)
			cache_remove(binding, removed);
	}
}

static void judge(struct iface *iface, struct addr nbma)
{
	if (!addr_is_set(nbma))
		return;
	multicast_update(iface, nbma);
	protect_update(iface, nbma);
}

/// Judges anew everybody who may have become a receiver of multicast or need an SA, or does no more.
static void judge_all(struct iface *iface, const struct iface_config *before, const struct servers *servers)
{
	const struct peer *peer;

	for (size_t i = 0; i < before->multicast_count; i++)
		judge(iface, before->multicast[i]);
	for (size_t i = 0; i < servers->count; i++)
		judge(iface, servers->items[i].nbma);
	multicast_update_configured(iface);
	protect_update_configured(iface);
	if (before->multicast_dynamic == iface->config->multicast_dynamic)
		return;
	for (peer = iface->peers; peer; peer = peer->hh.next)
		multicast_update(iface, peer->nbma);
}

static bool same_key(const struct nhrp_auth_key *a, const struct nhrp_auth_key *b)
{
	return a->kind == b->kind && a->length == b->length && memcmp(a->key, b->key, a->length) == 0;
}

/// Does a server hear something else from us now?
static bool registers_otherwise(const struct iface_config *before, const struct iface_config *after)
{
	return before->holding_time != after->holding_time || before->mtu != after->mtu ||
	       before->registration_timeout != after->registration_timeout ||
	       before->registration_unique != after->registration_unique ||
	       !same_key(&before->auth, &after->auth);
}

static void step_servers(struct iface *iface, bool is_news, struct mono now)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *nhs = &iface->nhs[i];

		if (nhs->state == NHS_INIT)
			nhs_step(nhs, NHS_EVENT_LINK_UP, now);
		else if (is_news)
			nhs_step(nhs, NHS_EVENT_SUSPECT, now);
	}
}

void iface_configure(struct iface *iface, const struct iface_config *config, struct mono now)
{
	const struct iface_config *before = iface->config;
	struct servers servers = { iface->nhs, iface->nhs_count };

	iface->config = config;
	if (before->protected != config->protected)
		cache_on_protection(iface);
	if (before->max_send_packets != config->max_send_packets ||
		before->max_send_interval != config->max_send_interval)
		iface->max_send =
			ratelimit_make(config->max_send_packets, config->max_send_interval * MONO_SECOND);
	if (before->shortcut && !config->shortcut)
		iface_clear_shortcuts(iface);
	nhs_address_configure(iface, servers.items, servers.count, now);
	for (size_t i = 0; i < servers.count; i++) {
		if (servers.items[i].iface)
			nhs_end(&servers.items[i], removed, now);
	}
	nhs_select(iface, now);
	set_bindings(iface, now);
	judge_all(iface, before, &servers);
	free(servers.items);
	if (iface->up)
		step_servers(iface, registers_otherwise(before, config), now);
}

void iface_init(struct iface *iface, struct node *node, const struct iface_config *config, struct mono now)
{
	static const struct iface_config nothing;

	iface->node = node;
	iface->config = &nothing;
	iface->errors = ratelimit_make(ERRORS_PER_SECOND, MONO_SECOND);
	iface_configure(iface, config, now);
}
