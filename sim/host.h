// SPDX-License-Identifier: GPL-2.0-or-later
/// A host of the network: one node of the core, and the kernel around it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/trie.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/shortcut.h"
#include "sim/network.h"
#include "sim/trace.h"

#define TUNNEL_DEVICE 10
#define LAN_DEVICE    20
#define IFACE_ID      1

#define MAX_SERVERS 4  ///< of a host
#define MAX_HISTORY 16 ///< addresses that a host had

/// A neighbour of the tunnel device, a receiver of multicast, or a peer that carried data.
struct neighbour {
	struct addr key;
	struct addr nbma;
	bool sent;
	bool received;
	UT_hash_handle hh;
};

struct sa;

struct host {
	struct network *network;
	size_t index;
	char name[16];
	struct node *node; ///< NULL while it is stopped
	struct timer wake;
	struct node_config config;
	struct iface_config iface;
	struct nhs_config servers[MAX_SERVERS];
	struct addr nbma;        ///< what the host thinks that it has
	struct addr public_nbma; ///< what the underlay sees: another where there is NAT
	struct place *place;     ///< where the underlay finds it; NULL: somebody else took its address
	struct addr history[MAX_HISTORY];
	size_t history_count;
	struct prefix lan;
	bool is_hub;
	bool is_cut;          ///< no underlay packet in or out
	bool follows_servers; ///< a route by a server goes when the server is down, as by a routing protocol

	struct rib_route *routes; ///< what the kernel's routing table is
	size_t route_count;
	struct rib rib;
	struct neighbour *neighbours; ///< of the tunnel device, by protocol address
	struct neighbour *receivers;  ///< of multicast, by NBMA address
	struct neighbour *uses;       ///< by NBMA address: data since the last second
	struct host *next_active;     ///< the next one with such uses
	bool is_active;
	struct trie overrides; ///< prefix → struct desired_item
	struct sa *sas;        ///< of a protected network, by the peer's NBMA address

	size_t unchecked; ///< inputs since its tables were last compared
	bool has_changed; ///< neighbours or overrides, since what it holds was last compared with the truth
	uint64_t truth;   ///< network.truth when that was
	uint32_t suspicions;

	uint32_t restarts;
	uint64_t events[EVENT_TYPES];
	struct event last[EVENT_TYPES];
	uint64_t packets_sent; ///< NHRP
	UT_hash_handle hh;     ///< network.by_address
};

/// Configures a server of the host.
struct nhs_config *host_add_server(struct host *host, const struct host *server);
void host_start(struct host *host);
/// Stops it: `graceful` withdraws, else it just vanishes. Its routing table stays.
void host_stop(struct host *host, bool graceful);
/// Gives it another address in the underlay.
void host_move(struct host *host, struct addr nbma);
/// Puts it behind 1:1 NAT, or port NAT, which it then shares with others at this address; tells nobody.
void host_set_nat(struct host *host, struct addr public_nbma, bool ports);
/// Cuts it off from everybody, or not any more.
void host_cut(struct host *host, bool cut);
void host_clear(struct host *host, bool shortcuts_only);
void host_add_route(
	struct host *host, struct prefix prefix, struct addr next_hop, uint32_t device, uint32_t metric);
void host_remove_route(
	struct host *host, struct prefix prefix, struct addr next_hop, uint32_t device, uint32_t metric);
/// Its address on the tunnel.
struct addr host_address(const struct host *host);
/// The `number`th address of its LAN.
struct addr host_lan(const struct host *host, uint8_t number);
struct iface *host_iface(const struct host *host);
/// It had this address in the underlay, or has it.
bool host_had_address(const struct host *host, struct addr nbma);
/// `server` is a configured server of the host.
bool host_has_server(const struct host *host, const struct host *server);
/// Gives the host's node the packet as if it came from `from`.
void host_receive(struct host *host, struct addr from, const uint8_t *packet, size_t length);
/// Takes what the node wants done, after each input.
void host_drain(struct host *host);
/// Its node's time has come.
void host_tick(struct host *host);
/// Tells its node which peers carried data.
void host_tell_uses(struct host *host);
void host_free(struct host *host);
