// SPDX-License-Identifier: GPL-2.0-or-later
/// Network devices: what they are, and how a tunnel's one has to be.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct nlmsghdr;
struct rtnl;

#define DEVICE_NAME_TEXT_SIZE 24

struct device_info {
	uint32_t index;
	char name[16];
	bool up;      ///< the administrator's wish
	bool carrier; ///< it can carry packets: up, and the link works
	bool dormant; ///< shown as waiting for something (device_set_dormant())
	uint32_t mtu; ///< bytes
};

struct device_address {
	uint32_t device;
	struct prefix address; ///< the host's with the length of its subnet
	bool global;           ///< more than link-local
	bool secondary;
};

/// Writes the name of a device for a message, or "device 7" where it is gone, and returns `buffer`.
const char *device_name(uint32_t device, char buffer[static DEVICE_NAME_TEXT_SIZE]);
/// Reads a message RTM_NEWLINK or RTM_DELLINK. False where it is about something else than a device.
bool device_read(const struct nlmsghdr *message, struct device_info *ret) MUST_CHECK;
/// What the device of this name is; an error where there is none.
bool device_get(struct rtnl *rtnl, const char *name, struct device_info *ret, struct err *err) MUST_CHECK;
/// How it is shown, in a word: "up", "down" by the administrator's wish, "dormant" or "no-carrier".
const char *device_state(const struct device_info *device);
bool device_set_up(struct rtnl *rtnl, uint32_t device, bool up, struct err *err) MUST_CHECK;
/// Shows the device as waiting for something (RFC 2863: dormant), or as working. It carries packets all the
/// same; routing daemons take it for down (IFF_RUNNING).
bool device_set_dormant(struct rtnl *rtnl, uint32_t device, bool dormant, struct err *err) MUST_CHECK;
bool device_set_mtu(struct rtnl *rtnl, uint32_t device, uint32_t mtu, struct err *err) MUST_CHECK;

/// `address` is the host's with the length of its subnet, as in iface_config.address.
bool device_add_address(
	struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err) MUST_CHECK;
/// An address that is not there is no error.
bool device_remove_address(
	struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err) MUST_CHECK;
/// Makes `address` the only one of its family on the device; unset: none of IPv4 stays.
bool device_set_address(
	struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err) MUST_CHECK;
/// The primary global IPv4 address of the device, as `tunnel source eth0` wants it; an error where it has
/// none.
bool device_primary_address(struct rtnl *rtnl, uint32_t device, struct addr *ret, struct err *err) MUST_CHECK;
/// Reads a message RTM_NEWADDR or RTM_DELADDR. False where it tells no address.
bool device_read_address(const struct nlmsghdr *message, struct device_address *ret) MUST_CHECK;

/// Makes a device fit to be a tunnel's: a missing neighbour is told to us and never asked for on the wire;
/// no IPv6 link-local address of its own making, no strict reverse path filter, no ICMP redirects accepted.
/// Only the first is an error where it cannot be had; of the others a warning is logged once.
bool device_prepare(struct rtnl *rtnl, uint32_t device, struct err *err) MUST_CHECK;
