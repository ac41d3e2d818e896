// SPDX-License-Identifier: GPL-2.0-or-later
// The steps are those that a packet takes: the routing table, what overrides it, the next hop's binding, the
// server behind a binding that is not there yet, the SA, the underlay. The first one that fails is where the
// packet ends.
#include "ctl/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <net/if.h>

#include "conf/conf.h"
#include "core/cache.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "core/silent.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ike/ike.h"
#include "link/link.h"

#define EVENTS_SHOWN 5

struct why {
	const struct ctl_context *context;
	const struct node *node;
	struct mono now;
	struct addr destination;
	json_t *steps;
	bool arrives;              ///< no step failed
	const char *verdict;       ///< one word
	const struct iface *iface; ///< the tunnel; NULL: none
	struct addr next_hop;
	struct addr nbma;
	bool temporary; ///< by a server, until the next hop is known
	char sentence[400];
};

typedef char duration[24];

static const char *seconds_text(int64_t us, duration buffer)
{
	int64_t seconds = us < 0 ? 0 : us / MONO_SECOND;
	if (seconds < 120)
		snprintf(buffer, sizeof(duration), "%lld s", (long long)seconds);
	else if (seconds < 7200)
		snprintf(buffer, sizeof(duration), "%lld min", (long long)seconds / 60);
	else
		snprintf(buffer, sizeof(duration), "%lld h", (long long)seconds / 3600);
	return buffer;
}

#define AGO(since)  seconds_text(mono_between(since, why->now), (duration) { 0 })
#define LEFT(until) seconds_text(mono_between(why->now, until), (duration) { 0 })
#define ADDR(addr)  addr_format(addr, (char[ADDR_TEXT_SIZE]) { 0 })
#define PREFIX(p)   prefix_format(p, (char[PREFIX_TEXT_SIZE]) { 0 })

static void step(struct why *why, const char *about, bool ok, const char *format, ...) PRINTF_LIKE(4, 5);

static void step(struct why *why, const char *about, bool ok, const char *format, ...)
{
	char text[500];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	why->arrives &= ok;
	json_array_append_new(
		why->steps, json_pack("{s:s, s:b, s:o}", "about", about, "ok", ok, "text", view_text(text)));
}

/// The word for it all, and the sentence that begins the answer. The first one stays.
static void decide(struct why *why, const char *verdict, const char *format, ...) PRINTF_LIKE(3, 4);

static void decide(struct why *why, const char *verdict, const char *format, ...)
{
	va_list arguments;
	if (why->verdict != NULL)
		return;
	why->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(why->sentence, sizeof(why->sentence), format, arguments);
	va_end(arguments);
}

static const char *device_name(uint32_t device, char buffer[static IF_NAMESIZE])
{
	if (if_indextoname(device, buffer) == NULL)
		snprintf(buffer, IF_NAMESIZE, "device %u", device);
	return buffer;
}

static const struct iface *tunnel_of(const struct node *node, uint32_t device)
{
	for (size_t i = 0; i < node->iface_count; i++)
		if (device != 0 && iface_at(node, i)->device == device)
			return iface_at(node, i);
	return NULL;
}

/// The routing table that we mirror knows of nothing else.
static bool is_unicast_ipv4(struct why *why)
{
	if (addr_is_multicast(why->destination)) {
		step(why, "route", true,
			"A tunnel copies multicast to those whom `show ip nhrp multicast` lists.");
		decide(why, "multicast", "Packets to %s go to several at once.", ADDR(why->destination));
		return false;
	}
	if (why->destination.family != ADDR_IPV6)
		return true;
	step(why, "route", false,
		"dmvpnd carries IPv6 and does not know its routes: ask `ip -6 route get %s`.",
		ADDR(why->destination));
	decide(why, "unknown", "The way of packets to %s is not known here.", ADDR(why->destination));
	return false;
}

