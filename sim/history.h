// SPDX-License-Identifier: GPL-2.0-or-later
/// Random stories: a small cloud suffers faults by chance, is healed, and must then be as good as new.
#pragma once

#include <stdint.h>

struct scenario;

/// The story of a seed; the same seed gives the same one.
struct scenario *history_make(uint64_t seed);
