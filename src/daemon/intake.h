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
/// A packet came in by interface `iface`: tells the core, now or later. daemon_drain() is to follow.
void intake_add(
	struct intake *intake, uint32_t iface, struct addr from, const uint8_t *packet, size_t length);
/// Forgets what waits; frees when the loop next runs. NULL does no harm.
void intake_close(struct intake *intake);
