// SPDX-License-Identifier: GPL-2.0-or-later
/// The events of the core as lines of the log. Each has a stable name, the first word behind the device.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/action.h"

/// Logs an event of the interface called `device` at the level its type deserves.
void events_log(const struct event *event, const char *device);
/// Logs an NHRP packet at the level of debugging; `direction` is "to" or "from".
void events_log_packet(
	const char *device, const char *direction, struct addr nbma, const uint8_t *packet, size_t length);
