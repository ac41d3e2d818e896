// SPDX-License-Identifier: GPL-2.0-or-later
// A metric is a family of samples, one or more for each interface, so each is a walk over the interfaces.
#include "ctl/metrics.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/silent.h"
#include "ctl/context.h"
#include "link/link.h"

struct writer {
	FILE *out;
	const struct ctl_context *context;
	struct mono now;
	bool is_open; ///< OpenMetrics
};

/// OpenMetrics calls a family of counters by the name without "_total", the older format with it.
static void head(const struct writer *writer, const char *name, const char *type, const char *help)
{
	const char *total = !writer->is_open && strcmp(type, "counter") == 0 ? "_total" : "";

	fprintf(writer->out, "# HELP dmvpn_%s%s %s\n# TYPE dmvpn_%s%s %s\n", name, total, help, name, total,
		type);
}

/// A message type or the name of a refusal as a label: "resolution request" is "resolution-request".
static void label(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc(*text == ' ' ? '-' : tolower((unsigned char)*text), out);
}

static void messages(const struct writer *writer, const char *name, const char *help, size_t offset)
{
	const struct node *node = writer->context->node;

	head(writer, name, "counter", help);
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const uint64_t *counts = (const uint64_t *)((const char *)&iface->counters + offset);

		for (unsigned type = 1; type < NHRP_TYPES; type++) {
			fprintf(writer->out, "dmvpn_%s_total{interface=\"%s\",type=\"", name,
				iface->config->name);
			label(writer->out, nhrp_type_name((uint8_t)type));
			fprintf(writer->out, "\"} %" PRIu64 "\n", counts[type]);
		}
	}
}

static void refusals(const struct writer *writer)
{
	const struct node *node = writer->context->node;

	head(writer, "nhrp_refused", "counter", "NHRP packets that were refused, by reason.");
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];

		for (unsigned reason = 0; reason < REFUSALS; reason++) {
			fprintf(writer->out, "dmvpn_nhrp_refused_total{interface=\"%s\",reason=\"",
				iface->config->name);
			label(writer->out, refusal_name((enum refusal)reason));
			fprintf(writer->out, "\"} %" PRIu64 "\n", iface->counters.refused[reason]);
		}
	}
}

static void count(const struct writer *writer, const char *name, const char *help, size_t offset)
{
	const struct node *node = writer->context->node;

	head(writer, name, "counter", help);
	for (size_t i = 0; i < node->iface_count; i++)
		fprintf(writer->out, "dmvpn_%s_total{interface=\"%s\"} %" PRIu64 "\n", name,
			node->ifaces[i]->config->name,
			*(const uint64_t *)((const char *)&node->ifaces[i]->counters + offset));
}

static void traffic(const struct writer *writer)
{
	uint64_t left_out = 0, killed = 0;

	messages(writer, "nhrp_sent", "NHRP messages made here and sent, by type.",
		offsetof(struct counters, sent));
	messages(writer, "nhrp_received", "NHRP messages received, by type.",
		offsetof(struct counters, received));
	messages(writer, "nhrp_forwarded", "NHRP messages passed on for others, by type.",
		offsetof(struct counters, forwarded));
	refusals(writer);
	count(writer, "redirects_suppressed", "Redirects not sent, because one was sent of late.",
		offsetof(struct counters, redirect_suppressed));
	count(writer, "registrations_refused", "Registrations that this server refused.",
		offsetof(struct counters, registrations_refused));
	count(writer, "quirks", "Departures from the RFC that were understood all the same.",
		offsetof(struct counters, quirks));
	head(writer, "events_suppressed", "counter",
		"Events that were not told, because there were too many.");
	fprintf(writer->out, "dmvpn_events_suppressed_total %" PRIu64 "\n",
		writer->context->node->events_suppressed);
	if (!writer->context->hook_counts)
		return;
	writer->context->hook_counts(writer->context->owner, &left_out, &killed);
	head(writer, "hook_left_out", "counter",
		"Events that the event hook was not told, because there were too many.");
	fprintf(writer->out, "dmvpn_hook_left_out_total %" PRIu64 "\n", left_out);
	head(writer, "hook_killed", "counter", "Event hooks that were killed, because they did not end.");
	fprintf(writer->out, "dmvpn_hook_killed_total %" PRIu64 "\n", killed);
}

