// SPDX-License-Identifier: GPL-2.0-or-later
/// The events of the core as lines of the log. Each has a stable name, the first word behind the device.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ratelimit.h"
#include "core/action.h"

/// How many lines clients may cause; all zero at first.
struct events_limit {
	struct ratelimit clients;
	unsigned left_out;
};

/// Logs an event of the interface called `device` at the level its type deserves.
void events_log(const struct event *event, const char *device, struct events_limit *limit, struct mono now);
/// Tells how many lines the limit kept back since the last call.
void events_log_left_out(struct events_limit *limit);
/// Logs an NHRP packet at the level of debugging; `direction` is "to" or "from".
void events_log_packet(
	const char *device, const char *direction, struct addr nbma, const uint8_t *packet, size_t length);
