// SPDX-License-Identifier: GPL-2.0-or-later
/// The NHRP cache as an operator knows it: one list of entries out of the core's bindings, shortcuts,
/// resolutions and answers given, with the type, state, flags and attributes that Cisco's commands show.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"

struct ctl_context;
struct iface;

enum entry_type {
	ENTRY_STATIC,     ///< configured
	ENTRY_DYNAMIC,    ///< registered or resolved
	ENTRY_INCOMPLETE, ///< asked for, not known
};

/// How far the way to the peer is built; each state waits for what its name says.
enum entry_state {
	ENTRY_INTF,  ///< the interface
	ENTRY_IKE,   ///< IKE: keys, certificates, an answer at all
	ENTRY_IPSEC, ///< the SA
	ENTRY_NHRP,  ///< an NHRP answer
	ENTRY_UP,
};

/// In the order in which they are shown.
enum entry_flag {
	ENTRY_UNIQUE = 1 << 0,     ///< registered as unique
	ENTRY_REGISTERED = 1 << 1, ///< a client registered it here
	ENTRY_ROUTER = 1 << 2,     ///< told by a router
	ENTRY_USED = 1 << 3,       ///< data went there in the last 60 seconds
	ENTRY_NHOP = 1 << 4,       ///< a next hop of the cloud
	ENTRY_RIB = 1 << 5,        ///< a route of its own
	ENTRY_NHO = 1 << 6,        ///< overrides the next hop of a route
	ENTRY_LOCAL = 1 << 7,      ///< ours: what we answered to others
	ENTRY_NAT = 1 << 8,        ///< behind NAT
	ENTRY_NEGATIVE = 1 << 9,   ///< nothing is known
	ENTRY_TEMPORARY = 1 << 10, ///< by the NHS, until the answer is there
};

struct entry {
	struct prefix target;
	struct addr next_hop;     ///< tunnel address; the target's own where it is incomplete
	struct addr nbma;         ///< unset: not known
	struct addr claimed_nbma; ///< set where NAT changed it
	enum entry_type type;
	enum entry_state state;
	uint32_t flags; ///< of enum entry_flag
	bool nhs;       ///< a configured next hop server
	struct mono created;
	struct mono expires; ///< MONO_NEVER: does not
	struct mono since;   ///< of the state; MONO_NEVER: it never was up
	uint16_t mtu;        ///< bytes; 0: not told
	uint32_t request_id;
	uint32_t requests;  ///< ENTRY_INCOMPLETE: unanswered requests
	const char *reason; ///< ENTRY_INCOMPLETE: why there is no answer; NULL: none yet
};

#define ENTRIES_AT_MAX 4
/// The entries of an interface with the target `key`, of the sources given (enum walk_source). Returns how
/// many.
size_t entries_at(const struct ctl_context *context, const struct iface *iface, struct prefix key,
	unsigned sources, struct entry ret[static ENTRIES_AT_MAX]);

/// "static", "dynamic", "incomplete".
const char *entry_type_name(enum entry_type type);
/// "INTF", "IKE", "IPSEC", "NHRP", "UP".
const char *entry_state_name(enum entry_state state);
/// The flag at `index` of enum entry_flag's order; NULL behind the last.
const char *entry_flag_name(unsigned index);

#define ENTRY_ATTRIBUTES_SIZE 16
/// The attributes of `show dmvpn`: S, D, I, I2, N, L, X, T1, T2 in a row. Returns `buffer`.
char *entry_attributes(const struct entry *entry, char buffer[static ENTRY_ATTRIBUTES_SIZE]);
