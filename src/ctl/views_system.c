// SPDX-License-Identifier: GPL-2.0-or-later
// `show interfaces`, `show running-config`, `show startup-config`, `show version`, `show debugging`.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/private.h"
#include "conf/conf.h"
#include "conf/print.h"
#include "core/node.h"
#include "core/peer.h"
#include "ctl/context.h"
#include "ctl/session.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/walk.h"
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
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "unknown_peer", view_count(drops.unknown_peer),
		"not_wanted", view_count(drops.not_wanted), "send_failed", view_count(drops.send_failed),
		"device_full", view_count(drops.device_full), "socket_full", view_count(drops.socket_full));
}

static json_t *head(const struct iface *iface, const struct tunnel_config *tunnel, struct link *link,
	const struct ctl_context *context)
{
	json_t *object = json_pack("{s:s, s:b, s:b, s:o, s:o, s:i, s:o, s:o}", "interface",
		iface->config->name, "shutdown", tunnel->shutdown, "up", iface->up, "description",
		view_text(tunnel->description), "address", view_prefix(iface->config->address), "mtu",
		(int)tunnel->ip_mtu, "source", view_addr(iface->nbma), "destination",
		view_addr(iface->config->destination));
	json_t *rest = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "source_interface",
		tunnel->source_interface[0] != '\0' ? view_text(tunnel->source_interface) : json_null(),
		"mode", tunnel->mode == TUNNEL_GRE_MULTIPOINT ? "gre multipoint" : "gre ip", "key",
		tunnel->has_key ? json_integer(tunnel->key) : json_null(), "link",
		link != NULL ? json_string(link->ops->name) : json_null(), "data_path",
		link != NULL ? view_text(link->ops->data_path(link)) : json_null(), "nhrp_filter",
		link != NULL ? view_text(link->filter) : json_null(), "drops", link_drop_counts(link));
	json_object_update(object, rest);
	json_object_set_new(object, "device_state", view_device_state(iface, context));
	json_decref(rest);
	return object;
}

struct interface_view {
	struct view view;
	char only[IFACE_NAME_SIZE]; ///< the device; empty: all
	struct tour tour;
	bool opened; ///< the interface's head was given
};

static json_t *interfaces_part(struct view *view, json_t *interface)
{
	json_t *part = view_part(view, "dmvpn/interface/1");
	json_object_set_new(
		part, "interfaces", interface != NULL ? json_pack("[o]", interface) : json_array());
	return part;
}

static json_t *next(struct view *base, const struct ctl_context *context)
{
	struct interface_view *view = (struct interface_view *)base;
	const struct iface *iface = tour_iface(&view->tour, context->node);
	if (iface == NULL) {
		view->opened = view->opened && view->tour.id != 0;
		base->finished = view->tour.finished;
		return base->finished && !base->begun ? interfaces_part(base, NULL) : NULL;
	}
	if (view->only[0] != '\0' && strcasecmp(view->only, iface->config->name) != 0) {
		tour_next(&view->tour);
		return NULL;
	}
	struct link *link = context->link != NULL ? context->link(context->owner, iface->config->id) : NULL;
	json_t *object = view->opened
				 ? json_pack("{s:s, s:b}", "interface", iface->config->name, "continued", 1)
				 : head(iface, &context->config->tunnels[view->tour.index], link, context);
	json_t *peers = json_array();
	struct prefix key;
	unsigned step = 0;
	for (; step < VIEW_PART_ITEMS && walk_next(&view->tour.walk, &key) != 0; step++) {
		const struct peer *peer = peer_find(iface, key.addr);
		if (peer != NULL)
			json_array_append_new(peers, peer_counters(link, peer));
	}
	view->opened = step == VIEW_PART_ITEMS;
	if (!view->opened)
		tour_next(&view->tour);
	json_object_set_new(object, "peers", peers);
	return interfaces_part(base, object);
}

static void interface_view_free(struct view *base)
{
	tour_done(&((struct interface_view *)base)->tour);
	free(base);
}

struct view *view_interfaces(const char *name)
{
	struct interface_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next, .free = interface_view_free };
	view->tour = tour_make(WALK_PEERS);
	snprintf(view->only, sizeof(view->only), "%s", name != NULL ? name : "");
	return &view->view;
}

/// Takes the text, which came from private_open().
static json_t *config_view(const char *schema, char *text)
{
	json_t *view = json_pack("{s:s, s:o}", "schema", schema, "text", view_text(text));
	private_free(text);
	return view;
}

json_t *view_running_config(const struct config *config, bool all)
{
	return config_view(
		"dmvpn/running-config/1", all ? conf_print_all(config, true) : conf_print(config, true));
}

json_t *view_running_interface(const struct config *config, const char *name)
{
	char *text;
	FILE *out = private_open(&text);
	for (size_t i = 0; i < config->node.iface_count; i++)
		if (name == NULL || strcmp(name, config->node.ifaces[i].name) == 0)
			print_tunnel(out, config, i, true);
	fclose(out);
	return config_view("dmvpn/running-config/1", text);
}

json_t *view_startup_config(const struct config *config)
{
	return config_view("dmvpn/startup-config/1", conf_print(config, true));
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

json_t *view_debugging(const struct ctl_session *session)
{
	const struct ctl_debug *debug = &session->debug;
	return json_pack("{s:s, s:b, s:b, s:b, s:o, s:b}", "schema", "dmvpn/debugging/1", "packet",
		debug->packet, "cache", debug->cache, "event", debug->event, "peer", view_addr(debug->peer),
		"monitor", session->monitor);
}
