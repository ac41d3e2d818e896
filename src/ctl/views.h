// SPDX-License-Identifier: GPL-2.0-or-later
/// The state of the daemon as JSON, one function per noun of `show`. Every view is an object with
/// "schema": "dmvpn/<name>/1"; docs/cli.md lists the fields. Times are whole seconds, addresses and
/// prefixes strings, devices Linux names; what is not known is null.
///
/// The caller owns what comes back (json_decref).
#pragma once

#include <jansson.h>

#include "core/node.h"

struct config;
struct ctl_context;
struct ctl_session;
struct view;
struct ctl_debug;
struct link;

/// Which entries of the cache `show ip nhrp` lists.
enum nhrp_filter {
	NHRP_FILTER_ALL,
	NHRP_FILTER_STATIC,
	NHRP_FILTER_DYNAMIC,
	NHRP_FILTER_INCOMPLETE,
	NHRP_FILTER_SHORTCUT, ///< what changed the path of packets: flags rib and nho
	NHRP_FILTER_BRIEF,    ///< what has an NBMA address
	NHRP_FILTER_SELF,     ///< our own side: our address and what we answered
};

// Views that grow with the number of peers or routes are made in parts (ctl/view.h).

/// Peers by interface and NBMA address; `only`: the peer with this NBMA or tunnel address; unset: all.
/// (`show dmvpn`)
struct view *view_dmvpn(struct addr only);
/// The sessions of IPsec of an interface, as a list.
json_t *view_crypto_sessions(const struct iface *iface, const struct ctl_context *context);
/// "IKE" or "IPSEC" where that is what a peer of a protected tunnel waits for, else NULL.
const char *view_crypto_waits(const struct iface *iface, const struct ctl_context *context, struct addr nbma);
/// Sessions of IPsec by interface and peer. (`show crypto session`, `show crypto ikev2 sa`, `show crypto
/// ipsec sa`)
json_t *view_crypto(const struct ctl_context *context);
/// The cache of bindings, shortcuts and open resolutions. (`show ip nhrp`)
struct view *view_nhrp(enum nhrp_filter filter);
/// How many entries of which kind. (`show ip nhrp summary`)
struct view *view_nhrp_summary(void);
/// Receivers of multicast. (`show ip nhrp multicast`)
struct view *view_multicast(void);
/// NHRP's IPv4 routes, and those of the routing table `with_rib`. (`show ip route`)
struct view *view_route(bool with_rib);
/// What of it has the longest prefix around `destination`, an IPv4 address; NULL: nothing. (`show ip route
/// ADDRESS`)
json_t *view_route_to(const struct ctl_context *context, struct addr destination);
/// Tunnel interfaces with their links' counters; `name` NULL: all, else the one device of this name.
/// (`show interfaces`)
struct view *view_interfaces(const char *name);
/// The events that are kept, from the time `since` on. (`show events`)
struct view *view_events(struct mono since);

/// Next hop servers and the registrations under way. (`show ip nhrp nhs`)
json_t *view_nhs(const struct node *node, struct mono now);
/// Those of one interface, as a list.
json_t *view_nhs_of(const struct iface *iface, struct mono now);
/// Counters of messages and of refusals. (`show ip nhrp traffic`)
json_t *view_traffic(const struct node *node, struct mono now);
/// The configuration in IOS form, secrets hidden; `all`: with what has its default. (`show running-config`)
json_t *view_running_config(const struct config *config, bool all);
/// The blocks of tunnels as in it; `name` NULL: all, else the one device of this name. (`show running-config
/// interface`)
json_t *view_running_interface(const struct config *config, const char *name);
/// What the daemon's file says, in the same form. (`show startup-config`)
json_t *view_startup_config(const struct config *config);
/// Version and how long the daemon has been running. (`show version`)
json_t *view_version(const struct config *config, struct mono started, struct mono now);
/// What is being debugged in a session. (`show debugging`)
json_t *view_debugging(const struct ctl_session *session);
