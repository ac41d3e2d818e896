// SPDX-License-Identifier: GPL-2.0-or-later
/// The end of reading: names become devices, what was left out gets its default, and the whole is checked for
/// what no single line shows.
#pragma once

#include <stdint.h>

#include "conf/conf.h"
#include "conf/draft.h"

/// The MTU of a tunnel without `ip mtu`, bytes: 1500 less the headers of IP and GRE, or what protection
/// leaves.
uint16_t check_default_mtu(const struct config *config, const struct tunnel_config *tunnel);
/// Tells what is wrong with the `crypto` blocks, and with the protection of tunnels.
void check_crypto(struct draft *draft);
void check_finish(struct draft *draft);
