// SPDX-License-Identifier: GPL-2.0-or-later
/// The measurements, one function a subcommand.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "subject.h"

struct bench_options {
	unsigned spokes;
	unsigned window; ///< requests outstanding
	double seconds;  ///< of each phase with a rate
	double repeat;   ///< seconds until a request without an answer is sent again
	uint16_t holding_time;
	enum subject_kind server;
	const char *link;
	const char *frr;      ///< folder of its programs
	const char *underlay; ///< forward: "virt" or "wire"
	double flood;         ///< hostile: packets a second at most; 0: all that the machine has
	unsigned rounds;      ///< hub, forward, hostile
	unsigned peers;       ///< forward: in the table of each node
	unsigned mtu;         ///< forward: of the tunnel, bytes
	const char *rival;    ///< forward: a command in place of dmvpnd, or NULL
	bool via_hub;         ///< forward: from spoke to spoke by a hub
	bool hairpin;         ///< forward: which has `tunnel hairpin fast`
	bool json;
};

/// A hub with many spokes: registrations, refreshes, memory, steady state, restart.
bool bench_hub(const struct bench_options *options, struct err *err) MUST_CHECK;
/// From the first packet between two spokes to the first direct one, in phases 2 and 3.
bool bench_convergence(const struct bench_options *options, struct err *err) MUST_CHECK;
/// What spokes notice of an attack on their hub.
bool bench_hostile(const struct bench_options *options, struct err *err) MUST_CHECK;
/// What the tunnel carries between two nodes, beside the plain wire.
bool bench_forward(const struct bench_options *options, struct err *err) MUST_CHECK;
/// One server under the load that its rivals get too: bench/compare compares what it tells.
bool bench_rival(const struct bench_options *options, struct err *err) MUST_CHECK;
/// Resolutions answered and passed on.
bool bench_resolve(const struct bench_options *options, struct err *err) MUST_CHECK;
