// SPDX-License-Identifier: GPL-2.0-or-later
/// A hub and its load, for the measurements that need both.
#pragma once

#include "bench.h"
#include "load.h"
#include "report.h"
#include "world.h"

struct hub {
	const struct bench_options *options;
	struct world world;
	struct subject subject;
	struct load *load;
	struct report report;
	uint64_t rss_before;
	double cpu_us;  ///< of the hub's processor for each of the last exchanges
	double echo;    ///< exchanges a second
	double refresh; ///< refreshes a second
};

/// Makes the world, the wire, the load and the report, and removes them after `measure`.
bool hub_bench(const struct bench_options *options, const char *title,
	bool (*measure)(struct hub *hub, struct err *err), struct err *err) MUST_CHECK;
/// Waits until the hub answers a registration.
bool hub_wait_ready(struct hub *hub, struct err *err) MUST_CHECK;
/// All spokes register, once; an error where some are not answered.
bool hub_register_all(struct hub *hub, struct load_result *ret, struct err *err) MUST_CHECK;
/// Sends one message of each spoke after the other, all of them in each round, for at least a second. Returns
/// how many were answered a second.
double hub_rounds(struct hub *hub, enum load_message message, struct load_result *ret_last);
