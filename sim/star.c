// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/star.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/nhs.h"

#define TEXT       48          ///< room for any text below
#define PER_SUBNET 250         ///< spokes in a /24
#define TUNNELS    0x0a000100U ///< 10.0.1.0, of spokes
#define LANS       0x0a640000U ///< 10.100.0.0
#define HUB_LANS   0x0ac80000U ///< 10.200.0.0
#define HUB_NBMAS  0xac100000U ///< 172.16.0.0
#define NBMAS      0xac110000U ///< 172.17.0.0

static const struct addr none;

/// The `index`th address behind `base`, from 1 on, leaving out the ends of each /24.
static struct addr nth(uint32_t base, size_t index)
{
	return addr_from_ipv4(base + (uint32_t)(index / PER_SUBNET * 256 + index % PER_SUBNET + 1));
}

/// The LAN of the spoke with this index.
static struct prefix spoke_lan(size_t spoke)
{
	return prefix_make(addr_from_ipv4(LANS + (uint32_t)spoke * 256), 24);
}

static void add_lan(struct host *host, struct prefix lan)
{
	host->lan = lan;
	host_add_route(host, lan, none, LAN_DEVICE, 0);
	host_add_route(host, prefix_host(host_lan(host, 1)), none, 0, 0);
}

static struct host *add_host(
	struct star *star, const char *kind, size_t index, struct addr address, struct addr nbma)
{
	char name[TEXT], subnet[TEXT], place[ADDR_TEXT_SIZE], text[ADDR_TEXT_SIZE];

	snprintf(name, sizeof(name), "%s%zu", kind, index + 1);
	snprintf(subnet, sizeof(subnet), "%s/16", addr_format(address, text));
	return network_add(star->network, name, subnet, addr_format(nbma, place));
}

static struct host *add_hub(struct star *star, enum star_routes routes, size_t index)
{
	struct host *hub = add_host(star, "hub", index, addr_from_ipv4(0x0a000001U + (uint32_t)index),
		addr_from_ipv4(HUB_NBMAS + (uint32_t)index + 1));

	hub->is_hub = true;
	hub->iface.redirect = routes >= STAR_SUMMARY;
	hub->iface.multicast_dynamic = true;
	add_lan(hub, prefix_make(addr_from_ipv4(HUB_LANS + (uint32_t)index * 256), 24));
	return hub;
}

static void route_to_others(struct star *star, size_t index, enum star_routes routes)
{
	struct host *spoke = star->spokes[index];
	struct prefix summary = prefix_make(addr_from_ipv4(LANS), star->spoke_count <= 256 ? 16 : 11);
	struct prefix all = prefix_make(addr_from_ipv4(0), 0);

	for (size_t hub = 0; hub < star->hub_count; hub++) {
		struct addr via = host_address(star->hubs[hub]);
		uint32_t metric = (uint32_t)(10 + hub);

		if (routes == STAR_SUMMARY)
			host_add_route(spoke, summary, via, TUNNEL_DEVICE, metric);
		else if (routes == STAR_DEFAULT || routes == STAR_PHASE1)
			host_add_route(spoke, all, via, TUNNEL_DEVICE, metric);
		for (size_t i = 0; i < star->spoke_count && routes == STAR_EXACT; i++) {
			if (i != index)
				host_add_route(spoke, spoke_lan(i), via, TUNNEL_DEVICE, metric);
		}
	}
	for (size_t i = 0; i < star->spoke_count && routes == STAR_PHASE2; i++) {
		if (i != index)
			host_add_route(spoke, spoke_lan(i), nth(TUNNELS, i), TUNNEL_DEVICE, 10);
	}
}

static struct host *add_spoke(struct star *star, enum star_routes routes, size_t index)
{
	struct host *spoke = add_host(star, "spoke", index, nth(TUNNELS, index), nth(NBMAS, index));

	spoke->iface.shortcut = routes >= STAR_SUMMARY;
	if (routes == STAR_PHASE1)
		spoke->iface.destination = star->hubs[0]->public_nbma;
	for (size_t hub = 0; hub < star->hub_count; hub++) {
		host_add_server(spoke, star->hubs[hub])->priority = (uint8_t)hub;
		host_add_route(star->hubs[hub], spoke_lan(index), host_address(spoke), TUNNEL_DEVICE, 10);
	}
	add_lan(spoke, spoke_lan(index));
	return spoke;
}

struct star star_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes)
{
	struct star star = { .network = network_new(seed), .hub_count = hubs, .spoke_count = spokes };

	star.network->expects_direct = routes != STAR_PHASE1;
	star.spokes = alloc_zeroed(spokes + 1, sizeof(struct host *));
	for (size_t i = 0; i < hubs; i++)
		star.hubs[i] = add_hub(&star, routes, i);
	for (size_t i = 0; i < spokes; i++) {
		star.spokes[i] = add_spoke(&star, routes, i);
		route_to_others(&star, i, routes);
	}
	return star;
}

bool star_is_registered(void *context)
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

void star_start(struct star *star)
{
	for (size_t i = 0; i < star->hub_count; i++)
		host_start(star->hubs[i]);
	for (size_t i = 0; i < star->spoke_count; i++)
		host_start(star->spokes[i]);
}

void star_done(struct star *star)
{
	network_free(star->network);
	free(star->spokes);
}
