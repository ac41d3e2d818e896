// SPDX-License-Identifier: GPL-2.0-or-later
/// One tunnel interface: the owner of its bindings, peers, servers, resolutions and shortcuts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ratelimit.h"
#include "base/trie.h"
#include "core/cache.h"
#include "core/config.h"
#include "core/counters.h"

struct node;
struct binding;
struct peer;
struct nhs;
struct resolution;
struct redirect;
struct cache_walk;
struct requester;
struct protect;
struct silent;

struct iface {
	struct node *node;
	const struct iface_config *config;
	bool up;                  ///< the link can carry packets
	uint32_t device;          ///< index of the tunnel device; 0: not there yet
	struct addr nbma;         ///< our own NBMA address; unset: not known yet
	struct binding *bindings; ///< hash by protocol address
	/// How many there are, by type and by whether they are secured.
	uint32_t binding_counts[BINDING_TYPES][2];
	struct cache_walk *walks; ///< over the bindings, under way
	uint32_t dynamic_count;   ///< of them BINDING_DYNAMIC
	uint32_t cached_count;    ///< of them BINDING_TEMPORARY and BINDING_CACHED, and shortcuts
	struct peer *peers;       ///< hash by NBMA address
	struct nhs *nhs;          ///< array in order of configuration; see core/nhs.h
	size_t nhs_count;
	struct resolution *resolutions;      ///< hash by destination
	struct trie shortcuts;               ///< prefix → struct shortcut
	struct trie requesters;              ///< prefix → list of struct requester: who was told what
	struct requester *requesters_by_key; ///< the same, hash by prefix and who asked
	uint32_t requester_count;
	struct protect *protects;   ///< hash by NBMA address
	uint16_t most_behind;       ///< greatest `behind` of an NBMA address that was told of
	uint32_t held_peers;        ///< of them with packets that wait
	uint32_t kept_peers;        ///< of them that hold an answer of ours
	struct redirect *redirects; ///< hash; pairs redirected of late
	struct silent *silents;     ///< hash by NBMA address: who did not answer directly of late
	struct ratelimit max_send;
	struct ratelimit errors; ///< Error Indications sent
	struct counters counters;
};

/// Our protocol address on this interface.
struct addr iface_address(const struct iface *iface);
/// The subnet of the tunnel.
struct prefix iface_subnet(const struct iface *iface);
/// The prefix of length 0 of the tunnel's family: all of a trie.
struct prefix iface_everything(const struct iface *iface);
/// Seconds between two registrations.
uint32_t iface_registration_interval(const struct iface *iface);