/// The `ip route` of the configuration that the packet would take instead of `route` (NULL: none), and which
/// is not in the table; NULL where there is none.
static const struct static_route *waiting_route(const struct why *why, const struct rib_route *route)
{
	const struct ctl_context *context = why->context;
	const struct static_route *best = NULL;
	int length = route != NULL ? route->prefix.length : -1;
	uint32_t metric = route != NULL ? route->metric : UINT32_MAX;
	for (size_t i = 0; context->route_waits != NULL && i < context->config->route_count; i++) {
		const struct static_route *one = &context->config->routes[i];
		bool better = one->prefix.length > length ||
			      (one->prefix.length == length && one->distance < metric);
		if (!better || !prefix_contains(one->prefix, why->destination) ||
			context->route_waits(context->owner, one) == NULL)
			continue;
		best = one;
		length = one->prefix.length;
		metric = one->distance;
	}
	return best;
}

/// False where it is all that there would be.
static bool look_at_waiting_route(struct why *why, const struct rib_route *route)
{
	const struct static_route *waiting = waiting_route(why, route);
	if (waiting == NULL)
		return true;
	step(why, "route", route != NULL, "`ip route` to %s by %s is configured, and out of the table: %s.",
		PREFIX(waiting->prefix),
		addr_is_set(waiting->next_hop) ? ADDR(waiting->next_hop) : waiting->interface,
		why->context->route_waits(why->context->owner, waiting));
	if (route != NULL)
		return true;
	decide(why, "unroutable",
		"Packets to %s are dropped: the route that is configured is out of the table.",
		ADDR(why->destination));
	return false;
}

/// The routing table. False where the packet takes no tunnel.
static bool look_at_route(struct why *why)
{
	if (!is_unicast_ipv4(why))
		return false;
	const struct rib_route *route = rib_lookup(&why->node->rib, why->destination);
	char device[IF_NAMESIZE];
	if (!look_at_waiting_route(why, route))
		return false;
	if (route == NULL || route->kind == RIB_UNREACHABLE) {
		step(why, "route", false,
			"The routing table has %s %s: add a route, or find out why the routing "
			"protocol does not give one.",
			route == NULL ? "no route to" : "an unreachable route for", ADDR(why->destination));
		decide(why, "unroutable", "Packets to %s are dropped: there is no route.",
			ADDR(why->destination));
		return false;
	}
	if (route->kind == RIB_LOCAL) {
		step(why, "route", true, "%s is an address of this host.", ADDR(why->destination));
		decide(why, "local", "Packets to %s stay here: it is an address of this host.",
			ADDR(why->destination));
		return false;
	}
	why->iface = tunnel_of(why->node, route->device);
	why->next_hop = addr_is_set(route->next_hop) ? route->next_hop : why->destination;
	const char *name = why->iface != NULL ? why->iface->config->name : device_name(route->device, device);
	if (addr_is_set(route->next_hop))
		step(why, "route", true, "The routing table sends %s to the next hop %s on %s.",
			PREFIX(route->prefix), ADDR(route->next_hop), name);
	else
		step(why, "route", true, "The routing table has %s as directly connected on %s.",
			PREFIX(route->prefix), name);
	if (why->iface == NULL)
		decide(why, "elsewhere",
			"Packets to %s leave by %s, which is no tunnel: NHRP has no part in it.",
			ADDR(why->destination), name);
	return why->iface != NULL;
}

/// What goes to a node that did not answer directly goes by the hub.
static void look_at_silence(struct why *why, struct addr nbma)
{
	if (addr_is_set(nbma) && silent_is(why->iface, nbma, why->now))
		step(why, "silent", true,
			"%s did not answer us directly of late: the way to it, or back, may be blocked, by a firewall or "
			"NAT. It is used again once it answers.",
			ADDR(nbma));
}

static void tell_resolution(struct why *why, const struct resolution *resolution)
{
	const char *next = timer_is_armed(&resolution->timer) ? LEFT(resolution->timer.at) : "a moment";
	if (resolution->state == RESOLUTION_HELD)
		step(why, "resolution", true,
			"%s was asked for, first %s ago, %u times, in vain: %s. It is asked for again in %s, if "
			"packets want it.",
			ADDR(resolution->destination), AGO(resolution->started), resolution->tries,
			resolution->reason != NULL ? resolution->reason : "no answer", next);
	else
		step(why, "resolution", true,
			"%s is being asked for, first %s ago: %u requests are unanswered, the next one goes in %s.",
			ADDR(resolution->destination), AGO(resolution->started), resolution->tries, next);
	look_at_silence(why, resolution->probed);
}

