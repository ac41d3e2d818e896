// SPDX-License-Identifier: GPL-2.0-or-later
/// From whom the most packets were refused: the senders that a flood comes from, in little memory, however
/// many addresses it has ("space saving": Metwally, Agrawal, El Abbadi, 2005). Every sender of more than a
/// sixteenth of what was refused is among them.
#pragma once

#include <stdint.h>

#include "base/addr.h"

#define OFFENDERS 16

struct offender {
	struct addr from;   ///< NBMA address
	uint64_t count;     ///< packets refused, at most
	uint64_t doubt;     ///< of which so many may be of senders whose place it took
	const char *reason; ///< of the last one
};

/// All zero: nobody.
struct offenders {
	struct offender items[OFFENDERS];
	unsigned count;
};

/// A packet from `from` was refused; `reason` is not copied.
void offenders_note(struct offenders *offenders, struct addr from, const char *reason);
/// The `index`th by the number of packets that are surely its own; NULL behind the last one.
const struct offender *offenders_at(const struct offenders *offenders, unsigned index);
