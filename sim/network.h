// SPDX-License-Identifier: GPL-2.0-or-later
/// A DMVPN in one process: real core objects with the real wire format, an underlay that delays, loses,
/// repeats and reorders, routing tables and neighbour tables as a kernel has them, and a virtual clock. All
/// chance comes from one seed: the same seed gives the same run.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "sim/invariant.h"

struct host;
struct place;
struct tap;

#define MAX_TRAIL 24   ///< hosts that a data packet may visit
#define SIM_START 1000 ///< seconds: the clock when a network is made

enum loss {
	LOSS_NO_ROUTE,
	LOSS_NO_NEIGHBOUR,
	LOSS_HOST_DOWN, ///< nobody has the NBMA address
	LOSS_CUT,       ///< a partition or a blocked pair
	LOSS_CHANCE,
	LOSS_LOOP,
	LOSS_NAT,       ///< port NAT that knows no inside host for it
	LOSS_PROTECTED, ///< no SA yet: a protected tunnel sends nothing in clear text
	LOSSES,
};

/// What a timer of the network's queue belongs to: timer.kind.
enum moment {
	MOMENT_SECOND,
	MOMENT_DELIVERY,
	MOMENT_HOST,
	MOMENT_FLOW,
	MOMENT_SA,
};

/// Data between two hosts, every `interval` microseconds, answered by the far end.
struct flow {
	struct host *from;
	struct addr source;
	struct addr destination;
	int64_t interval;
	struct timer timer;
	struct mono since;
	bool stopped;
	uint64_t limit; ///< packets to send; 0: no limit
	bool one_way;   ///< not answered
	uint64_t sent;
	uint64_t arrived; ///< answers where it is answered
	uint64_t lost[LOSSES];
	size_t trail[MAX_TRAIL]; ///< indices of the hosts that the last packet which arrived went by
	size_t trail_count;
	struct mono arrived_at; ///< when that was
};

/// Something that is wrong, and may be so for a short while only.
struct suspicion {
	char key[96];
	struct host *host;
	struct mono since;
	struct mono seen;
	UT_hash_handle hh;
};

/// How long after the last disturbance what may still be wrong, microseconds.
struct bounds {
	int64_t stale;   ///< a host holds what is not true any more
	int64_t settled; ///< data is lost, or goes by a hub; 0: both are not looked at
	int64_t fresh;   ///< the first packets of a flow go by a hub where nothing was ever disturbed
};

struct underlay_config {
	int64_t delay; ///< one way, microseconds
	int64_t jitter;
	uint32_t loss;      ///< percent
	uint32_t duplicate; ///< percent
	uint32_t reorder;   ///< percent, that are late by ten delays
	uint32_t dropped;   ///< a bit for each type of NHRP message that does not get through
	uint32_t sabotaged; ///< the same, for types of which the invariants shall not know
};

struct network {
	uint64_t seed;
	struct rng rng;
	struct mono now;
	struct timerq queue; ///< all that is going to happen
	struct timer second;
	struct host **hosts;
	size_t host_count;
	struct host *by_address; ///< hash by the tunnel address
	struct place *places;    ///< hash by NBMA address
	struct host *active;     ///< hosts whose peers carried data since the last second
	struct flow **flows;
	size_t flow_count;

	struct underlay_config underlay;
	struct {
		const struct host *a, *b;
		bool one_way; ///< `b` reaches `a`
	} * blocked;          ///< pairs that do not reach each other
	size_t blocked_count;
	bool protected;      ///< a peer is reached when there is an SA with it
	int64_t sa_delay;    ///< microseconds until one is there
	uint32_t sa_failure; ///< percent of attempts that fail

	bool expects_direct;   ///< spokes find the direct way: phases 2 and 3
	bool loops_allowed;    ///< while routes change, packets may circle
	struct mono disturbed; ///< when something last changed from outside; time 0 where nothing did
	uint64_t truth;        ///< grows with each change that makes what a host holds untrue
	struct bounds bounds;
	struct mono window; ///< start of the interval in which messages are counted
	uint64_t window_sent;

	uint64_t steps;
	uint64_t nhrp_sent;
	uint64_t nhrp_dropped;
	uint64_t data_lost[LOSSES];
	uint64_t data_sent;
	uint64_t data_arrived;
	uint64_t checks;

	struct suspicion *suspicions;
	struct trace *trace; ///< never NULL
	struct tap *tap;     ///< the caller's; NULL: nobody wants to see the packets
	struct violation violation;
	uint32_t violated; ///< a bit for each invariant that was broken
	bool goes_on;      ///< after a violation
	/// Called on each violation where it is not NULL: a test fails here.
	void (*on_violation)(const struct network *network);
};

/// Empty, at the time SIM_START; network_free() also frees its hosts and flows.
struct network *network_new(uint64_t seed);
void network_free(struct network *network);
/// Adds a stopped host; its `iface` is filled with what every host has, to be changed before host_start().
struct host *network_add(struct network *network, const char *name, const char *address, const char *nbma);
/// Lets `duration` microseconds go by; less where an invariant breaks.
void network_run(struct network *network, int64_t duration);
/// Runs until `condition` holds, at most `limit` microseconds; whether it holds.
bool network_run_until(
	struct network *network, bool (*condition)(void *context), void *context, int64_t limit);
/// An invariant broke and the network does not go on.
bool network_is_over(const struct network *network);
/// Begins to send data from a host, of its LAN where it has one, every `interval` microseconds; answered.
struct flow *network_flow(
	struct network *network, struct host *from, struct addr destination, int64_t interval);
/// Forbids or allows the direct way between two hosts.
void network_block(struct network *network, const struct host *a, const struct host *b, bool blocked);
/// Only what `a` sends to `b` is lost.
void network_block_one_way(struct network *network, const struct host *a, const struct host *b);
/// In one direction or both.
bool network_is_blocked(const struct network *network, const struct host *a, const struct host *b);
/// In this one.
bool network_loses(const struct network *network, const struct host *from, const struct host *to);
/// Sets the bounds that follow from the hosts' holding times.
void network_set_bounds(struct network *network);
/// Nothing is lost, blocked, cut or stopped any more.
void network_heal(struct network *network);
/// Something changed that the nodes have to find out: the bounds count from now.
void network_disturb(struct network *network);
/// Nothing was disturbed for `duration`, or ever, and the underlay loses no packet by itself.
bool network_is_calm(const struct network *network, int64_t duration);
/// The nodes have had the time to find out all that happened to them.
bool network_is_settled(const struct network *network);
/// The host with this tunnel address, or NULL.
struct host *network_host_at(const struct network *network, struct addr protocol);
/// The host of this name, or NULL.
struct host *network_host_named(const struct network *network, const char *name);
/// Data that did not arrive, by whatever reason.
uint64_t network_lost(const struct network *network);
/// An invariant is broken: notes it, and ends the run where nobody wants it to go on.
void network_violation(struct network *network, enum invariant invariant, const char *format, ...)
	PRINTF_LIKE(3, 4);
/// "no route" and so on.
const char *loss_name(enum loss loss);
