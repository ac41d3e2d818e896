// SPDX-License-Identifier: GPL-2.0-or-later
/// The hunt for faults: random histories, one seed after the other, until one breaks an invariant.
#pragma once

#include <stdint.h>

#include "sim/scenario.h"

/// Plays the histories of `count` seeds from `first` on, but no longer than `seconds` of real time (0: no
/// matter how long); `*ret_played` is how many. The story of the first that broke something, made as short as
/// it can be and still break the same; NULL where none did.
struct scenario *hunt(uint64_t first, uint64_t count, int64_t seconds, uint64_t *ret_played);
/// The shortest scenario that breaks the same invariant: statements go as long as it breaks.
struct scenario *hunt_shrink(const struct scenario *scenario);
