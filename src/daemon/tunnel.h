// SPDX-License-Identifier: GPL-2.0-or-later
/// One tunnel of the configuration as a device of this host: it comes up when its source is there, follows
/// it when it moves, and is made again when somebody deletes it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct daemon;
struct device_info;
struct iface_config;
struct link;
struct tunnel_config;

struct tunnel {
	struct daemon *daemon;
	const struct iface_config *nhrp;
	const struct tunnel_config *config;
	struct link *link; ///< NULL: not open
	uint32_t device;   ///< index; 0: not there
	struct addr nbma;  ///< the source address in use
	bool told_waiting; ///< the log said why it is not up
	bool dormant;      ///< the device is shown as down
};

/// Gives a tunnel, new (zeroed) or running, its configuration, and does nothing else.
void tunnel_init(struct tunnel *tunnel, struct daemon *daemon, const struct iface_config *nhrp,
	const struct tunnel_config *config);
/// Brings the tunnel to where it can be now: opens it when its source is there, or follows the source. What
/// is missing is logged once.
void tunnel_update(struct tunnel *tunnel);
/// Something about a device changed; the tunnel looks whether it is its own or its source.
void tunnel_on_device(struct tunnel *tunnel, const struct device_info *device, bool exists);
/// Tells the log and those who debug of an NHRP packet that was received from, or is sent to, `nbma`.
void tunnel_tell_packet(
	const struct tunnel *tunnel, bool received, struct addr nbma, const uint8_t *packet, size_t length);
/// With `if-state nhrp`: shows the device as down to routing daemons while no next hop server answers.
void tunnel_show_state(struct tunnel *tunnel);
/// What is done each second: tells the core which peers carried data, and tries again what did not work.
void tunnel_on_second(struct tunnel *tunnel);
/// Sends the NHRP packets that wait for it.
void tunnel_flush(struct tunnel *tunnel);
/// The configuration is another one: makes the running device as it says now, and follows the source.
void tunnel_apply(struct tunnel *tunnel);
/// Closes the link and opens it at once as the configuration says now; the core keeps what it knows.
void tunnel_reopen(struct tunnel *tunnel);
/// Closes the link. With `keep_device` the device stays, for a later start; else it is removed.
void tunnel_close(struct tunnel *tunnel, bool keep_device);
