// SPDX-License-Identifier: GPL-2.0-or-later
/// Compiler attributes that the whole project uses.
#pragma once

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument)                                                            \
	__attribute__((format(printf, format_index, first_argument)))

/// The object of type `type` whose member `member` is at `pointer`.
#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
