// SPDX-License-Identifier: GPL-2.0-or-later
/// What commands do that is more than a view; the functions of the rows in commands.c (ctl/grammar.h).
#pragma once

#include <jansson.h>

#include "ctl/call.h"

struct view;

enum do_debug {
	DO_DEBUG_NOTHING = 0, ///< change nothing
	DO_DEBUG_PACKET = 1,
	DO_DEBUG_CACHE = 2,
	DO_DEBUG_EVENT = 4,
	DO_DEBUG_ALL = 7,
	DO_DEBUG_OFF = 8, ///< with topics: switch these off
};

/// What the client itself does, told by the view "client".
enum do_client {
	DO_TECH_SUPPORT,
	DO_LENGTH,
	DO_TOP,
	DO_TOPOLOGY,
	DO_TOPOLOGY_DOT,
	DO_TOPOLOGY_SVG,
	DO_TOPOLOGY_JSON,
	DO_EXIT,
};

struct view *do_interfaces(const struct ctl_call *call);
/// `show running-config interface`: the blocks of all tunnels, or that of one.
json_t *do_running_interface(const struct ctl_call *call);
/// `show startup-config`: the file, as reload would read it.
json_t *do_startup(const struct ctl_call *call);
/// `show ip route ADDRESS`
json_t *do_route(const struct ctl_call *call);
struct view *do_events(const struct ctl_call *call);
json_t *do_client(const struct ctl_call *call);
json_t *do_clear(const struct ctl_call *call);
json_t *do_clear_shortcuts(const struct ctl_call *call);
json_t *do_clear_counters(const struct ctl_call *call);
json_t *do_clear_crypto(const struct ctl_call *call);
json_t *do_debug(const struct ctl_call *call);
json_t *do_monitor(const struct ctl_call *call);
json_t *do_why(const struct ctl_call *call);
json_t *do_configure(const struct ctl_call *call);
json_t *do_save(const struct ctl_call *call);
json_t *do_reload(const struct ctl_call *call);
