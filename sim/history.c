// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/history.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/mono.h"
#include "base/rng.h"
#include "sim/scenario.h"

#define FAULTS     30
#define MAX_FLOWS  6
#define SHORT      8000               ///< milliseconds between two faults, at most, mostly
#define LONG       600000             ///< the same at times, so that the network settles in between
#define OBSERVED   (60 * MONO_SECOND) ///< of the settled network at the end
#define MAX_SPOKES 6
#define TEXT       24

struct history {
	struct scenario *scenario;
	struct rng rng;
	int64_t at;
	uint32_t addresses;         ///< given out in moves
	bool is_inside[MAX_SPOKES]; ///< of a NAT
};

static uint32_t pick(struct history *history, uint32_t limit)
{
	return rng_below(&history->rng, limit);
}

static unsigned pick_spoke(struct history *history)
{
	return pick(history, (uint32_t)history->scenario->spokes) + 1;
}

static const char *pick_host(struct history *history, char text[static TEXT])
{
	uint32_t index = pick(history, (uint32_t)(history->scenario->spokes + history->scenario->hubs));

	if (index < history->scenario->hubs)
		snprintf(text, TEXT, "hub%u", index + 1);
	else
		snprintf(text, TEXT, "spoke%u", index - (unsigned)history->scenario->hubs + 1);
	return text;
}

/// Whether a NAT is one that translates ports, too, and that several share at times.
static const char *ports(struct history *history)
{
	return pick(history, 3) ? "" : " ports";
}

/// A new address in the underlay, or, at times, the last one that was given out. Inside addresses are often
/// those of others, as everywhere.
static void fault_of_address(struct history *history)
{
	unsigned spoke = pick_spoke(history);
	bool *is_inside = &history->is_inside[spoke - 1];
	bool nat = pick(history, 4) == 0;

	if (history->addresses == 0 || pick(history, 4) > 0)
		history->addresses++;
	if (nat)
		scenario_add(history->scenario, history->at, "nat spoke%u 198.51.100.%u%s", spoke,
			history->addresses % 200 + 20, ports(history));
	if (*is_inside || nat)
		scenario_add(history->scenario, history->at, "move spoke%u 192.168.0.%u", spoke,
			1 + pick(history, 3));
	else
		scenario_add(history->scenario, history->at, "move spoke%u 172.18.0.%u", spoke,
			history->addresses % 250 + 1);
	*is_inside |= nat;
}

static void fault_of_host(struct history *history)
{
	static const char *const what[] = { "stop %s", "stop %s silently", "start %s", "start %s",
		"restart %s", "restart %s silently", "clear %s", "clear %s shortcuts", "cut %s", "join %s" };
	char host[TEXT], text[TEXT * 4];
	uint32_t which = pick(history, ARRAY_SIZE(what));

	pick_host(history, host);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(strchr(what[which], '%') - what[which]), what[which],
		host, strchr(what[which], '%') + 2);
	scenario_add(history->scenario, history->at, "%s", text);
}

static void fault_of_route(struct history *history)
{
	unsigned spoke = pick_spoke(history);
	const char *verb = pick(history, 2) ? "route" : "no-route";

	// A part of its LAN, or another network, is beyond a hub, or behind itself.
	if (pick(history, 2))
		scenario_add(history->scenario, history->at, "%s spoke%u 10.100.%u.%u/28 via hub1", verb,
			spoke, spoke - 1, pick(history, 4) * 16 + 64);
	else
		scenario_add(history->scenario, history->at, "%s spoke%u 10.150.%u.0/24", verb, spoke, spoke);
}

static void fault_of_underlay(struct history *history)
{
	static const char *const types[] = { "resolution-request", "resolution-reply", "registration-request",
		"registration-reply", "purge-request", "purge-reply", "error-indication",
		"traffic-indication" };

	if (pick(history, 4) == 0)
		scenario_add(history->scenario, history->at, "%s %s", pick(history, 3) ? "pass" : "drop",
			types[pick(history, ARRAY_SIZE(types))]);
	else
		scenario_add(history->scenario, history->at, "underlay loss %u%% duplicate %u%% reorder %u%%",
			pick(history, 2) * pick(history, 40), pick(history, 2) * pick(history, 40),
			pick(history, 2) * pick(history, 20));
}

