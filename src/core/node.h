// SPDX-License-Identifier: GPL-2.0-or-later
/// One NHRP node: the public face of the core. It does no I/O, has no clock and calls nobody: the shell
/// gives it inputs with the time, then drains the actions and the changes of the desired state.
///
/// Ownership is a tree: node → iface → {bindings, peers, servers, resolutions, shortcuts}.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "core/action.h"
#include "core/cache.h"
#include "core/config.h"
#include "core/desired.h"
#include "core/iface.h"
#include "core/protect.h"
#include "core/rib.h"

struct requester;

struct node {
	const struct node_config *config;
	struct iface **ifaces; ///< in order of configuration
	size_t iface_count;
	struct rib rib;
	struct desired desired;
	struct timerq timers;
	struct rng rng;
	uint32_t next_request_id;
	struct action *actions;
	struct action *actions_last;
	struct ratelimit events;       ///< events that remote parties can cause
	uint64_t registration_changes; ///< clients that came, moved or went
	uint64_t events_suppressed;
};

/// A node whose interfaces are all down. `config` is borrowed and must outlive the node. `seed` feeds the
/// jitter; `request_id` is the first request ID to use and shall be beyond every one used before a
/// restart (RFC 2332 section 5.2.3).
struct node *node_new(const struct node_config *config, uint64_t seed, uint32_t request_id, struct mono now);
/// Makes the node what `config` says now. An interface is known by its ID: one that is new begins down, one
/// that is left out ends as by node_remove(), the others go on with all that they know but for what the
/// change is about. Another address, network or destination is another interface: node_remove() it first. The
/// old configuration may be freed then.
void node_configure(struct node *node, const struct node_config *config, struct mono now);
/// Ends an interface: takes its registrations and answers back, and forgets the rest.
void node_remove(struct node *node, uint32_t iface, struct mono now);
/// A registration or a resolved binding from before a restart, for `facts->holding_time` seconds. It gives
/// way to the client's next registration, wherever that comes from. False where there is no room or no such
/// interface.
bool node_restore(struct node *node, uint32_t iface, struct addr protocol, const struct binding_facts *facts,
	struct mono now) MUST_CHECK;
/// A shortcut from before a restart, whose next hop node_restore() brought back. False where it does not fit
/// the routes of now, or there is no room.
bool node_restore_shortcut(struct node *node, uint32_t iface, struct addr destination, struct prefix prefix,
	struct addr next_hop, uint16_t holding_time, uint16_t mtu, struct mono now) MUST_CHECK;
/// Who was told what before the restart; see requester_note(), whose `iface` is not looked at.
void node_restore_requester(struct node *node, uint32_t iface, const struct requester *facts,
	uint16_t holding_time, struct mono now);
/// The kernel has a neighbour for this address since before the restart: it stays, if the address is known.
void node_restore_neighbour(struct node *node, uint32_t iface, struct addr protocol);
/// Frees everything, with what was not drained. NULL does no harm.
void node_free(struct node *node);

/// The tunnel device `device` is there, with our own address in the underlay, and can (or cannot) carry
/// packets. A changed NBMA address is told to everybody who has the old one.
void node_on_link(
	struct node *node, uint32_t iface, bool up, uint32_t device, struct addr nbma, struct mono now);
/// DNS says that the host which servers are configured by has these addresses; see core/nhs_address.h. Where
/// it cannot tell, what it said before holds.
void node_on_name(
	struct node *node, const char *name, const struct addr *addresses, size_t count, struct mono now);
/// An NHRP packet (without GRE) came in by `iface` from the NBMA address `from`.
void node_on_packet(struct node *node, uint32_t iface, struct addr from, const uint8_t *packet, size_t length,
	struct mono now);
/// Is somebody known at this NBMA address? Packets of strangers may wait for those of others.
bool node_knows(struct node *node, uint32_t iface, struct addr nbma);
/// So many packets of strangers were dropped, for there were too many: counts them. One has a sender; where
/// `from` is not set nobody looked.
void node_on_overload(struct node *node, uint32_t iface, struct addr from, uint64_t count);
/// The kernel has a packet for a next hop on `iface` that it has no neighbour for.
void node_on_neigh_miss(struct node *node, uint32_t iface, struct addr next_hop, struct mono now);
/// The SA with the peer at `nbma` came up, with the peer's authenticated identity; or went, or could not be
/// had. To be told again when the identity is another one.
void node_on_sa(struct node *node, uint32_t iface, struct addr nbma, enum sa_state state,
	const char *identity, struct mono now);
/// A packet came in by tunnel `in` and leaves by tunnel `out`; `packet` is the start of its IP header.
void node_on_traffic(
	struct node *node, uint32_t in, uint32_t out, const uint8_t *packet, size_t length, struct mono now);
/// Data went to a peer (`sent`) or came from it (`received`) since the last such call.
void node_on_use(
	struct node *node, uint32_t iface, struct addr nbma, bool sent, bool received, struct mono now);
/// A route of the routing table (without our overrides) was added or changed, or removed.
void node_on_route(struct node *node, const struct rib_route *route, bool added, struct mono now);

/// When node_tick() is due; MONO_NEVER where nothing waits.
struct mono node_next_wake(const struct node *node);
void node_tick(struct node *node, struct mono now);

/// Takes the oldest action, NULL where there is none. The caller frees it with free().
struct action *node_pop_action(struct node *node) MUST_CHECK;
struct desired *node_desired(struct node *node);

/// Withdraws our registrations and tells requesters; the shell sends what comes out and then frees.
void node_shutdown(struct node *node, struct mono now);

/// What `clear ip nhrp` says: `protocol` unset clears every entry that is not static, else that one.
/// Returns how many bindings and shortcuts ended.
size_t node_clear(struct node *node, struct addr protocol, struct mono now);
/// `clear ip nhrp shortcut`.
size_t node_clear_shortcuts(struct node *node, struct mono now);
/// `clear ip nhrp counters`.
void node_clear_counters(struct node *node);

struct iface *node_iface(struct node *node, uint32_t id);
