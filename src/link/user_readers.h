// SPDX-License-Identifier: GPL-2.0-or-later
/// Memory that threads read without a lock and one thread takes away: it is freed when every reader has been
/// outside since. (Read-copy-update, by quiescent states.)
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define USER_READERS 8 ///< threads at most

/// Begins whatever can be retired, which was allocated by base/alloc.h.
struct user_retired {
	struct user_retired *next;
	uint64_t since;
};

/// All zero is fit to start. `inside[i]` belongs to reader i: 0 outside, else the time at which it entered.
struct user_readers {
	atomic_uint_fast64_t time;
	struct {
		_Alignas(64) atomic_uint_fast64_t entered;
	} inside[USER_READERS];
	struct user_retired *oldest, *newest;
};

/// Between the two, reader `index` may hold pointers to what the writer publishes.
void user_readers_enter(struct user_readers *readers, unsigned index);
void user_readers_leave(struct user_readers *readers, unsigned index);
/// Of the writer: `object` can be found no more. It is freed in a later call, or by user_readers_done().
void user_readers_retire(struct user_readers *readers, struct user_retired *object);
/// Frees all that is retired. No reader is inside.
void user_readers_done(struct user_readers *readers);
