// SPDX-License-Identifier: GPL-2.0-or-later
/// One hub, and more clients than there is memory for nodes: what it costs a hub to know them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swarm_figures {
	size_t bindings;      ///< registered at the end
	size_t refused;       ///< replies that were not positive
	double cold_seconds;  ///< of real time for all of them to register
	double again_seconds; ///< for all of them to refresh
	double per_second;    ///< registrations, cold
	size_t rss_kib;       ///< of the process, at the end
	size_t hub_bytes;     ///< of memory for each binding: growth of the heap
};

/// Registers `count` clients with a hub, twice: each a message that is encoded, carried and decoded, with its
/// reply.
struct swarm_figures swarm_run(size_t count);