static void histogram(const struct writer *writer, const char *name, const char *help, size_t offset)
{
	const struct node *node = writer->context->node;

	head(writer, name, "histogram", help);
	for (size_t i = 0; i < node->iface_count; i++) {
		const char *device = node->ifaces[i]->config->name;
		const struct histogram *all =
			(const struct histogram *)((const char *)&node->ifaces[i]->counters + offset);
		uint64_t sum = 0;

		for (unsigned j = 0; j < HISTOGRAM_BOUNDS; j++) {
			sum += all->counts[j];
			fprintf(writer->out, "dmvpn_%s_bucket{interface=\"%s\",le=\"%g\"} %" PRIu64 "\n",
				name, device, (double)histogram_bound(j) / 1e6, sum);
		}
		sum += all->counts[HISTOGRAM_BOUNDS];
		fprintf(writer->out,
			"dmvpn_%s_bucket{interface=\"%s\",le=\"+Inf\"} %" PRIu64
			"\ndmvpn_%s_count{interface=\"%s\"} %" PRIu64
			"\ndmvpn_%s_sum{interface=\"%s\"} %.6f\n",
			name, device, sum, name, device, sum, name, device, (double)all->sum / 1e6);
	}
}

/// How far the way to a peer is built, as in `show dmvpn`.
enum peer_state { PEER_INTF, PEER_IPSEC, PEER_NHRP, PEER_UP, PEER_STATES };

/// A server counts as one even where a map line binds it, and is not up while it does not answer.
static void count_servers(const struct iface *iface, uint64_t counts[BINDING_TYPES][PEER_STATES])
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs *nhs = &iface->nhs[i];
		const struct binding *binding = cache_find(iface, nhs->protocol);
		enum peer_state state;

		if (!binding || binding->type < BINDING_NHS || !addr_equal(binding->peer->nbma, nhs->nbma))
			continue;
		state = !iface->up ? PEER_INTF : binding->secured ? PEER_UP : PEER_IPSEC;
		counts[binding->type][state]--;
		counts[BINDING_NHS][state == PEER_UP && !nhs_is_up(nhs) ? PEER_NHRP : state]++;
	}
}

/// From the counts that the cache keeps, since a hub may have a hundred thousand peers.
static void peers_of(const struct writer *writer, const struct iface *iface)
{
	static const char *const types[] = {
		[BINDING_TEMPORARY] = "incomplete",
		[BINDING_CACHED] = "resolved",
		[BINDING_DYNAMIC] = "registered",
		[BINDING_NHS] = "nhs",
		[BINDING_STATIC] = "static",
	};
	static const char *const states[] = { "INTF", "IPSEC", "NHRP", "UP" };
	uint64_t counts[ARRAY_SIZE(types)][PEER_STATES] = { 0 };

	_Static_assert(ARRAY_SIZE(types) == BINDING_TYPES, "each type has its label");
	for (unsigned type = 0; type < ARRAY_SIZE(types); type++) {
		const uint32_t *secured = iface->binding_counts[type];
		enum peer_state last = type == BINDING_TEMPORARY ? PEER_NHRP : PEER_UP;

		counts[type][iface->up ? PEER_IPSEC : PEER_INTF] += secured[false];
		counts[type][iface->up ? last : PEER_INTF] += secured[true];
	}
	count_servers(iface, counts);
	for (unsigned type = 0; type < ARRAY_SIZE(types); type++) {
		for (unsigned state = 0; state < PEER_STATES; state++)
			fprintf(writer->out,
				"dmvpn_peers{interface=\"%s\",type=\"%s\",state=\"%s\"} %" PRIu64 "\n",
				iface->config->name, types[type], states[state], counts[type][state]);
	}
}

static void servers_of(const struct writer *writer, const struct iface *iface)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs *nhs = &iface->nhs[i];
		char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE];

		if (addr_is_set(nhs->nbma))
			fprintf(writer->out, "dmvpn_nhs_up{interface=\"%s\",server=\"%s\",nbma=\"%s\"} %d\n",
				iface->config->name,
				addr_is_set(nhs->protocol) ? addr_format(nhs->protocol, protocol) : "",
				addr_format(nhs->nbma, nbma), nhs_is_up(nhs));
	}
}

