// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp nhs` and `show ip nhrp multicast`: what the configuration and the clients point to.
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/node.h"
#include "ctl/view.h"
#include "ctl/views.h"

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

json_t *view_nhs(const struct node *node, struct mono now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const struct nhs *active = nhs_active(iface);
		json_t *servers = json_array();
		for (size_t j = 0; j < iface->nhs_count; j++)
			if (is_shown(iface, j))
				json_array_append_new(servers, server(&iface->nhs[j], active, now));
		json_array_append_new(
			list, json_pack("{s:s, s:o}", "interface", iface->config->name, "nhs", servers));
	}
	return json_pack("{s:s, s:o}", "schema", "dmvpn/nhrp-nhs/1", "interfaces", list);
}

static const char *receiver_kind(const struct iface *iface, struct addr nbma)
{
	switch (multicast_reason(iface, nbma)) {
	case MULTICAST_STATIC:
		return "static";
	case MULTICAST_NHS:
		return "nhs";
	case MULTICAST_DYNAMIC:
	case MULTICAST_NONE:
		break;
	}
	return "dynamic";
}

json_t *view_multicast(const struct node *node)
{
	json_t *list = json_array();
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const struct desired_entry *cursor = NULL;
		struct desired_item item;
		while (desired_next(&node->desired, &cursor, &item))
			if (item.kind == DESIRED_MULTICAST && item.iface == iface->config->id)
				json_array_append_new(
					list, json_pack("{s:s, s:o, s:s}", "interface", iface->config->name,
						      "nbma", view_addr(item.nbma), "kind",
						      receiver_kind(iface, item.nbma)));
	}
	return json_pack("{s:s, s:o}", "schema", "dmvpn/nhrp-multicast/1", "receivers", list);
}