/// What overrides the routing table.
static void look_at_shortcut(struct why *why)
{
	const struct shortcut *best = NULL;
	for (size_t i = 0; i < why->node->iface_count; i++) {
		const struct shortcut *one =
			trie_longest(&iface_at(why->node, i)->shortcuts, why->destination);
		if (one != NULL && (best == NULL || one->prefix.length > best->prefix.length))
			best = one;
	}
	if (best != NULL) {
		step(why, "shortcut", true,
			"A shortcut overrides it: %s goes by %s on %s, made %s ago, for another %s.",
			PREFIX(best->prefix), ADDR(best->next_hop), best->iface->config->name,
			AGO(best->created), LEFT(best->expires));
		why->iface = best->iface;
		why->next_hop = best->next_hop;
		return;
	}
	const struct resolution *resolution = resolve_find(why->iface, why->destination);
	if (addr_equal(why->next_hop, why->destination))
		return; // that is the binding's matter
	if (resolution != NULL)
		tell_resolution(why, resolution);
	else if (!why->iface->config->shortcut)
		step(why, "shortcut", true,
			"There is no shortcut: `ip nhrp shortcut` is not configured on %s.",
			why->iface->config->name);
	else
		step(why, "shortcut", true,
			"There is no shortcut, and none is asked for: no Traffic Indication came from a server "
			"(it needs `ip nhrp redirect`), or no packet went there of late.");
}

/// The server that would have to answer.
static void look_at_servers(struct why *why)
{
	const struct nhs *nhs = nhs_active(why->iface);
	if (nhs == NULL) {
		if (why->iface->nhs_count == 0)
			step(why, "server", false,
				"No next hop server is configured on %s that could be asked.",
				why->iface->config->name);
		return;
	}
	bool up = nhs->state == NHS_UP || nhs->state == NHS_CHECK;
	if (up)
		step(why, "server", true,
			"The server %s at %s has been up for %s; its last answer came %s ago.",
			ADDR(nhs->protocol), ADDR(nhs->nbma), AGO(nhs->since), AGO(nhs->last_reply));
	else if (nhs->refusal != NULL)
		step(why, "server", false,
			"The server %s at %s refuses our registration: %s. The last try was %s ago.",
			ADDR(nhs->protocol), ADDR(nhs->nbma), nhs->refusal, AGO(nhs->last_sent));
	else if (nhs->last_sent.us == 0)
		step(why, "server", false, "The server %s was not asked yet: %s.", ADDR(nhs->protocol),
			addr_is_set(nhs->nbma) ? "the tunnel is down" : "its underlay address is not known");
	else
		step(why, "server", false,
			"The server %s at %s does not answer: %u registrations in a row are unanswered, the last "
			"one went %s ago, the next goes %u s after it.",
			ADDR(nhs->protocol), ADDR(nhs->nbma), nhs->tries, AGO(nhs->last_sent),
			nhs->retry_seconds);
}

static const char *binding_origin(const struct binding *binding)
{
	switch (binding->type) {
	case BINDING_TEMPORARY:
		return "by a server for now, as it is being resolved";
	case BINDING_CACHED:
		return "as it told itself";
	case BINDING_DYNAMIC:
		return "as it registered here";
	case BINDING_NHS:
		return "as configured for the server";
	case BINDING_STATIC:
		return "as configured by `ip nhrp map`";
	}
	return "";
}

