// SPDX-License-Identifier: GPL-2.0-or-later
/// Traffic between two namespaces: streams of TCP by iperf3, datagrams and round trips by processes of our
/// own.
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct world;
struct world_node;

struct traffic_stream {
	double gbit_per_second; ///< received payload; the sum of both directions
	double cpu_ms_per_gbit; ///< processor time of the whole machine
};

struct traffic_datagrams {
	double thousands_per_second; ///< received
	double cpu_us; ///< the sender's processor time for each that it sent: of the whole way, as far as the
		       ///< kernel walks it in the sender's system call
};

/// Whether a packet to `address` is answered within a second.
bool traffic_reaches(const struct world_node *from, const char *address);
/// `streams` of TCP (cubic) for `seconds`, also back with `both`.
bool traffic_tcp(const struct world_node *from, const struct world_node *to, const char *address,
	unsigned streams, bool both, double seconds, struct traffic_stream *ret, struct err *err) MUST_CHECK;
/// Datagrams of 64 bytes as fast as they can be sent.
bool traffic_udp(const struct world *world, const struct world_node *from, const struct world_node *to,
	const char *address, double seconds, struct traffic_datagrams *ret, struct err *err) MUST_CHECK;
/// Median time of a datagram of 64 bytes there and back, microseconds.
bool traffic_round_trip(const struct world *world, const struct world_node *from, const struct world_node *to,
	const char *address, double seconds, double *ret_us, struct err *err) MUST_CHECK;
