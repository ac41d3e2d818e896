// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/nhs.h"
#include "core/node.h"
#include "daemon/daemon.h"
#include "daemon/statics.h"
#include "linux/device.h"
#include "linux/routes.h"

struct entry {
	struct static_route config;
	struct routes_static route; ///< as installed
	bool is_installed;
	struct err waits; ///< why it is not
	bool told;        ///< the log said so
};

struct statics {
	struct daemon *daemon;
	struct entry *entries;
	size_t count;
};

/// The entries of the daemon's configuration, none of them installed.
static void set_entries(struct statics *statics)
{
	const struct config *config = statics->daemon->config;

	statics->count = config->route_count;
	statics->entries = alloc_zeroed(statics->count + 1, sizeof(*statics->entries));
	for (size_t i = 0; i < statics->count; i++)
		statics->entries[i].config = config->routes[i];
}

struct statics *statics_new(struct daemon *daemon)
{
	struct statics *statics = alloc_zeroed(1, sizeof(*statics));

	statics->daemon = daemon;
	set_entries(statics);
	return statics;
}

static bool is_installed(void *context, const struct routes_static *route)
{
	const struct statics *statics = context;

	for (size_t i = 0; i < statics->count; i++) {
		const struct entry *entry = &statics->entries[i];

		if (entry->is_installed && prefix_equal(entry->route.prefix, route->prefix) &&
			addr_equal(entry->route.next_hop, route->next_hop) &&
			entry->route.metric == route->metric &&
			(entry->route.device == 0 || entry->route.device == route->device))
			return true;
	}
	return false;
}

void statics_sweep(struct statics *statics)
{
	unsigned removed;
	struct err err;

	if (!routes_static_flush(statics->daemon->rtnl, is_installed, statics, &removed, &err))
		log_warning("%s", err.text);
	else if (removed > 0)
		log_notice("removed %u static routes that an earlier run left", removed);
}

/// The server that the next hop is, if it does not answer or is not used now; else NULL. One can be known by
/// two places.
static const struct nhs *server_down(const struct node *node, struct addr next_hop)
{
	const struct nhs *down = NULL;

	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];

		for (size_t j = 0; j < iface->nhs_count; j++) {
			const struct nhs *nhs = &iface->nhs[j];

			if (!addr_is_set(nhs->protocol) || !addr_equal(nhs->protocol, next_hop))
				continue;
			if (!nhs->declared_down && !nhs->standby)
				return NULL;
			down = nhs;
		}
	}
	return down;
}

static bool install(struct statics *statics, struct entry *entry, struct err *err)
{
	const struct static_route *config = &entry->config;
	struct rtnl *rtnl = statics->daemon->rtnl;
	struct device_info device = { 0 };

	if (config->interface[0] != '\0' && !device_get(rtnl, config->interface, &device, err))
		return false;
	entry->route = (struct routes_static) {
		.prefix = config->prefix,
		.next_hop = config->next_hop,
		.device = device.index,
		.metric = config->distance,
	};
	return routes_static_add(rtnl, &entry->route, err);
}

static void withdraw(struct statics *statics, struct entry *entry)
{
	struct err err;

	if (entry->is_installed && !routes_static_delete(statics->daemon->rtnl, &entry->route, &err))
		log_warning("%s", err.text);
	entry->is_installed = false;
}

/// Takes the route out while the server that it is by is down.
static bool follow_server(struct statics *statics, struct entry *entry)
{
	const struct nhs *down = server_down(statics->daemon->node, entry->config.next_hop);
	char text[ADDR_TEXT_SIZE];

	if (!down)
		return false;
	withdraw(statics, entry);
	addr_format(entry->config.next_hop, text);
	if (down->standby)
		err_set(&entry->waits, "the next hop server %s is not used now, as others are", text);
	else
		err_set(&entry->waits, "the next hop server %s is down; `why %s` tells more", text, text);
	return true;
}

void statics_update(struct statics *statics)
{
	for (size_t i = 0; i < statics->count; i++) {
		struct entry *entry = &statics->entries[i];
		char text[PREFIX_TEXT_SIZE];

		if (follow_server(statics, entry) || entry->is_installed)
			continue;
		entry->is_installed = install(statics, entry, &entry->waits);
		if (!entry->is_installed && !entry->told)
			log_info("the route to %s waits: %s", prefix_format(entry->config.prefix, text),
				entry->waits.text);
		entry->told = !entry->is_installed;
	}
}

static bool same_route(const struct static_route *a, const struct static_route *b)
{
	return prefix_equal(a->prefix, b->prefix) && addr_equal(a->next_hop, b->next_hop) &&
	       strcmp(a->interface, b->interface) == 0 && a->distance == b->distance;
}

static struct entry *find(const struct statics *statics, const struct static_route *route)
{
	for (size_t i = 0; i < statics->count; i++) {
		if (same_route(&statics->entries[i].config, route))
			return &statics->entries[i];
	}
	return NULL;
}

const char *statics_waits(const struct statics *statics, const struct static_route *route)
{
	const struct entry *entry = find(statics, route);

	return entry && !entry->is_installed ? entry->waits.text : NULL;
}

void statics_configure(struct statics *statics)
{
	struct statics before = *statics;

	set_entries(statics);
	for (size_t i = 0; i < before.count; i++) {
		struct entry *entry = find(statics, &before.entries[i].config);

		if (entry)
			*entry = before.entries[i];
		else
			withdraw(statics, &before.entries[i]);
	}
	free(before.entries);
	statics_update(statics);
}

void statics_on_device_gone(struct statics *statics)
{
	for (size_t i = 0; i < statics->count; i++)
		statics->entries[i].is_installed = false;
}

void statics_withdraw(struct statics *statics)
{
	for (size_t i = 0; i < statics->count; i++)
		withdraw(statics, &statics->entries[i]);
}

void statics_free(struct statics *statics)
{
	if (!statics)
		return;
	free(statics->entries);
	free(statics);
}