/// The next hop's NBMA address. False where there is none.
static bool look_at_binding(struct why *why)
{
	const struct binding *binding = cache_find(why->iface, why->next_hop);
	if (addr_is_set(why->iface->config->destination)) {
		why->nbma = why->iface->config->destination;
		step(why, "binding", true, "%s is a point-to-point tunnel to %s.", why->iface->config->name,
			ADDR(why->nbma));
		return true;
	}
	if (binding == NULL) {
		const struct resolution *resolution = resolve_find(why->iface, why->next_hop);
		if (resolution != NULL)
			tell_resolution(why, resolution);
		look_at_servers(why);
		step(why, "binding", false, "Nobody told the NBMA address of %s: %s.", ADDR(why->next_hop),
			why->iface->nhs_count > 0
				? "no server answered for it"
				: "it is not registered here, and there is no `ip nhrp map`");
		decide(why, "unresolved", "Packets to %s do not leave: the next hop %s has no NBMA address.",
			ADDR(why->destination), ADDR(why->next_hop));
		return false;
	}
	why->nbma = binding->peer->nbma;
	why->temporary = binding->type == BINDING_TEMPORARY;
	if (mono_is_never(binding->expires))
		step(why, "binding", true, "%s is at %s, %s.", ADDR(why->next_hop), ADDR(why->nbma),
			binding_origin(binding));
	else
		step(why, "binding", true, "%s is at %s, %s %s ago, for another %s.%s", ADDR(why->next_hop),
			ADDR(why->nbma), binding_origin(binding), AGO(binding->created),
			LEFT(binding->expires), binding->nat ? " It is behind NAT." : "");
	if (why->temporary) {
		const struct resolution *resolution = resolve_find(why->iface, why->next_hop);
		if (resolution != NULL)
			tell_resolution(why, resolution);
	}
	const struct nhs *nhs = nhs_by_nbma(why->iface, why->nbma);
	if (nhs != NULL)
		look_at_servers(why);
	return true;
}

/// As far as strongSwan and our calls tell.
static void tell_missing_sa(struct why *why)
{
	const struct ike *ike = why->context->ike;
	struct ike_attempts attempts = ike_attempts(ike, why->iface->config->id, why->nbma);
	if (ike == NULL || !ike_is_connected(ike))
		step(why, "sa", false,
			"There is no SA with %s: strongSwan does not answer on its VICI socket; look whether it "
			"runs, and at `crypto vici socket`.",
			ADDR(why->nbma));
	else if (attempts.failure != NULL)
		step(why, "sa", false,
			"The last try for an SA with %s failed (failures in a row: %u): %s. The latest one began %s ago.",
			ADDR(why->nbma), attempts.failures, attempts.failure, AGO(attempts.last));
	else if (!attempts.known)
		step(why, "sa", false, "There is no SA with %s, and none was asked for yet.",
			ADDR(why->nbma));
	else if (attempts.ours)
		step(why, "sa", false, "There is no SA with %s yet; it is being made.", ADDR(why->nbma));
	else
		step(why, "sa", false, "There is no SA with %s; the peer makes it when it needs it.",
			ADDR(why->nbma));
}

static void look_at_sa(struct why *why)
{
	if (!why->iface->config->protected)
		return;
	if (protect_is_up(why->iface, why->nbma)) {
		const char *identity = protect_identity(why->iface, why->nbma);
		step(why, "sa", true, "The SA with %s is up%s%s.", ADDR(why->nbma),
			identity != NULL ? "; the peer is " : "", identity != NULL ? identity : "");
		return;
	}
	tell_missing_sa(why);
	decide(why, "unprotected",
		"Packets to %s wait: there is no SA with %s, and nothing leaves in clear text.",
		ADDR(why->destination), ADDR(why->nbma));
}

