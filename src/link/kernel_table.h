// SPDX-License-Identifier: GPL-2.0-or-later
/// The nftables table `ip dmvpn-DEVICE` of a kernel link: it notes the outer addresses of the tunnel's data
/// packets, in dynamic sets with counters, for kernel_traffic.h. It is owned by the socket of its context:
/// the kernel removes it when the process ends, however it ends.
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "link/link.h"

#define KERNEL_TABLE_PREFIX "dmvpn-"

struct nft_ctx;

/// Makes the table with its sets `sent`, `received` (by address, network order) and `marked` (by mark, host
/// order). `*nft` owns it: NULL, or the context of a table of before, which goes. The caller frees `*nft`,
/// after a failure as well.
bool kernel_table_set(struct nft_ctx **nft, const struct link_config *config, struct err *err) MUST_CHECK;
/// Whether a process, which may be this one, has the table for the device of this name: it uses the device
/// then.
bool kernel_table_in_use(const char *device);