static void fault(struct history *history)
{
	struct scenario *scenario = history->scenario;
	char text[TEXT];
	unsigned spoke = pick_spoke(history);

	switch (pick(history, 8)) {
	case 0:
	case 1:
	case 2:
		fault_of_host(history);
		break;
	case 3:
		fault_of_address(history);
		break;
	case 4:
		scenario_add(scenario, history->at, "%s spoke%u %s", pick(history, 3) ? "block" : "unblock",
			spoke, pick_host(history, text));
		break;
	case 5:
		scenario_add(scenario, history->at, "roam spoke%u spoke%u", spoke, pick_spoke(history));
		break;
	case 6:
		fault_of_route(history);
		break;
	case 7:
		fault_of_underlay(history);
		break;
	}
}

static void configure(struct history *history)
{
	static const char *const keys[] = { "cleartext", "md5", "sha256" };
	struct scenario *scenario = history->scenario;

	scenario_add(scenario, -1, "underlay jitter %ums", 1 + pick(history, 100));
	for (unsigned hub = 1; hub <= scenario->hubs; hub++)
		scenario_add(scenario, -1, "hold hub%u %us", hub, 30 + pick(history, 90));
	for (unsigned spoke = 1; spoke <= scenario->spokes; spoke++) {
		scenario_add(scenario, -1, "hold spoke%u %us", spoke, 30 + pick(history, 90));
		if (pick(history, 4) == 0)
			scenario_add(scenario, -1, "set spoke%u unique on", spoke);
		history->is_inside[spoke - 1] = pick(history, 4) == 0;
		if (history->is_inside[spoke - 1])
			scenario_add(
				scenario, -1, "nat spoke%u 198.51.100.%u%s", spoke, spoke, ports(history));
	}
	if (scenario->hubs > 1)
		scenario_add(scenario, -1, "set spokes follow on");
	if (scenario->seed % 4 > 0)
		scenario_add(scenario, -1, "authenticate all %s secret", keys[scenario->seed % 4 - 1]);
	if (scenario->seed % 3 == 0)
		scenario_add(scenario, -1, "protect delay %ums", 50 + pick(history, 1000));
}

static void add_flows(struct history *history)
{
	uint32_t count = 1 + pick(history, MAX_FLOWS);

	for (uint32_t i = 0; i < count; i++) {
		unsigned from = pick_spoke(history), to = pick_spoke(history);

		scenario_add(history->scenario, history->at, "flow spoke%u spoke%u every %ums to %d%s", from,
			to, 200 + pick(history, 1500), pick(history, 3) ? 10 : 20,
			pick(history, 6) ? "" : " one-way");
	}
}

struct scenario *history_make(uint64_t seed)
{
	static const enum star_routes kinds[] = { STAR_PHASE2, STAR_SUMMARY, STAR_EXACT, STAR_DEFAULT };
	struct scenario *scenario = scenario_new();
	struct history history = { .scenario = scenario, .at = 10 * MONO_SECOND };
	struct err err;

	snprintf(scenario->title, sizeof(scenario->title), "The random history %llu.",
		(unsigned long long)seed);
	rng_seed(&history.rng, seed);
	scenario->seed = seed;
	scenario->routes = kinds[seed % ARRAY_SIZE(kinds)];
	scenario->hubs = 1 + seed / 4 % 2;
	scenario->spokes = 2 + seed / 8 % 5;
	configure(&history);
	add_flows(&history);
	for (int i = 0; i < FAULTS; i++) {
		history.at += (int64_t)pick(&history, pick(&history, 10) ? SHORT : LONG) * MONO_MILLISECOND;
		fault(&history);
	}
	history.at += MONO_SECOND;
	scenario_add(scenario, history.at, "heal");
	// The longest holding time is 119 s; see play.c for what comes on top.
	scenario->duration = history.at + 280 * MONO_SECOND + OBSERVED;
	if (!scenario_check(scenario, &err))
		fprintf(stderr, "dmvpn-sim: %s\n", err.text);
	return scenario;
}
