// SPDX-License-Identifier: GPL-2.0-or-later
/// A queue of timers: a binary heap over timers that live inside their owners. It has no clock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mono.h"

/// Embedded in its owner; all zero is a timer that is not armed.
struct timer {
	struct mono at;
	uint32_t slot; ///< place in the heap plus one; 0: not armed
	uint8_t kind;  ///< the owner's: tells what to do, and by container_of, with whom
};

struct timerq {
	struct timer **heap;
	uint32_t count;
	uint32_t capacity;
};

/// Arms the timer for `at`, or moves it there.
void timerq_arm(struct timerq *queue, struct timer *timer, struct mono at);
/// Disarms it; no harm where it was not armed.
void timerq_disarm(struct timerq *queue, struct timer *timer);
bool timer_is_armed(const struct timer *timer);
/// When the first timer is due; MONO_NEVER where none is armed.
struct mono timerq_next(const struct timerq *queue);
/// Takes out the first timer that is due at `now`; NULL where none is.
struct timer *timerq_pop(struct timerq *queue, struct mono now);
/// Frees the heap; the timers are their owners'.
void timerq_done(struct timerq *queue);
