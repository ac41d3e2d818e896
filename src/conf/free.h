// SPDX-License-Identifier: GPL-2.0-or-later
/// The memory of a configuration.
#pragma once

#include "conf/conf.h"

/// Frees what the two halves of a tunnel own, not the structs.
void free_tunnel(struct tunnel_config *tunnel, struct iface_config *iface);
