// SPDX-License-Identifier: GPL-2.0-or-later
// `show interfaces`, `show running-config`, `show version`, `show debugging`.
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "conf/conf.h"
#include "core/node.h"
#include "core/peer.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "link/link.h"

static json_t *peer_counters(struct link *link, const struct peer *peer)
{
	struct link_counters counters = { 0 };
	if (link != NULL && !link->ops->counters(link, peer->nbma, &counters))
		counters = (struct link_counters) { 0 };
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "nbma", view_addr(peer->nbma), "sent_packets",
		view_count(counters.sent_packets), "sent_bytes", view_count(counters.sent_bytes),
		"received_packets", view_count(counters.received_packets), "received_bytes",
		view_count(counters.received_bytes));
}

static json_t *link_drop_counts(struct link *link)
{
	struct link_drops drops = { 0 };
	if (link == NULL)
		return json_null();
	link->ops->drops(link, &drops);
	return json_pack("{s:o, s:o, s:o, s:o}", "unknown_peer", view_count(drops.unknown_peer), "not_wanted",
		view_count(drops.not_wanted), "send_failed", view_count(drops.send_failed), "device_full",
		view_count(drops.device_full));
}

static json_t *interface(const struct ctl_context *context, size_t index)
{
	const struct iface *iface = context->node->ifaces[index];
	const struct tunnel_config *tunnel = &context->config->tunnels[index];
	struct link *link = NULL;
	if (context->link != NULL)
		link = context->link(context->owner, iface->config->id);

	json_t *peers = json_array();
	for (const struct peer *peer = iface->peers; peer != NULL; peer = peer->hh.next)
		json_array_append_new(peers, peer_counters(link, peer));

	json_t *object = json_pack("{s:s, s:b, s:b, s:o, s:o, s:i, s:o, s:o}", "interface",
		iface->config->name, "shutdown", tunnel->shutdown, "up", iface->up, "description",
		view_text(tunnel->description), "address", view_prefix(iface->config->address), "mtu",
		(int)tunnel->ip_mtu, "source", view_addr(iface->nbma), "destination",
		view_addr(iface->config->destination));
	json_t *rest = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "source_interface",
		tunnel->source_interface[0] != '\0' ? view_text(tunnel->source_interface) : json_null(),
		"mode", tunnel->mode == TUNNEL_GRE_MULTIPOINT ? "gre multipoint" : "gre ip", "key",
		tunnel->has_key ? json_integer(tunnel->key) : json_null(), "link",
		link != NULL ? json_string(link->ops->name) : json_null(), "peers", peers, "drops",
		link_drop_counts(link));
	json_object_update(object, rest);
	json_decref(rest);
	return object;
}

json_t *view_interfaces(const struct ctl_context *context, const char *name)
{
	json_t *list = json_array();
	for (size_t i = 0; i < context->node->iface_count; i++)
		if (name == NULL || strcasecmp(name, context->node->ifaces[i]->config->name) == 0)
			json_array_append_new(list, interface(context, i));
	return json_pack("{s:s, s:o}", "schema", "dmvpn/interface/1", "interfaces", list);
}

json_t *view_running_config(const struct config *config)
{
	char *text = conf_print(config, true);
	json_t *view = json_pack("{s:s, s:o}", "schema", "dmvpn/running-config/1", "text", view_text(text));
	free(text);
	return view;
}

json_t *view_version(const struct config *config, struct mono started, struct mono now)
{
	char host[65] = { 0 };
	if (config->hostname == NULL && gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "schema", "dmvpn/version/1", "name", "Open DMVPN",
		"version", DMVPN_VERSION, "hostname",
		view_text(config->hostname != NULL ? config->hostname : host), "uptime_seconds",
		view_age(started, now));
}

json_t *view_debugging(const struct ctl_debug *debug)
{
	return json_pack("{s:s, s:b, s:b, s:b}", "schema", "dmvpn/debugging/1", "packet", debug->packet,
		"cache", debug->cache, "event", debug->event);
}
