// SPDX-License-Identifier: GPL-2.0-or-later
/// What a scenario expects: statements that look, and change nothing.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/nhs.h"
#include "core/peer.h"
#include "sim/verbs.h"

#define RECENT 3 ///< intervals of a flow in which its last packet arrived

static void fail(const struct play *play, const char *format, ...) PRINTF_LIKE(2, 3);

static void fail(const struct play *play, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	network_violation(play->network, INVARIANT_EXPECTED, "line %u: %s: %s", play->statement->line,
		play->statement->text, text);
}

static void expect_broken(struct play *play, const struct value *values)
{
	enum invariant invariant;

	if (!invariant_parse(values[0].text, &invariant)) {
		fail(play, "there is no such invariant");
		return;
	}
	play->expected |= 1U << invariant;
	play->network->goes_on = true;
}

static const struct flow *find_flow(const struct play *play, const struct value *values)
{
	const struct host *from = play_host(play, &values[0]), *to = play_host(play, &values[1]);

	for (size_t i = play->network->flow_count; i-- > 0;) {
		const struct flow *flow = play->network->flows[i];

		if (flow->from == from && prefix_contains(to->lan, flow->destination))
			return flow;
	}
	return NULL;
}

/// By how many hosts the last packet went; 0 where none arrived of late.
static size_t hosts_of(const struct play *play, const struct flow *flow)
{
	int64_t since = flow ? mono_between(flow->arrived_at, play->network->now) : 0;

	return !flow || flow->trail_count == 0 || (!flow->stopped && since > RECENT * flow->interval)
		       ? 0
		       : flow->trail_count;
}

static void expect_direct(struct play *play, const struct value *values)
{
	size_t hosts = hosts_of(play, find_flow(play, values));

	if (hosts != 2)
		fail(play, hosts == 0 ? "nothing arrives" : "it goes by %zu hosts", hosts);
}

static void expect_by_hub(struct play *play, const struct value *values)
{
	size_t hosts = hosts_of(play, find_flow(play, values));

	if (hosts < 3)
		fail(play, hosts == 0 ? "nothing arrives" : "it goes by %zu hosts", hosts);
}

static void expect_reached(struct play *play, const struct value *values)
{
	if (hosts_of(play, find_flow(play, values)) == 0)
		fail(play, "nothing arrives");
}

static void expect_lost(struct play *play, const struct value *values)
{
	uint64_t lost = network_lost(play->network) - play->lost;

	if (lost > (uint64_t)values[0].number)
		fail(play, "%llu packets are lost", (unsigned long long)lost);
}

static void expect_messages(struct play *play, const struct value *values)
{
	uint64_t sent = play->network->nhrp_sent - play->sent;

	if (sent > (uint64_t)values[0].number)
		fail(play, "it is %llu", (unsigned long long)sent);
}

static void expect_registered(struct play *play, const struct value *values)
{
	const struct iface *iface = host_iface(play_host(play, &values[0]));
	const struct nhs *nhs = iface ? &iface->nhs[values[1].index] : NULL;

	if (!nhs || (nhs->state != NHS_UP && nhs->state != NHS_CHECK))
		fail(play, "it is %s", nhs ? nhs_state_name(nhs->state) : "stopped");
}

static void expect_unregistered(struct play *play, const struct value *values)
{
	const struct iface *iface = host_iface(play_host(play, &values[0]));

	if (iface && (iface->nhs[values[1].index].state == NHS_UP ||
			     iface->nhs[values[1].index].state == NHS_CHECK))
		fail(play, "it is registered");
}

static void expect_event(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]);
	uint64_t wanted = (uint64_t)values[3].number;
	enum event_type type = 0;

	while (type < EVENT_TYPES && strcmp(event_name(type), values[1].text) != 0)
		type++;
	if (type == EVENT_TYPES)
		fail(play, "there is no such event");
	else if ((values[2].number != 1 && host->events[type] < wanted) ||
		 (values[2].number != 2 && host->events[type] > wanted))
		fail(play, "it had %llu", (unsigned long long)host->events[type]);
}

static void expect_binding(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]), *owner = play_host(play, &values[1]);
	const struct binding *binding = host->node ? cache_find(host_iface(host), host_address(owner)) : NULL;
	char text[ADDR_TEXT_SIZE];

	if (!binding || binding->type == BINDING_TEMPORARY)
		fail(play, "there is none");
	else if (!addr_equal(binding->peer->nbma, owner->public_nbma))
		fail(play, "it has %s", addr_format(binding->peer->nbma, text));
}

static void expect_no_binding(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]), *owner = play_host(play, &values[1]);
	const struct binding *binding = host->node ? cache_find(host_iface(host), host_address(owner)) : NULL;

	if (binding && binding->type != BINDING_TEMPORARY)
		fail(play, "there is one");
}

static void expect_shortcut(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]);
	const struct shortcut *shortcut =
		host->node ? shortcut_find(host_iface(host), values[1].prefix.addr) : NULL;
	char text[PREFIX_TEXT_SIZE];

	if (!shortcut)
		fail(play, "there is none");
	else if (!prefix_equal(shortcut->prefix, values[1].prefix))
		fail(play, "it is %s", prefix_format(shortcut->prefix, text));
}

static void expect_no_shortcut(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]);

	if (host->node && shortcut_find(host_iface(host), values[1].addr))
		fail(play, "there is one");
}

static void expect_clients(struct play *play, const struct value *values)
{
	const struct host *host = play_host(play, &values[0]);
	uint32_t count = host->node ? host_iface(host)->dynamic_count : 0;

	if (count != values[1].number)
		fail(play, "it has %u", count);
}

const struct verb expect_verbs[] = {
	{ "expect broken TEXT", VERB_BEFORE, expect_broken,
		"this invariant breaks, or the run fails; the run goes on when one does" },
	{ "expect direct HOST HOST", VERB_AT, expect_direct, "the last packet of their flow went straight" },
	{ "expect by-hub HOST HOST", VERB_AT, expect_by_hub, "it went by a hub" },
	{ "expect reached HOST HOST", VERB_AT, expect_reached, "it arrived, by whatever way" },
	{ "expect lost NUMBER", VERB_AT, expect_lost,
		"so many data packets or fewer were lost since the mark" },
	{ "expect messages NUMBER", VERB_AT, expect_messages,
		"so many NHRP messages or fewer were sent since the mark" },
	{ "expect registered HOST HOST", VERB_AT, expect_registered, "the spoke is, with this hub" },
	{ "expect unregistered HOST HOST", VERB_AT, expect_unregistered, "it is not" },
	{ "expect event HOST TEXT exactly|at-most|at-least NUMBER", VERB_AT, expect_event,
		"how often the host told this event, by its name in the log" },
	{ "expect binding HOST HOST", VERB_AT, expect_binding, "the first knows the second, where it is" },
	{ "expect no-binding HOST HOST", VERB_AT, expect_no_binding, "it does not" },
	{ "expect shortcut HOST PREFIX", VERB_AT, expect_shortcut,
		"it has a shortcut with just this prefix" },
	{ "expect no-shortcut HOST ADDRESS", VERB_AT, expect_no_shortcut, "none leads to this address" },
	{ "expect clients HOST NUMBER", VERB_AT, expect_clients, "so many addresses are registered with it" },
	{ .usage = NULL },
};
