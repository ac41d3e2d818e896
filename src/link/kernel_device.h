// SPDX-License-Identifier: GPL-2.0-or-later
/// The kernel's GRE device under a tunnel: made, or adopted where somebody made it before, over rtnetlink.
///
/// A device of ours carries the alias "dmvpnd": it may be deleted, and made again where it cannot be changed.
/// One of somebody else stays when we go, with the settings it had.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "link/link.h"

struct rtnl;

/// Where the kernel sends what goes to a multicast or broadcast address by a multipoint device: to ourselves,
/// over lo. A broadcast address, so that nobody answers with an ICMP error when we are not there.
#define KERNEL_BROADCAST 0x7fffffffu ///< 127.255.255.255, host order

/// What a GRE device can be told. All in host order.
struct kernel_settings {
	uint32_t underlay; ///< index of the device it sends by; 0: what the routing table says
	uint32_t local;
	uint32_t remote; ///< 0: multipoint
	uint32_t input_key, output_key;
	uint32_t mark;      ///< with which the route of a packet is looked up
	uint32_t broadcast; ///< link-layer address of multicast and broadcast; multipoint only
	uint16_t input_flags, output_flags; ///< as in the GRE header: key, checksum, sequence number
	uint8_t ttl;
	uint8_t tos;       ///< 1: the payload's
	uint8_t set_df;    ///< 1: always; 0: as in the payload
	uint8_t no_arp;    ///< 1: the neighbour table is not used
	uint8_t multicast; ///< 1: routing daemons may take it for a device that has multicast
	uint16_t mtu;      ///< bytes, of the payload
};

struct kernel_device {
	uint32_t index;
	bool adopted;                  ///< it was there before
	bool ours;                     ///< made by dmvpnd, now or in an earlier run
	struct kernel_settings before; ///< of somebody else's
	struct kernel_settings now;
};

/// Whether this kernel can make GRE devices; loads its module where that is possible. `err` has the remedy.
bool kernel_device_possible(struct rtnl *rtnl, struct err *err) MUST_CHECK;
/// Whether there is a device of this name. Other than for if_nametoindex() the kernel looks for no module of
/// it.
bool kernel_device_exists(struct rtnl *rtnl, const char *name);
/// Makes the device, or adopts the one of this name and changes what differs.
bool kernel_device_open(struct rtnl *rtnl, const struct link_config *config, struct kernel_device *ret,
	struct err *err) MUST_CHECK;
/// Gives it another source address. The kernel forgets the neighbours of the device by that.
bool kernel_device_set_local(
	struct rtnl *rtnl, struct kernel_device *device, struct addr local, struct err *err) MUST_CHECK;
/// Adds the errors and drops that the kernel counted.
void kernel_device_drops(struct rtnl *rtnl, const struct kernel_device *device, struct link_drops *drops);
/// Removes the device of this name if it is one of ours which an earlier process left and nobody uses.
bool kernel_device_remove_stale(const char *name);
/// Removes a device of ours; gives somebody else's its settings back. Failures are logged.
void kernel_device_close(struct rtnl *rtnl, const struct kernel_device *device);
