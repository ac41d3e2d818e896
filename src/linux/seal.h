// SPDX-License-Identifier: GPL-2.0-or-later
/// The nftables table `inet dmvpn-protect`: no packet of a protected tunnel leaves or enters in clear text.
/// It stays when the process dies, as the devices and their neighbours do.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define SEAL_TABLE "dmvpn-protect" ///< of family inet
#define SEAL_ESP   "ipsec0"        ///< where ESP in user space takes packets and gives them

struct seal {
	struct addr nbma; ///< of the tunnel; unset: any, while it is not known
	bool has_key;
	uint32_t key;
};

/// The commands of nft that replace the table, or only remove it where `count` is 0. `kernel_esp`: this
/// kernel can do ESP, else packets are protected in user space alone. The caller frees it.
char *seal_commands(const struct seal *seals, size_t count, bool kernel_esp);
