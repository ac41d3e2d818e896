// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/play.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sim/check.h"
#include "sim/dot.h"
#include "sim/verbs.h"

#define ROAMING 20 ///< number of the address in a LAN that moves to other LANs

struct host *play_host(const struct play *play, const struct value *value)
{
	return value->hosts == HOSTS_ONE_HUB ? play->star.hubs[value->index]
					     : play->star.spokes[value->index];
}

struct host *play_next_host(const struct play *play, const struct value *value, size_t *cursor)
{
	const struct network *network = play->network;

	if (value->hosts >= HOSTS_ONE_HUB)
		return (*cursor)++ == 0 ? play_host(play, value) : NULL;
	while (*cursor < network->host_count) {
		struct host *host = network->hosts[(*cursor)++];

		if (value->hosts == HOSTS_ALL || host->is_hub == (value->hosts == HOSTS_HUBS))
			return host;
	}
	return NULL;
}

/// Says to everybody's routing table that the roaming address of `lan` is at `spoke`, or not any more.
static void set_roaming(struct play *play, size_t lan, size_t spoke, bool there)
{
	struct star *star = &play->star;
	void (*change)(struct host *, struct prefix, struct addr, uint32_t, uint32_t) =
		there ? host_add_route : host_remove_route;
	struct prefix prefix = prefix_host(host_lan(star->spokes[lan], ROAMING));

	if (lan == spoke)
		return;
	change(star->spokes[spoke], prefix, (struct addr) { 0 }, LAN_DEVICE, 0);
	for (size_t hub = 0; hub < star->hub_count; hub++) {
		change(star->hubs[hub], prefix, host_address(star->spokes[spoke]), TUNNEL_DEVICE, 10);
		change(star->spokes[lan], prefix, host_address(star->hubs[hub]), TUNNEL_DEVICE,
			(uint32_t)(10 + hub));
	}
}

void play_roam(struct play *play, size_t lan, size_t to)
{
	// Routes that were lost with a server have another metric; the change would not find them.
	if (play->star.hub_count > 1 || to == play->roams_to[lan])
		return;
	set_roaming(play, lan, play->roams_to[lan], false);
	set_roaming(play, lan, to, true);
	play->roams_to[lan] = to;
}

static void apply(struct play *play, const struct statement *statement)
{
	play->statement = statement;
	if (statement->at >= 0) {
		network_note(play->network, "--- %s", statement->text);
		if (statement->verb->when & VERB_DISTURBS)
			network_disturb(play->network);
	}
	statement->verb->apply(play, statement->values);
}

/// What is said before the start; holding times first, since the bounds follow from them.
static void prepare(struct play *play)
{
	const struct scenario *scenario = play->scenario;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < scenario->count; i++) {
			const struct statement *statement = &scenario->statements[i];
			bool first = statement->verb->when & VERB_FIRST;

			if (statement->at < 0 && first == (pass == 0))
				apply(play, statement);
		}
		if (pass == 0)
			network_set_bounds(play->network);
	}
}

static void start(struct play *play)
{
	for (size_t i = 0; i < play->network->host_count; i++) {
		if (!play->waits[i])
			host_start(play->network->hosts[i]);
	}
}

static void run_to(struct play *play, int64_t at, const struct play_options *options)
{
	struct network *network = play->network;
	struct mono origin = { SIM_START * MONO_SECOND };
	int64_t elapsed = mono_between(origin, network->now);

	if (options->picture_at >= elapsed && options->picture_at < at) {
		network_run(network, options->picture_at - elapsed);
		dot_write(network, options->picture);
		elapsed = mono_between(origin, network->now);
	}
	network_run(network, at - elapsed);
}

struct play *play_run(const struct scenario *scenario, const struct play_options *options)
{
	struct play *play = alloc_zeroed(1, sizeof(*play));
	struct network *network;

	play->scenario = scenario;
	play->star = star_make(scenario->seed, scenario->routes, scenario->hubs, scenario->spokes);
	network = play->network = play->star.network;
	play->waits = alloc_zeroed(network->host_count + 1, sizeof(*play->waits));
	play->roams_to = alloc_zeroed(scenario->spokes + 1, sizeof(*play->roams_to));
	for (size_t i = 0; i < scenario->spokes; i++)
		play->roams_to[i] = i;
	network->trace->keeps = options->keeps;
	network->trace->out = options->timeline;
	network->trace->only = options->only ? network_host_named(network, options->only) : NULL;
	prepare(play);
	network->trace->is_on = options->keeps || options->timeline;
	start(play);
	for (size_t i = 0; i < scenario->count && !network_is_over(network); i++) {
		const struct statement *statement = &scenario->statements[i];

		if (statement->at < 0)
			continue;
		run_to(play, statement->at, options);
		if (!network_is_over(network))
			apply(play, statement);
	}
	run_to(play, scenario->duration, options);
	if (!network_is_over(network))
		check_network(network);
	return play;
}

bool play_passed(const struct play *play)
{
	uint32_t violated = play->network->violated;

	return play->expected == 0 ? violated == 0 : (violated & play->expected) == play->expected;
}

void play_free(struct play *play)
{
	star_done(&play->star);
	free(play->waits);
	free(play->roams_to);
	free(play);
}
