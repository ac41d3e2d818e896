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
};

/// Which routes `show ip route` lists.
enum route_filter {
	ROUTE_FILTER_ALL,
	ROUTE_FILTER_NHRP,     ///< routes that only NHRP made
	ROUTE_FILTER_OVERRIDE, ///< all, and the next hops that override theirs
};

/// Peers by interface and NBMA address. (`show dmvpn`)
json_t *view_dmvpn(const struct node *node, const struct config *config, struct mono now);
/// The cache of bindings, shortcuts and open resolutions. (`show ip nhrp`)
json_t *view_nhrp(const struct node *node, enum nhrp_filter filter, struct mono now);
/// How many entries of which kind. (`show ip nhrp summary`)
json_t *view_nhrp_summary(const struct node *node, struct mono now);
/// Next hop servers and the registrations under way. (`show ip nhrp nhs`)
json_t *view_nhs(const struct node *node, struct mono now);
/// Receivers of multicast. (`show ip nhrp multicast`)
json_t *view_multicast(const struct node *node);
/// Counters of messages and of refusals. (`show ip nhrp traffic`)
json_t *view_traffic(const struct node *node, struct mono now);
/// IPv4 routes of the routing table with what NHRP adds to them. (`show ip route`)
json_t *view_route(const struct node *node, enum route_filter filter, struct mono now);
/// Tunnel interfaces with their links' counters; `name` NULL: all, else the one device of this name.
/// (`show interfaces`)
json_t *view_interfaces(const struct ctl_context *context, const char *name);
/// The configuration in IOS form, secrets hidden. (`show running-config`)
json_t *view_running_config(const struct config *config);
/// Version and how long the daemon has been running. (`show version`)
json_t *view_version(const struct config *config, struct mono started, struct mono now);
/// What is being debugged. (`show debugging`)
json_t *view_debugging(const struct ctl_debug *debug);
