// SPDX-License-Identifier: GPL-2.0-or-later
/// A DMVPN in one process: real core objects with the real wire format, an underlay that delays, loses,
/// repeats and reorders, routing tables and neighbour tables as a kernel has them, and a virtual clock. All
/// chance comes from one seed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "base/trie.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/shortcut.h"

#define TUNNEL_DEVICE 10
#define LAN_DEVICE    20
#define WAN_DEVICE    30
#define IFACE_ID      1

#define MAX_TRAIL     24  ///< hosts that a data packet may visit
#define MAX_SERVERS   4   ///< of a host
#define MAX_HISTORY   16  ///< addresses that a host had
#define TIMELINE_SIZE 400 ///< lines kept for a failure
#define TIMELINE_TEXT 150

enum loss {
	LOSS_NO_ROUTE,
	LOSS_NO_NEIGHBOUR,
	LOSS_HOST_DOWN, ///< nobody has the NBMA address
	LOSS_CUT,       ///< a partition or a blocked pair
	LOSS_CHANCE,
	LOSS_LOOP,
	LOSSES,
};

/// A neighbour of the tunnel device, a receiver of multicast, or a peer that carried data.
struct neighbour {
	struct addr key;
	struct addr nbma;
	bool sent;
	bool received;
	UT_hash_handle hh;
};

struct host {
	struct network *network;
	size_t index;
	char name[16];
	struct node *node; ///< NULL while it is stopped
	struct node_config config;
	struct iface_config iface;
	struct nhs_config servers[MAX_SERVERS];
	struct addr nbma;        ///< what the host thinks that it has
	struct addr public_nbma; ///< what the underlay sees: another where there is NAT
	struct addr history[MAX_HISTORY];
	size_t history_count;
	struct prefix lan;
	bool is_cut;          ///< no underlay packet in or out
	bool follows_servers; ///< a route by a server goes when the server is down, as by a routing protocol
	struct addr lost_servers[MAX_SERVERS];

	struct rib_route *routes; ///< what the kernel's routing table is
	size_t route_count;
	struct rib rib;
	struct neighbour *neighbours; ///< of the tunnel device, by protocol address
	struct neighbour *receivers;  ///< of multicast, by NBMA address
	struct neighbour *uses;       ///< by NBMA address: data since the last second
	struct trie overrides;        ///< prefix → struct desired_item

	uint32_t restarts;
	uint64_t events[EVENT_TYPES];
	struct event last[EVENT_TYPES];
	uint64_t packets_sent; ///< NHRP
};

/// Data between two hosts, every `interval` microseconds, answered by the far end.
struct flow {
	struct host *from;
	struct addr source;
	struct addr destination;
	int64_t interval;
	struct mono next;
	bool stopped;
	uint64_t limit; ///< packets to send; 0: no limit
	bool one_way;   ///< not answered
	uint64_t sent;
	uint64_t arrived; ///< answers where it is answered
	uint64_t lost[LOSSES];
	size_t trail[MAX_TRAIL]; ///< indices of the hosts that the last packet which arrived went by
	size_t trail_count;
};

/// Something that is wrong, and may be so for a short while only.
struct suspicion {
	char key[96];
	struct mono since;
	uint64_t round;
	UT_hash_handle hh;
};

struct network {
	uint64_t seed;
	struct rng rng;
	struct mono now;
	struct mono next_second;
	struct host **hosts;
	size_t host_count;
	struct host **by_nbma; ///< unordered, as hosts
	struct flow **flows;
	size_t flow_count;
	struct timerq underlay;
	uint64_t in_flight;

	int64_t delay; ///< one way, microseconds
	int64_t jitter;
	uint32_t loss;      ///< percent
	uint32_t duplicate; ///< percent
	struct {
		struct addr a, b;
	} blocked[16]; ///< pairs that do not reach each other
	size_t blocked_count;

	int64_t stale_bound; ///< for how long a host may hold what is not true any more
	bool loops_allowed;  ///< while routes change, packets may circle
	uint64_t nhrp_sent;
	uint64_t nhrp_dropped;
	uint64_t data_lost[LOSSES];
	uint64_t data_sent;
	uint64_t data_arrived;

	struct suspicion *suspicions;
	uint64_t round;
	char timeline[TIMELINE_SIZE][TIMELINE_TEXT];
	size_t timeline_next;
	bool quiet; ///< a violation is noted in `violation`, not fatal: for tests of the checks themselves
	char violation[200];
};

struct network *network_new(uint64_t seed);
void network_free(struct network *network);
/// Adds a stopped host; its `iface` is filled with what every host has, to be changed before host_start().
struct host *network_add(struct network *network, const char *name, const char *address, const char *nbma);
/// Lets `duration` microseconds go by.
void network_run(struct network *network, int64_t duration);
/// Runs until `condition` holds, at most `limit` microseconds; whether it holds.
bool network_run_until(
	struct network *network, bool (*condition)(void *context), void *context, int64_t limit);
struct flow *network_flow(
	struct network *network, struct host *from, struct addr destination, int64_t interval);
/// Forbids or allows the direct way between two hosts.
void network_block(struct network *network, const struct host *a, const struct host *b, bool blocked);
/// One line of the timeline.
void network_note(struct network *network, const char *format, ...) PRINTF_LIKE(2, 3);
/// Prints seed and timeline and ends the test.
void network_violation(struct network *network, const char *invariant, const char *format, ...)
	PRINTF_LIKE(3, 4);

/// Configures a server of the host.
struct nhs_config *host_add_server(struct host *host, const struct host *server);
void host_start(struct host *host);
/// Stops it: `graceful` withdraws, else it just vanishes. Its routing table stays.
void host_stop(struct host *host, bool graceful);
/// Gives it another address in the underlay.
void host_move(struct host *host, const char *nbma);
/// Puts it behind 1:1 NAT.
void host_set_nat(struct host *host, const char *public_nbma);
void host_add_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric);
void host_remove_route(
	struct host *host, const char *prefix, struct addr next_hop, uint32_t device, uint32_t metric);
/// Its address on the tunnel.
struct addr host_address(const struct host *host);
/// The `number`th address of its LAN.
struct addr host_lan(const struct host *host, uint8_t number);
struct iface *host_iface(const struct host *host);
/// The host with this tunnel address, or NULL.
struct host *network_host_at(const struct network *network, struct addr protocol);
/// Gives the host's node the packet as if it came from `from`.
void host_receive(struct host *host, struct addr from, const uint8_t *packet, size_t length);
/// Takes what the node wants done.
void host_drain(struct host *host);
/// Sends one data packet of a flow into the host's IP layer.
void host_send_data(struct host *host, struct flow *flow);

/// The invariants of one host.
void check_host(struct host *host);
/// The invariants of the whole network, and what has been wrong for too long.
void check_network(struct network *network);
