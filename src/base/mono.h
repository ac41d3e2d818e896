// SPDX-License-Identifier: GPL-2.0-or-later
/// Points in monotonic time, a type of their own so that they do not mix with durations.
#pragma once

#include <stdbool.h>
#include <stdint.h>

/// Microseconds since a start that nobody needs to know. Durations are plain int64_t microseconds.
struct mono {
	int64_t us;
};

#define MONO_NEVER       ((struct mono) { INT64_MAX })
#define MONO_SECOND      ((int64_t)1000000)
#define MONO_MILLISECOND ((int64_t)1000)

static inline struct mono mono_add(struct mono t, int64_t us)
{
	return t.us == INT64_MAX ? t : (struct mono) { t.us + us };
}

/// Microseconds from `earlier` to `later`; negative where they are the other way round.
static inline int64_t mono_between(struct mono earlier, struct mono later)
{
	return later.us - earlier.us;
}

static inline bool mono_before(struct mono a, struct mono b)
{
	return a.us < b.us;
}

static inline bool mono_is_never(struct mono t)
{
	return t.us == INT64_MAX;
}

/// Whole seconds from `now` to `t`, rounded up; 0 where `t` has passed.
static inline uint32_t mono_seconds_left(struct mono now, struct mono t)
{
	return t.us <= now.us ? 0 : (uint32_t)((t.us - now.us + MONO_SECOND - 1) / MONO_SECOND);
}
