// SPDX-License-Identifier: GPL-2.0-or-later
/// What the core is told to be: the configuration of NHRP, already checked, free of syntax.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "wire/nhrp_auth.h"

#define IFACE_NAME_SIZE   16  ///< as the kernel's IFNAMSIZ
#define NHS_NAME_SIZE     254 ///< longest name in DNS, with its NUL
#define NHS_CLUSTERS      11  ///< clusters 0 to 10
#define NHS_ADDRESSES_MAX 8   ///< servers behind one name

#define HOLDING_TIME_DEFAULT      600    ///< seconds
#define REDIRECT_TIMEOUT_DEFAULT  8      ///< seconds between two redirects for a source and destination
#define REGISTRATIONS_PER_CLIENT  32     ///< addresses that one NBMA address can register
#define REGISTRATIONS_DEFAULT     200000 ///< dynamic bindings of a server
#define MAX_SEND_PACKETS_DEFAULT  10000
#define MAX_SEND_INTERVAL_DEFAULT 10 ///< seconds

/// `ip nhrp nhs {ADDR|dynamic} [nbma {NBMA|NAME}] [multicast] [priority N] [cluster N] [probe N]`
struct nhs_config {
	struct addr protocol;     ///< unset: told by the server itself ("dynamic")
	struct addr nbma;         ///< unset: by `name`, or by an `ip nhrp map` line
	char name[NHS_NAME_SIZE]; ///< of the host in the underlay, for DNS; empty: none
	bool multicast;
	uint8_t priority; ///< 0 is best
	uint8_t cluster;
	uint16_t probe; ///< seconds between two registrations as a sign of life; 0: none but for the refresh
};

/// `ip nhrp map ADDR NBMA`
struct map_config {
	struct addr protocol;
	struct addr nbma;
};

/// `ip nhrp authorize identity PATTERN PREFIX`: a peer whose authenticated identity fits the pattern may have
/// addresses and networks in the prefix.
struct authorize_config {
	char *pattern; ///< `*` stands for any characters, `?` for one; letters in any case
	struct prefix prefix;
};

/// `ip nhrp map multicast group GROUP ADDRESS`
struct group_config {
	struct prefix group;
	struct addr receiver; ///< a tunnel address
};

/// How far remote parties can make an interface grow.
struct limits_config {
	uint32_t registrations; ///< dynamic bindings of a server
	uint32_t cached;        ///< bindings and shortcuts learned by resolution
	uint32_t resolutions;   ///< requests under way or held back
	uint32_t requesters;    ///< nodes remembered for purges
	uint32_t redirects;     ///< source and destination pairs remembered
};

/// One tunnel interface. The arrays belong to whoever made the struct.
struct iface_config {
	uint32_t id;                ///< the tunnel's number, unique
	char name[IFACE_NAME_SIZE]; ///< the device, "tunnel1"
	struct prefix address; ///< the tunnel address with its subnet's length; `addr` holds the host's bits
	uint32_t network_id;   ///< 0: no NHRP here
	struct nhrp_auth_key auth;
	uint16_t holding_time;         ///< seconds, that we ask for and grant
	uint16_t registration_timeout; ///< seconds between registrations; 0: a third of the holding time
	bool registration_unique;
	bool shortcut;
	bool redirect;
	uint16_t redirect_timeout; ///< seconds
	bool server_only;          ///< sends no Resolution Request of its own
	bool multicast_dynamic;    ///< registered clients receive multicast
	uint32_t max_send_packets;
	uint32_t max_send_interval; ///< seconds
	uint16_t mtu;               ///< told to others, bytes; 0: not told
	struct addr destination;    ///< `tunnel destination`: point-to-point; unset: multipoint
	bool protected;             ///< a peer is talked to only under an SA: see node_on_sa()
	struct limits_config limits;

	struct nhs_config *nhs;
	size_t nhs_count;
	uint8_t max_connections[NHS_CLUSTERS]; ///< servers of each cluster that we register with; 0: all
	uint8_t nhs_fallback; ///< seconds that a server which was down answers before it is used again
	struct map_config *maps;
	size_t map_count;
	struct addr *multicast; ///< `ip nhrp map multicast NBMA`
	size_t multicast_count;
	struct group_config *groups; ///< those of one group beside each other
	size_t group_count;
	struct authorize_config *authorize; ///< none: an address belongs to the identity that has it now
	size_t authorize_count;
};

struct node_config {
	struct iface_config *ifaces;
	size_t iface_count;
};

/// The limits that hold where nothing is configured.
struct limits_config limits_default(void);
