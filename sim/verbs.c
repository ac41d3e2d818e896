// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/verbs.h"

#include <ctype.h>
#include <string.h>

#include "sim/forge.h"
#include "sim/sa.h"
#include "sim/underlay.h"

static const struct addr none;

static void each(struct play *play, const struct value *value, void (*what)(struct host *host))
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, value, &cursor)) != NULL)
		what(host);
}

static void do_hold(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL)
		host->iface.holding_time = (uint16_t)(values[1].number / MONO_SECOND);
}

static void do_authenticate(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL) {
		struct nhrp_auth_key *auth = &host->iface.auth;

		auth->kind = (uint8_t)(NHRP_AUTH_CLEARTEXT + values[1].number);
		auth->length = (uint8_t)strnlen(values[2].text, NHRP_AUTH_MAX_CLEARTEXT);
		memcpy(auth->key, values[2].text, auth->length);
	}
}

static void do_set(struct play *play, const struct value *values)
{
	bool on = values[2].number == 1;
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL) {
		bool *const flags[] = { &host->iface.registration_unique, &host->iface.redirect,
			&host->iface.shortcut, &host->iface.server_only, &host->follows_servers };

		*flags[values[1].number] = on;
	}
}

static void do_limit(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL) {
		struct limits_config *limits = &host->iface.limits;
		uint32_t *const fields[] = { &limits->registrations, &limits->cached, &limits->resolutions,
			&limits->requesters, &limits->redirects };

		*fields[values[1].number] = (uint32_t)values[2].number;
	}
}

static void do_protect(struct play *play, const struct value *values)
{
	struct network *network = play->network;

	network->protected = true;
	network->sa_delay = values[0].is_set ? values[1].number : 200 * MONO_MILLISECOND;
	network->sa_failure = values[2].is_set ? (uint32_t)values[3].number : 0;
	for (size_t i = 0; i < network->host_count; i++)
		network->hosts[i]->iface.protected = true;
}

static void do_wait(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL)
		play->waits[host->index] = true;
}

static void do_bound(struct play *play, const struct value *values)
{
	struct bounds *bounds = &play->network->bounds;
	int64_t *const fields[] = { &bounds->stale, &bounds->settled, &bounds->fresh };

	*fields[values[0].number] = values[1].number;
}

static void do_nat(struct play *play, const struct value *values)
{
	host_set_nat(play_host(play, &values[0]), values[1].addr, values[2].is_set);
}

static void do_underlay(struct play *play, const struct value *values)
{
	struct underlay_config *underlay = &play->network->underlay;

	if (values[0].is_set)
		underlay->delay = values[1].number;
	if (values[2].is_set)
		underlay->jitter = values[3].number;
	if (values[4].is_set)
		underlay->loss = (uint32_t)values[5].number;
	if (values[6].is_set)
		underlay->duplicate = (uint32_t)values[7].number;
	if (values[8].is_set)
		underlay->reorder = (uint32_t)values[9].number;
}

static void do_drop(struct play *play, const struct value *values)
{
	play->network->underlay.dropped |= 2U << values[0].number;
}

static void do_lose(struct play *play, const struct value *values)
{
	play->network->underlay.sabotaged |= 2U << values[0].number;
}

static void do_pass(struct play *play, const struct value *values)
{
	play->network->underlay.dropped &= ~(2U << values[0].number);
}

static void change_route(struct play *play, const struct value *values, bool add)
{
	struct addr via = values[2].is_set ? host_address(play_host(play, &values[3])) : none;
	uint32_t device = values[2].is_set ? TUNNEL_DEVICE : LAN_DEVICE;
	uint32_t metric = values[4].is_set ? (uint32_t)values[5].number : values[2].is_set ? 10 : 0;
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL) {
		if (add)
			host_add_route(host, values[1].prefix, via, device, metric);
		else
			host_remove_route(host, values[1].prefix, via, device, metric);
	}
}

static void do_route(struct play *play, const struct value *values)
{
	change_route(play, values, true);
}

static void do_no_route(struct play *play, const struct value *values)
{
	change_route(play, values, false);
}

static void do_start(struct play *play, const struct value *values)
{
	each(play, &values[0], host_start);
}

static void do_stop(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL)
		host_stop(host, !values[1].is_set);
}

static void do_restart(struct play *play, const struct value *values)
{
	do_stop(play, values);
	do_start(play, values);
}

static void do_move(struct play *play, const struct value *values)
{
	host_move(play_host(play, &values[0]), values[1].addr);
}

static void do_block(struct play *play, const struct value *values)
{
	const struct host *a = play_host(play, &values[0]), *b = play_host(play, &values[1]);

	if (values[2].is_set)
		network_block_one_way(play->network, a, b);
	else
		network_block(play->network, a, b, true);
}

static void do_unblock(struct play *play, const struct value *values)
{
	network_block(play->network, play_host(play, &values[0]), play_host(play, &values[1]), false);
}

static void cut_hosts(struct play *play, const struct value *values, bool cut)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL)
		host_cut(host, cut);
}

static void do_cut(struct play *play, const struct value *values)
{
	cut_hosts(play, values, true);
}

