// SPDX-License-Identifier: GPL-2.0-or-later
/// The usual shape: one or two hubs, and spokes with a LAN each.
#pragma once

#include "network.h"

#define STAR_MAX_HUBS   2
#define STAR_MAX_SPOKES 200

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
	struct host *spokes[STAR_MAX_SPOKES];
	size_t spoke_count;
};

/// Makes the hosts, stopped.
struct star star_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes);
/// Starts all of them, and waits until every spoke is registered with every hub.
void star_start(struct star *star);
void star_free(struct star *star);
/// Sends `count` packets from spoke `from` to the LAN of spoke `to`, 100 ms apart, and waits for the last.
struct flow *star_talk(struct star *star, size_t from, size_t to, int count);
/// Data that did not arrive, by whatever reason.
uint64_t star_lost(const struct star *star);
/// Fails unless every spoke has the hubs up.
void star_assert_registered(const struct star *star);
