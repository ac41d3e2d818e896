// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp traffic`: counters.
#include "core/node.h"
#include "ctl/view.h"
#include "ctl/views.h"

static json_t *by_type(const uint64_t counts[static NHRP_TYPES])
{
	static const char *const names[NHRP_TYPES] = {
		[NHRP_RESOLUTION_REQUEST] = "resolution_request",
		[NHRP_RESOLUTION_REPLY] = "resolution_reply",
		[NHRP_REGISTRATION_REQUEST] = "registration_request",
		[NHRP_REGISTRATION_REPLY] = "registration_reply",
		[NHRP_PURGE_REQUEST] = "purge_request",
		[NHRP_PURGE_REPLY] = "purge_reply",
		[NHRP_ERROR_INDICATION] = "error_indication",
		[NHRP_TRAFFIC_INDICATION] = "traffic_indication",
	};
	json_t *object = json_object();
	uint64_t total = 0;
	for (size_t type = 1; type < NHRP_TYPES; type++) {
		json_object_set_new(object, names[type], view_count(counts[type]));
		total += counts[type];
	}
	json_object_set_new(object, "total", view_count(total));
	return object;
}

static json_t *refusals(const struct counters *counters)
{
	json_t *object = json_object();
	for (enum refusal refusal = 0; refusal < REFUSALS; refusal++)
		json_object_set_new(object, refusal_name(refusal), view_count(counters->refused[refusal]));
	return object;
}

/// From whom they came, the worst first.
static json_t *offenders(const struct counters *counters)
{
	json_t *list = json_array();
	const struct offender *offender;
	for (unsigned i = 0; (offender = offenders_at(&counters->offenders, i)) != NULL; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:s}", "nbma", view_addr(offender->from), "packets",
				      view_count(offender->count - offender->doubt), "packets_at_most",
				      view_count(offender->count), "reason", offender->reason));
	return list;
}

json_t *view_traffic(const struct node *node, struct mono now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = iface_at(node, i);
		const struct counters *counters = &iface->counters;
		json_t *limit =
			json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)iface->config->max_send_packets,
				"interval_seconds", (json_int_t)iface->config->max_send_interval,
				"usage_percent", (json_int_t)ratelimit_usage(&iface->max_send, now));
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "interface",
				      iface->config->name, "max_send", limit, "sent", by_type(counters->sent),
				      "received", by_type(counters->received), "forwarded",
				      by_type(counters->forwarded), "refused", refusals(counters),
				      "refused_from", offenders(counters), "redirects_suppressed",
				      view_count(counters->redirect_suppressed), "registrations_refused",
				      view_count(counters->registrations_refused), "quirks",
				      view_count(counters->quirks)));
	}
	return json_pack("{s:s, s:o, s:o}", "schema", "dmvpn/nhrp-traffic/1", "interfaces", list,
		"events_suppressed", view_count(node->events_suppressed));
}