static void do_join(struct play *play, const struct value *values)
{
	cut_hosts(play, values, false);
}

static void do_heal(struct play *play, const struct value *values)
{
	(void)values;
	network_note(play->network, "everything is healed");
	network_heal(play->network);
}

static void do_clear(struct play *play, const struct value *values)
{
	size_t cursor = 0;
	struct host *host;

	while ((host = play_next_host(play, &values[0], &cursor)) != NULL)
		host_clear(host, values[1].is_set);
}

static void do_roam(struct play *play, const struct value *values)
{
	if (!play_host(play, &values[0])->is_hub && !play_host(play, &values[1])->is_hub)
		play_roam(play, values[0].index, values[1].index);
}

static void do_flow(struct play *play, const struct value *values)
{
	struct host *from = play_host(play, &values[0]), *to = play_host(play, &values[1]);
	struct addr destination = host_lan(to, values[4].is_set ? (uint8_t)values[5].number : 10);
	int64_t interval = values[2].is_set ? values[3].number : 500 * MONO_MILLISECOND;
	struct flow *flow = network_flow(play->network, from, destination, interval);

	flow->limit = values[6].is_set ? (uint64_t)values[7].number : 0;
	flow->one_way = values[8].is_set;
}

static void do_end_flow(struct play *play, const struct value *values)
{
	const struct host *from = play_host(play, &values[0]), *to = play_host(play, &values[1]);

	for (size_t i = 0; i < play->network->flow_count; i++) {
		struct flow *flow = play->network->flows[i];

		flow->stopped |= flow->from == from && prefix_contains(to->lan, flow->destination);
	}
}

static void do_forge(struct play *play, const struct value *values)
{
	forge_registration(play_host(play, &values[2]), values[0].addr,
		host_address(play_host(play, &values[1])), values[3].is_set);
}

static void do_flood(struct play *play, const struct value *values)
{
	for (int64_t i = 0; i < values[1].number; i++)
		forge_registration(play_host(play, &values[0]), addr_from_ipv4(0xcb007100U + (uint32_t)i),
			addr_from_ipv4(0x0a00c800U + (uint32_t)i), false);
}

static void do_neighbour(struct play *play, const struct value *values)
{
	forge_neighbour(
		play_host(play, &values[0]), host_address(play_host(play, &values[1])), values[2].addr);
}

static void do_override(struct play *play, const struct value *values)
{
	forge_override(
		play_host(play, &values[0]), values[1].prefix, host_address(play_host(play, &values[2])));
}

static void do_unheard(struct play *play, const struct value *values)
{
	forge_unheard(play_host(play, &values[0]), values[1].prefix);
}

static void do_corrupt(struct play *play, const struct value *values)
{
	forge_corruption(play_host(play, &values[1]), (enum corruption)values[0].number);
}

static void do_lose_sas(struct play *play, const struct value *values)
{
	sa_forget(play_host(play, &values[0]));
}

static void do_mark(struct play *play, const struct value *values)
{
	(void)values;
	play->lost = network_lost(play->network);
	play->sent = play->network->nhrp_sent;
}

#define MESSAGES                                                                                             \
	"resolution-request|resolution-reply|registration-request|registration-reply|purge-request|"         \
	"purge-reply|error-indication|traffic-indication"

