// SPDX-License-Identifier: GPL-2.0-or-later
#include "star.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/nhs.h"

#define TEXT 48 ///< room for any text below

static void add_lan(struct host *host, const char *text)
{
	struct addr none = { 0 };
	char local[ADDR_TEXT_SIZE];

	if (!prefix_parse(text, &host->lan))
		abort();
	host_add_route(host, text, none, LAN_DEVICE, 0);
	host_add_route(host, addr_format(host_lan(host, 1), local), none, 0, 0);
}

static struct host *add_hub(struct star *star, enum star_routes routes, size_t index)
{
	char name[TEXT], address[TEXT], nbma[TEXT], lan[TEXT];
	struct host *hub;

	snprintf(name, sizeof(name), "hub%zu", index + 1);
	snprintf(address, sizeof(address), "10.0.0.%zu/16", index + 1);
	snprintf(nbma, sizeof(nbma), "172.16.0.%zu", index + 1);
	snprintf(lan, sizeof(lan), "10.200.%zu.0/24", index);
	hub = network_add(star->network, name, address, nbma);
	hub->iface.redirect = routes >= STAR_SUMMARY;
	hub->iface.multicast_dynamic = true;
	add_lan(hub, lan);
	return hub;
}

static void route_to_others(struct star *star, struct host *spoke, enum star_routes routes, size_t count)
{
	const char *all = routes == STAR_DEFAULT || routes == STAR_PHASE1 ? "0.0.0.0/0" : "10.100.0.0/16";
	char lan[TEXT];

	for (size_t hub = 0; hub < star->hub_count; hub++) {
		struct addr via = host_address(star->hubs[hub]);

		if (routes == STAR_SUMMARY || routes == STAR_DEFAULT || routes == STAR_PHASE1)
			host_add_route(spoke, all, via, TUNNEL_DEVICE, (uint32_t)(10 + hub));
		for (size_t i = 0; i < count && routes == STAR_EXACT; i++) {
			snprintf(lan, sizeof(lan), "10.100.%zu.0/24", i);
			if (i != spoke->index - star->hub_count)
				host_add_route(spoke, lan, via, TUNNEL_DEVICE, (uint32_t)(10 + hub));
		}
	}
	for (size_t i = 0; i < count && routes == STAR_PHASE2; i++) {
		snprintf(lan, sizeof(lan), "10.100.%zu.0/24", i);
		if (i != spoke->index - star->hub_count)
			host_add_route(
				spoke, lan, addr_from_ipv4(0x0a000100 + (uint32_t)i + 1), TUNNEL_DEVICE, 10);
	}
}

static struct host *add_spoke(struct star *star, enum star_routes routes, size_t index, size_t count)
{
	char name[TEXT], address[TEXT], nbma[TEXT], lan[TEXT];
	struct host *spoke;

	snprintf(name, sizeof(name), "spoke%zu", index + 1);
	snprintf(address, sizeof(address), "10.0.1.%zu/16", index + 1);
	snprintf(nbma, sizeof(nbma), "172.17.0.%zu", index + 1);
	snprintf(lan, sizeof(lan), "10.100.%zu.0/24", index);
	spoke = network_add(star->network, name, address, nbma);
	spoke->iface.shortcut = routes >= STAR_SUMMARY;
	if (routes == STAR_PHASE1)
		spoke->iface.destination = star->hubs[0]->public_nbma;
	for (size_t hub = 0; hub < star->hub_count; hub++) {
		host_add_server(spoke, star->hubs[hub])->priority = (uint8_t)hub;
		host_add_route(star->hubs[hub], lan, host_address(spoke), TUNNEL_DEVICE, 10);
	}
	add_lan(spoke, lan);
	route_to_others(star, spoke, routes, count);
	return spoke;
}

struct star star_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes)
{
	struct star star = { .network = network_new(seed), .hub_count = hubs, .spoke_count = spokes };

	for (size_t i = 0; i < hubs; i++)
		star.hubs[i] = add_hub(&star, routes, i);
	for (size_t i = 0; i < spokes; i++)
		star.spokes[i] = add_spoke(&star, routes, i, spokes);
	return star;
}

static bool all_registered(void *context)
{
	const struct star *star = context;

	for (size_t i = 0; i < star->spoke_count; i++) {
		const struct iface *iface = host_iface(star->spokes[i]);

		for (size_t hub = 0; hub < star->hub_count; hub++) {
			if (iface->nhs[hub].state != NHS_UP && iface->nhs[hub].state != NHS_CHECK)
				return false;
		}
	}
	return true;
}

void star_assert_registered(const struct star *star)
{
	struct star copy = *star;

	if (!all_registered(&copy))
		network_violation(star->network, "every spoke is registered", "some are not");
}

void star_start(struct star *star)
{
	for (size_t i = 0; i < star->hub_count; i++)
		host_start(star->hubs[i]);
	for (size_t i = 0; i < star->spoke_count; i++)
		host_start(star->spokes[i]);
	if (!network_run_until(star->network, all_registered, star, 10 * MONO_SECOND))
		network_violation(star->network, "a cloud forms", "not all spokes registered in 10 s");
}

void star_free(struct star *star)
{
	network_free(star->network);
}

struct flow *star_talk(struct star *star, size_t from, size_t to, int count)
{
	struct flow *flow = network_flow(
		star->network, star->spokes[from], host_lan(star->spokes[to], 10), 100 * MONO_MILLISECOND);

	flow->limit = (uint64_t)count;
	network_run(star->network, count * 100 * MONO_MILLISECOND);
	return flow;
}

uint64_t star_lost(const struct star *star)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < LOSSES; i++)
		lost += star->network->data_lost[i];
	return lost;
}
