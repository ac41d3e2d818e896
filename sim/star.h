// SPDX-License-Identifier: GPL-2.0-or-later
/// The usual shape: hubs, and spokes with a LAN each, which are registered with all of them.
#pragma once

#include "sim/host.h"
#include "sim/network.h"

#define STAR_MAX_HUBS   MAX_SERVERS
#define STAR_MAX_SPOKES 7000

/// How spokes know each other's LANs.
enum star_routes {
	STAR_PHASE1,  ///< everything by the hub, point-to-point
	STAR_PHASE2,  ///< each LAN by its spoke's own tunnel address
	STAR_SUMMARY, ///< phase 3: one route for all the LANs, by the hub
	STAR_EXACT,   ///< phase 3: a route for each LAN, by the hub
	STAR_DEFAULT, ///< phase 3: nothing but a default route by the hub
};

struct star {
	struct network *network;
	struct host *hubs[STAR_MAX_HUBS];
	size_t hub_count;
	struct host **spokes;
	size_t spoke_count;
};

/// Makes the hosts, stopped: hub1 … and spoke1 …, with the tunnel addresses 10.0.0.N and 10.0.1.N, and LANs
/// 10.200.0.0/24 … and 10.100.0.0/24 ….
struct star star_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes);
/// Every spoke is registered with every hub; `context` is the struct star.
bool star_is_registered(void *context);
/// Starts every host.
void star_start(struct star *star);
/// Frees the network with its hosts.
void star_done(struct star *star);
