// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp nhs` and `show ip nhrp multicast`: what the configuration and the clients point to.
#include <stdlib.h>

#include "base/alloc.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/node.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/walk.h"

/// E: expecting replies, R: responding, W: waiting (for the interface), D: it tells its address itself.
static const char *nhs_flags(const struct nhs *nhs)
{
	bool dynamic = nhs_is_dynamic(nhs);

	switch (nhs->state) {
	case NHS_INIT:
		return dynamic ? "WD" : "W";
	case NHS_PROBE:
		return dynamic ? "ED" : "E";
	case NHS_UP:
	case NHS_CHECK:
	case NHS_FALLBACK:
		return dynamic ? "RED" : "RE";
	}
	return "";
}

/// Several machines wait for the addresses of one name: one of them is enough to see.
static bool is_shown(const struct iface *iface, size_t index)
{
	const struct nhs *nhs = &iface->nhs[index];

	if (addr_is_set(nhs->nbma) || nhs->config->name[0] == '\0')
		return true;
	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs *other = &iface->nhs[i];
		if (other->config == nhs->config && (i < index || addr_is_set(other->nbma)))
			return false;
	}
	return true;
}

static json_t *server(const struct nhs *nhs, const struct nhs *active, struct mono now)
{
	json_t *object = json_pack("{s:o, s:o, s:o, s:b, s:i, s:i, s:s, s:s, s:b}", "address",
		view_addr(nhs->protocol), "nbma", view_addr(nhs->nbma), "name",
		view_text(nhs->config->name[0] != '\0' ? nhs->config->name : NULL), "dynamic",
		nhs_is_dynamic(nhs), "priority", (int)nhs->config->priority, "cluster",
		(int)nhs->config->cluster, "state", nhs_state_name(nhs->state), "flags", nhs_flags(nhs),
		"active", nhs == active);
	json_t *registration = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I, s:i, s:o}",
		"requests_sent", view_count(nhs->requests_sent), "requests_failed",
		view_count(nhs->requests_failed), "replies_received", view_count(nhs->replies_received),
		"last_reply_seconds", view_age(nhs->last_reply.us == 0 ? MONO_NEVER : nhs->last_reply, now),
		"state_seconds", view_age(nhs->since, now), "request_pending", nhs->request_pending,
		"request_id", (json_int_t)nhs->request_id, "retry_seconds", (json_int_t)nhs->retry_seconds,
		"refused_code", (int)nhs->refused_code, "public_nbma", view_addr(nhs->public_nbma));
	json_object_update(object, registration);
	json_decref(registration);
	return object;
}

json_t *view_nhs_of(const struct iface *iface, struct mono now)
{
	const struct nhs *active = nhs_active(iface);
	json_t *servers = json_array();
	for (size_t i = 0; i < iface->nhs_count; i++)
		if (is_shown(iface, i))
			json_array_append_new(servers, server(&iface->nhs[i], active, now));
	return servers;
}

json_t *view_nhs(const struct node *node, struct mono now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = iface_at(node, i);
		json_array_append_new(list, json_pack("{s:s, s:o}", "interface", iface->config->name, "nhs",
						    view_nhs_of(iface, now)));
	}
	return json_pack("{s:s, s:o}", "schema", "dmvpn/nhrp-nhs/1", "interfaces", list);
}

/// NULL: it receives none.
static const char *receiver_kind(enum multicast_reason reason)
{
	switch (reason) {
	case MULTICAST_STATIC:
		return "static";
	case MULTICAST_NHS:
		return "nhs";
	case MULTICAST_DYNAMIC:
		return "dynamic";
	case MULTICAST_NONE:
		break;
	}
	return NULL;
}

struct multicast_view {
	struct view view;
	struct tour tour;
	bool configured; ///< those that are configured were given
};

static void add_receiver(json_t *list, const struct iface *iface, struct addr nbma, const char *kind)
{
	if (kind != NULL)
		json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "interface", iface->config->name,
						    "nbma", view_addr(nbma), "kind", kind));
}

/// `ip nhrp map multicast group`; the NBMA address is null while nobody has registered that receiver.
static void add_group_receivers(json_t *list, const struct iface *iface)
{
	for (size_t i = 0; i < iface->config->group_count; i++) {
		const struct group_config *group = &iface->config->groups[i];
		char text[PREFIX_TEXT_SIZE];
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:s, s:s, s:o}", "interface", iface->config->name, "nbma",
				      view_addr(multicast_receiver(iface, group->receiver)), "kind", "group",
				      "group", prefix_format(group->group, text), "receiver",
				      view_addr(group->receiver)));
	}
}

/// Receivers which need not be peers: `ip nhrp map multicast ADDRESS`.
static void add_configured(json_t *list, const struct iface *iface)
{
	add_group_receivers(list, iface);
	for (size_t i = 0; i < iface->config->multicast_count; i++)
		add_receiver(list, iface, iface->config->multicast[i], receiver_kind(MULTICAST_STATIC));
}

static json_t *receivers_part(struct view *view, json_t *list)
{
	json_t *part = view_part(view, "dmvpn/nhrp-multicast/1");
	json_object_set_new(part, "receivers", list);
	return part;
}

static json_t *next_receivers(struct view *base, const struct ctl_context *context)
{
	struct multicast_view *view = (struct multicast_view *)base;
	const struct iface *iface = tour_iface(&view->tour, context->node);
	struct prefix key;
	if (iface == NULL) {
		base->finished = view->tour.finished;
		return base->finished && !base->begun ? receivers_part(base, json_array()) : NULL;
	}
	json_t *list = json_array();
	if (!view->configured)
		add_configured(list, iface);
	view->configured = true;
	for (unsigned step = 0; step < VIEW_PART_ITEMS; step++) {
		if (walk_next(&view->tour.walk, &key) == 0) {
			tour_next(&view->tour);
			view->configured = false;
			break;
		}
		enum multicast_reason reason = multicast_reason(iface, key.addr);
		if (reason != MULTICAST_STATIC)
			add_receiver(list, iface, key.addr, receiver_kind(reason));
	}
	return receivers_part(base, list);
}

static void multicast_view_free(struct view *base)
{
	tour_done(&((struct multicast_view *)base)->tour);
	free(base);
}

struct view *view_multicast(void)
{
	struct multicast_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next_receivers, .free = multicast_view_free };
	view->tour = tour_make(WALK_PEERS);
	return &view->view;
}
