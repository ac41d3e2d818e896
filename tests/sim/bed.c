// SPDX-License-Identifier: GPL-2.0-or-later
#include "bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "sim/check.h"

static void fail_test(const struct network *network)
{
	const struct violation *violation = &network->violation;

	fprintf(stderr, "--- the last of what happened, seed %llu\n", (unsigned long long)network->seed);
	trace_print(network, stderr);
	fail_msg("invariant \"%s\" broken: %s", invariant_text(violation->invariant)->name, violation->text);
}

struct star bed_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes)
{
	struct star star = star_make(seed, routes, hubs, spokes);

	star.network->on_violation = fail_test;
	star.network->trace->is_on = true;
	star.network->trace->keeps = true;
	return star;
}

void bed_assert_registered(struct star *star)
{
	if (!star_is_registered(star))
		network_violation(star->network, INVARIANT_FORMS, "not all spokes are registered");
}

void bed_start(struct star *star)
{
	star_start(star);
	if (!network_run_until(star->network, star_is_registered, star, 10 * MONO_SECOND))
		bed_assert_registered(star);
}

struct star bed_ready(enum star_routes routes, size_t hubs, size_t spokes)
{
	struct star star = bed_make(1, routes, hubs, spokes);

	bed_start(&star);
	return star;
}

void bed_done(struct star *star)
{
	check_network(star->network);
	star_done(star);
}

struct flow *bed_talk(struct star *star, size_t from, size_t to, int count)
{
	struct flow *flow = network_flow(
		star->network, star->spokes[from], host_lan(star->spokes[to], 10), 100 * MONO_MILLISECOND);

	flow->limit = (uint64_t)count;
	network_run(star->network, count * 100 * MONO_MILLISECOND);
	return flow;
}

uint64_t bed_lost(const struct star *star)
{
	return network_lost(star->network);
}

struct addr bed_addr(const char *text)
{
	struct addr addr = { 0 };

	if (!addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix = { 0 };

	if (!prefix_parse(text, &prefix))
		fail_msg("%s is no prefix", text);
	return prefix;
}

void bed_add_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	host_add_route(host, prefix_of(prefix), next_hop, device, metric);
}

void bed_remove_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric)
{
	host_remove_route(host, prefix_of(prefix), next_hop, device, metric);
}
