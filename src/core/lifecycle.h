// SPDX-License-Identifier: GPL-2.0-or-later
/// How a node makes, moves, clears and ends its interfaces.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "core/config.h"

struct iface;
struct node;

/// Fills a zeroed interface with what the configuration says. `config` is borrowed.
void iface_init(struct iface *iface, struct node *node, const struct iface_config *config, struct mono now);
/// Changes a running interface to what `config` says now, in place: nothing ends but what the change
/// concerns. Its address, network and destination must be those it has. The old configuration is needed no
/// more then.
void iface_configure(struct iface *iface, const struct iface_config *config, struct mono now);
/// See node_on_link().
void iface_set_link(struct iface *iface, bool up, uint32_t device, struct addr nbma, struct mono now);
/// Ends the entries of one protocol address, or all that are not configured; returns how many.
size_t iface_clear(struct iface *iface, struct addr protocol, struct mono now);
size_t iface_clear_shortcuts(struct iface *iface);
/// Tells everybody that this node goes.
void iface_shutdown(struct iface *iface, struct mono now);
/// Frees all that the interface owns.
void iface_done(struct iface *iface);