static void gauges(const struct writer *writer)
{
	const struct node *node = writer->context->node;

	head(writer, "peers", "gauge", "Peers in the NHRP cache, by type and by state.");
	for (size_t i = 0; i < node->iface_count; i++)
		peers_of(writer, node->ifaces[i]);
	head(writer, "nhs_up", "gauge", "1 where the next hop server answers.");
	for (size_t i = 0; i < node->iface_count; i++)
		servers_of(writer, node->ifaces[i]);
	head(writer, "shortcuts", "gauge", "Shortcuts that are in use.");
	for (size_t i = 0; i < node->iface_count; i++)
		fprintf(writer->out, "dmvpn_shortcuts{interface=\"%s\"} %zu\n", node->ifaces[i]->config->name,
			node->ifaces[i]->shortcuts.count);
	head(writer, "registered_clients", "gauge", "Clients that are registered with this server.");
	for (size_t i = 0; i < node->iface_count; i++)
		fprintf(writer->out, "dmvpn_registered_clients{interface=\"%s\"} %u\n",
			node->ifaces[i]->config->name, node->ifaces[i]->dynamic_count);
	head(writer, "silent_peers", "gauge",
		"NBMA addresses that did not answer directly of late, though their node may be there.");
	for (size_t i = 0; i < node->iface_count; i++)
		fprintf(writer->out, "dmvpn_silent_peers{interface=\"%s\"} %u\n",
			node->ifaces[i]->config->name, silent_count(node->ifaces[i], writer->context->now()));
	head(writer, "interface_up", "gauge", "1 where the tunnel can carry packets.");
	for (size_t i = 0; i < node->iface_count; i++)
		fprintf(writer->out, "dmvpn_interface_up{interface=\"%s\"} %d\n",
			node->ifaces[i]->config->name, node->ifaces[i]->up);
}

static void drops(const struct writer *writer)
{
	const struct ctl_context *context = writer->context;

	head(writer, "link_dropped", "counter", "Packets that the link dropped, by reason.");
	for (size_t i = 0; i < context->node->iface_count; i++) {
		const struct iface_config *config = context->node->ifaces[i]->config;
		struct link *link = context->link ? context->link(context->owner, config->id) : NULL;
		struct link_drops dropped = { 0 };

		if (!link)
			continue;
		link->ops->drops(link, &dropped);
		const struct {
			const char *reason;
			uint64_t count;
		} reasons[] = {
			{ "unknown-peer", dropped.unknown_peer },
			{ "not-wanted", dropped.not_wanted },
			{ "send-failed", dropped.send_failed },
			{ "device-full", dropped.device_full },
			{ "socket-full", dropped.socket_full },
		};
		for (size_t j = 0; j < ARRAY_SIZE(reasons); j++)
			fprintf(writer->out,
				"dmvpn_link_dropped_total{interface=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
				config->name, reasons[j].reason, reasons[j].count);
	}
}

char *metrics_text(const struct ctl_context *context, bool is_open, size_t *ret_length)
{
	struct writer writer = { .context = context, .now = context->now(), .is_open = is_open };
	char *text = NULL;

	writer.out = open_memstream(&text, ret_length);
	if (!writer.out) {
		*ret_length = 0;
		return alloc_string("");
	}
	head(&writer, "build_info", "gauge", "1, for the version that runs.");
	fprintf(writer.out, "dmvpn_build_info{version=\"%s\"} 1\n", DMVPN_VERSION);
	gauges(&writer);
	traffic(&writer);
	drops(&writer);
	histogram(&writer, "registration_seconds", "From a registration request, sent once, to its answer.",
		offsetof(struct counters, registration));
	histogram(&writer, "shortcut_setup_seconds",
		"From the first question for a destination to its shortcut.",
		offsetof(struct counters, shortcut_setup));
	if (is_open)
		fprintf(writer.out, "# EOF\n");
	fclose(writer.out);
	return text;
}
