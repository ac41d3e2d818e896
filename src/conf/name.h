// SPDX-License-Identifier: GPL-2.0-or-later
/// Names of interfaces: a router's, Linux's, and the aliases between them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "conf/conf.h"

#define NAME_TUNNEL_MAX 999999999 ///< highest number of a tunnel: its device name has to fit

/// "Tunnel1", "tu1": the number of the tunnel.
bool name_tunnel(const char *name, uint32_t *ret_id) MUST_CHECK;
/// Do both name the same interface? A router's names may differ in case and abbreviation: "Gi0/1" is
/// "GigabitEthernet0/1".
bool name_equal(const char *a, const char *b);
/// The alias of that name, or NULL.
const struct interface_alias *name_alias(const struct config *config, const char *name);
/// The Linux device that a name stands for, without regard to aliases: "Tunnel1" is "tunnel1", a Linux name
/// is itself. False where it is a router's name, or none.
bool name_device(const char *name, char ret_device[static IFACE_NAME_SIZE], struct err *err) MUST_CHECK;
/// The same with the aliases.
bool name_resolve(const struct config *config, const char *name, char ret_device[static IFACE_NAME_SIZE],
	struct err *err) MUST_CHECK;