static const struct verb table[] = {
	{ "hold HOSTS TIME", VERB_BEFORE | VERB_FIRST, do_hold,
		"the holding time they ask for and grant, instead of 600 s" },
	{ "authenticate HOSTS cleartext|md5|sha256 TEXT", VERB_BEFORE, do_authenticate,
		"the key of their messages, at most 8 characters" },
	{ "set HOSTS unique|redirect|shortcut|server-only|follow off|on", VERB_BEFORE, do_set,
		"unique registrations; redirects; shortcuts; no requests of its own; routes by a server that is "
		"down go, as by a routing protocol" },
	{ "limit HOSTS registrations|cached|resolutions|requesters|redirects NUMBER", VERB_BEFORE | VERB_AT,
		do_limit, "how far others can make a table of theirs grow" },
	{ "protect [delay TIME] [failure PERCENT]", VERB_BEFORE, do_protect,
		"peers talk under an SA only, which takes 200 ms, or another time, and fails at times" },
	{ "wait HOSTS", VERB_BEFORE, do_wait, "they do not start by themselves" },
	{ "bound stale|settled|fresh TIME", VERB_BEFORE, do_bound,
		"another bound of the invariants; settled 0s: losses and detours are not looked at" },
	{ "nat HOST ADDRESS [ports]", VERB_BEFORE | VERB_AT | VERB_DISTURBS, do_nat,
		"it is behind a 1:1 NAT, or one that all hosts with this address share" },
	{ "underlay [delay TIME] [jitter TIME] [loss PERCENT] [duplicate PERCENT] [reorder PERCENT]",
		VERB_BEFORE | VERB_AT | VERB_DISTURBS, do_underlay,
		"how the underlay carries packets; a reordered one is late by ten delays" },
	{ "drop " MESSAGES, VERB_BEFORE | VERB_AT | VERB_DISTURBS, do_drop,
		"messages of this type do not get through" },
	{ "pass " MESSAGES, VERB_AT | VERB_DISTURBS, do_pass, "they do again" },
	{ "route HOSTS PREFIX [via HOST] [metric NUMBER]", VERB_BEFORE | VERB_AT | VERB_DISTURBS, do_route,
		"a route by the tunnel, or, without `via`, to its LAN" },
	{ "no-route HOSTS PREFIX [via HOST] [metric NUMBER]", VERB_BEFORE | VERB_AT | VERB_DISTURBS,
		do_no_route, "it goes" },
	{ "start HOSTS", VERB_AT | VERB_DISTURBS, do_start, "starts what is stopped" },
	{ "stop HOSTS [silently]", VERB_AT | VERB_DISTURBS, do_stop,
		"withdraws its registrations, or just vanishes" },
	{ "restart HOSTS [silently]", VERB_AT | VERB_DISTURBS, do_restart, "both in the same moment" },
	{ "move HOST ADDRESS", VERB_AT | VERB_DISTURBS, do_move, "it has another address in the underlay" },
	{ "block HOST HOST [one-way]", VERB_AT | VERB_DISTURBS, do_block,
		"no packet passes between the two, or from the first to the second" },
	{ "unblock HOST HOST", VERB_AT | VERB_DISTURBS, do_unblock, "they do again" },
	{ "cut HOSTS", VERB_AT | VERB_DISTURBS, do_cut, "no packet passes to or from them" },
	{ "join HOSTS", VERB_AT | VERB_DISTURBS, do_join, "they do again" },
	{ "heal", VERB_AT | VERB_DISTURBS, do_heal, "nothing is lost, blocked, cut or stopped any more" },
	{ "clear HOSTS [shortcuts]", VERB_AT | VERB_DISTURBS, do_clear, "as `clear ip nhrp`" },
	{ "roam HOST HOST", VERB_AT | VERB_DISTURBS, do_roam,
		"the address 20 in the LAN of the first spoke is at the second, and everybody's routes say so" },
	{ "flow HOST HOST [every TIME] [to NUMBER] [count NUMBER] [one-way]", VERB_AT, do_flow,
		"packets from LAN to LAN, answered, without end or some; to the address 10 or another" },
	{ "end-flow HOST HOST", VERB_AT, do_end_flow, "no more of them" },
	{ "forge ADDRESS registers HOST at HOST [signed]", VERB_AT, do_forge,
		"a stranger's registration, or one whose key is right" },
	{ "flood HOST NUMBER", VERB_AT, do_flood, "so many registrations of strangers" },
	{ "sabotage messages " MESSAGES, VERB_BEFORE | VERB_AT, do_lose,
		"as `drop`, but the bounds do not allow for it" },
	{ "sabotage neighbour HOST HOST ADDRESS", VERB_AT, do_neighbour,
		"an entry of the kernel that the core does not know" },
	{ "sabotage override HOST PREFIX HOST", VERB_AT, do_override,
		"the same with a route of the override table" },
	{ "sabotage route HOST PREFIX", VERB_AT, do_unheard,
		"the kernel loses a route, and the core is not told" },
	{ "sabotage sas HOST", VERB_AT, do_lose_sas, "its SAs are gone, and the core is not told" },
	{ "sabotage counter|shortcut|temporary HOST", VERB_AT, do_corrupt,
		"the core's own tables are wrong" },
	{ "mark", VERB_AT, do_mark, "`expect lost` and `expect messages` count from here" },
	{ .usage = NULL },
};

const struct verb *verbs(void)
{
	return table;
}

/// The words with which the usage begins are those of the statement.
static bool is_called(const struct verb *verb, const struct words *words)
{
	const char *at = verb->usage;

	for (size_t i = 0; islower((unsigned char)*at); i++) {
		size_t length = strcspn(at, " ");

		if (memchr(at, '|', length))
			return true;
		if (i == words->count || strlen(words->word[i]) != length ||
			strncmp(words->word[i], at, length) != 0)
			return false;
		at += length + strspn(at + length, " ");
	}
	return true;
}

static const struct verb *find(const struct verb *list, const struct words *words)
{
	for (; list->usage; list++) {
		if (is_called(list, words))
			return list;
	}
	return NULL;
}

const struct verb *verb_match(
	const struct words *words, int64_t at, struct value values[static MAX_VALUES], struct err *err)
{
	const struct verb *verb = find(table, words);

	if (!verb)
		verb = find(expect_verbs, words);
	if (!verb) {
		err_set(err, "there is no statement `%s`; `dmvpn-sim --list` shows all of them",
			words->word[0]);
		return NULL;
	}
	if (!grammar_match(verb->usage, words, values, err))
		return NULL;
	if (verb->when & (at < 0 ? VERB_BEFORE : VERB_AT))
		return verb;
	if (at < 0)
		err_set(err, "`%s` needs a time: write `at TIME %s`", words->word[0], verb->usage);
	else
		err_set(err, "`%s` is said before the start: write it without `at`", words->word[0]);
	return NULL;
}