static void look_at_link(struct why *why)
{
	const struct iface *iface = why->iface;
	const struct rib_route *route = rib_lookup_network(&why->node->rib, why->nbma);
	const struct peer *peer = peer_find(iface, why->nbma);
	struct link *link = why->context->link != NULL
				    ? why->context->link(why->context->owner, iface->config->id)
				    : NULL;
	struct link_counters counters;
	char device[IF_NAMESIZE];

	if (!iface->up) {
		step(why, "link", false, "%s is down: its source has no address, or it is shut down.",
			iface->config->name);
		decide(why, "down", "Packets to %s do not leave: %s is down.", ADDR(why->destination),
			iface->config->name);
		return;
	}
	if (route == NULL || route->kind != RIB_UNICAST) {
		step(why, "link", false, "The underlay has no route to %s.", ADDR(why->nbma));
		decide(why, "unreachable", "Packets to %s do not leave: the underlay has no route to %s.",
			ADDR(why->destination), ADDR(why->nbma));
		return;
	}
	step(why, "link", true, "The underlay reaches %s %s%s by %s.", ADDR(why->nbma),
		addr_is_set(route->next_hop) ? "through " : "directly",
		addr_is_set(route->next_hop) ? ADDR(route->next_hop) : "",
		device_name(route->device, device));
	if (link != NULL && link->ops->counters(link, why->nbma, &counters))
		step(why, "traffic", true, "The %s link sent %llu packets there and received %llu.",
			link->ops->name, (unsigned long long)counters.sent_packets,
			(unsigned long long)counters.received_packets);
	if (peer != NULL && !mono_is_never(peer->unanswered_since) && peer->last_sent.us != 0)
		step(why, "traffic", true, "Data has gone to %s for %s without anything coming back.",
			ADDR(why->nbma), AGO(peer->unanswered_since));
}

static void look_at_events(struct why *why)
{
	const struct eventlog *log = &why->context->events;
	unsigned shown = 0;
	for (uint64_t number = log->last; shown < EVENTS_SHOWN && number >= eventlog_first(log) && number > 0;
		number--) {
		const struct event_record *record = eventlog_at(log, number);
		if (record == NULL || !(event_concerns(&record->event, why->destination) ||
					      (addr_is_set(why->next_hop) &&
						      event_concerns(&record->event, why->next_hop))))
			continue;
		const struct event *event = &record->event;
		const char *subject = addr_is_set(event->prefix.addr) ? PREFIX(event->prefix)
				      : addr_is_set(event->protocol)  ? ADDR(event->protocol)
								      : "";
		step(why, "event", true, "%s ago: %s%s%s%s%s.", AGO(record->time), event_name(event->type),
			*subject ? " " : "", subject, event->reason != NULL ? ": " : "",
			event->reason != NULL ? event->reason : "");
		shown++;
	}
}

/// The verdict where every step went well.
static void arrive(struct why *why)
{
	const struct nhs *nhs = nhs_by_nbma(why->iface, why->nbma);
	bool server = nhs != NULL && !addr_equal(nhs->protocol, why->destination);
	if (why->temporary || server)
		decide(why, "by-server", "Packets to %s go by the server %s at %s%s.", ADDR(why->destination),
			nhs != NULL ? ADDR(nhs->protocol) : ADDR(why->next_hop), ADDR(why->nbma),
			why->temporary ? " until the next hop is resolved" : "");
	else
		decide(why, "direct", "Packets to %s go straight to %s at %s.", ADDR(why->destination),
			ADDR(why->next_hop), ADDR(why->nbma));
}

static void follow(struct why *why)
{
	if (!look_at_route(why))
		return;
	look_at_shortcut(why);
	if (!look_at_binding(why))
		return;
	look_at_link(why);
	look_at_sa(why);
	if (why->arrives) {
		arrive(why);
		return;
	}
	decide(why, "unanswered", "Packets to %s go to %s at %s, which does not answer.",
		ADDR(why->destination), ADDR(why->next_hop), ADDR(why->nbma));
}

json_t *why_view(const struct ctl_context *context, struct addr destination)
{
	struct why why = {
		.context = context,
		.node = context->node,
		.now = context->now(),
		.destination = destination,
		.steps = json_array(),
		.arrives = true,
	};
	follow(&why);
	bool arrives = why.arrives;
	look_at_events(&why);
	return json_pack("{s:s, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "schema", "dmvpn/why/1",
		"destination", view_addr(destination), "arrives", arrives, "verdict", why.verdict, "text",
		view_text(why.sentence), "interface",
		why.iface != NULL ? json_string(why.iface->config->name) : json_null(), "next_hop",
		why.iface != NULL ? view_addr(why.next_hop) : json_null(), "nbma", view_addr(why.nbma),
		"steps", why.steps);
}
