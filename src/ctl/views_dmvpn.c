// SPDX-License-Identifier: GPL-2.0-or-later
// `show dmvpn`: the entries of each interface, grouped by the NBMA address that they lead to.
#include <stdlib.h>

#include "conf/conf.h"
#include "core/node.h"
#include "ctl/entry.h"
#include "ctl/view.h"
#include "ctl/views.h"

/// As Cisco decides: who registers is a spoke, who is registered with is a hub.
static const char *interface_type(const struct iface *iface)
{
	bool spoke = iface->config->nhs_count > 0;
	bool hub = iface->dynamic_count > 0 || iface->config->multicast_dynamic || !spoke;

	if (iface->config->network_id == 0)
		return "Unknown";
	return spoke && hub ? "Hub/Spoke" : spoke ? "Spoke" : "Hub";
}

static json_t *peer_entry(const struct entry *entry, struct mono now)
{
	char attributes[ENTRY_ATTRIBUTES_SIZE];
	return json_pack("{s:o, s:s, s:o, s:s, s:o}", "tunnel_address", view_addr(entry->next_hop), "state",
		entry_state_name(entry->state), "up_down_seconds", view_age(entry->since, now), "attributes",
		entry_attributes(entry, attributes), "target", view_prefix(entry->target));
}

/// The peer which begins with entry `first`: that one and those after it with its NBMA address.
static json_t *peer(const struct entry *entries, size_t first, size_t count, struct mono now)
{
	json_t *list = json_array();
	for (size_t i = first; i < count && addr_equal(entries[i].nbma, entries[first].nbma); i++)
		json_array_append_new(list, peer_entry(&entries[i], now));
	return json_pack("{s:o, s:i, s:o}", "nbma", view_addr(entries[first].nbma), "entry_count",
		(int)json_array_size(list), "entries", list);
}

static int by_nbma(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = addr_compare(a->nbma, b->nbma);
	if (order == 0)
		order = addr_compare(a->target.addr, b->target.addr);
	return order != 0 ? order : (int)a->target.length - (int)b->target.length;
}

/// What is ours is no peer's. Returns how many entries stay.
static size_t drop_local(struct entry *entries, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (!(entries[i].flags & ENTRY_LOCAL))
			entries[kept++] = entries[i];
	return kept;
}

static json_t *peers(const struct iface *iface, struct mono now)
{
	size_t count;
	struct entry *entries = entries_of(iface, now, &count);
	count = drop_local(entries, count);
	if (count > 0)
		qsort(entries, count, sizeof(*entries), by_nbma);

	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (i == 0 || !addr_equal(entries[i].nbma, entries[i - 1].nbma))
			json_array_append_new(list, peer(entries, i, count, now));
	free(entries);
	return list;
}

json_t *view_dmvpn(const struct node *node, const struct config *config, struct mono now)
{
	json_t *list = json_array();
	json_t *servers = view_nhs(node, now);
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const struct tunnel_config *tunnel = &config->tunnels[i];
		json_t *nhs =
			json_object_get(json_array_get(json_object_get(servers, "interfaces"), i), "nhs");
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:s, s:O, s:o}", "interface",
				      iface->config->name, "type", interface_type(iface), "up", iface->up,
				      "shutdown", tunnel->shutdown, "address",
				      view_prefix(iface->config->address), "source", view_addr(iface->nbma),
				      "destination", view_addr(iface->config->destination), "mode",
				      tunnel->mode == TUNNEL_GRE_MULTIPOINT ? "gre multipoint" : "gre ip",
				      "nhs", nhs, "peers", peers(iface, now)));
	}
	json_decref(servers);
	return json_pack("{s:s, s:o}", "schema", "dmvpn/dmvpn/1", "interfaces", list);
}
