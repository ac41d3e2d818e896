// SPDX-License-Identifier: GPL-2.0-or-later
/// Which NHRP packet is next when more come than we can handle: those of known peers are handled at once;
/// strangers, who may be a flood, take turns with everything else, in a queue that has an end.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct daemon;
struct intake;

struct intake *intake_open(struct daemon *daemon);
/// A packet came in by interface `iface`: tells the core, now or later. intake_end() is to follow, after the
/// last of those that came together, which have the time of the first.
void intake_add(
	struct intake *intake, uint32_t iface, struct addr from, const uint8_t *packet, size_t length);
/// Does what the core wants after them.
void intake_end(struct intake *intake);
/// Forgets what waits; frees when the loop next runs. NULL does no harm.
void intake_close(struct intake *intake);
