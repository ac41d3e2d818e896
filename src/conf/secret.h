// SPDX-License-Identifier: GPL-2.0-or-later
/// A secret in memory of its own: kept out of core dumps and swap, wiped when it ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret {
	size_t length;
	uint8_t bytes[];
};

/// A copy of `length` bytes, at most 1024.
struct secret *secret_new(const void *bytes, size_t length);
/// Wipes and frees. NULL does no harm.
void secret_free(struct secret *secret);
/// Equal in length and bytes; two NULLs are equal.
bool secret_equal(const struct secret *a, const struct secret *b);
