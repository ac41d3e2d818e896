// SPDX-License-Identifier: GPL-2.0-or-later
/// What the tests share: stars whose broken invariants fail the test, and tell what happened before.
#pragma once

#include "sim/star.h"

/// As star_make(), with the test as the judge.
struct star bed_make(uint64_t seed, enum star_routes routes, size_t hubs, size_t spokes);
/// Starts all hosts, and waits until every spoke is registered with every hub.
void bed_start(struct star *star);
/// Both.
struct star bed_ready(enum star_routes routes, size_t hubs, size_t spokes);
/// Compares everything once more and ends the network.
void bed_done(struct star *star);
/// Sends `count` packets from spoke `from` to the LAN of spoke `to`, 100 ms apart, and waits for the last.
struct flow *bed_talk(struct star *star, size_t from, size_t to, int count);
/// Data that did not arrive, by whatever reason.
uint64_t bed_lost(const struct star *star);
/// Fails unless every spoke has the hubs up.
void bed_assert_registered(struct star *star);
/// Routes by text.
void bed_add_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric);
void bed_remove_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric);
struct addr bed_addr(const char *text);
