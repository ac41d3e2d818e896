// SPDX-License-Identifier: GPL-2.0-or-later
/// Memory. Everything that a remote party can make grow has a limit, so running out of memory is a
/// fault of the machine, not an input: these functions end the process with a message instead of
/// returning NULL, and no caller has an untested branch for it.
#pragma once

#include <stddef.h>

/// `count` zeroed objects of `size` bytes; the caller frees them with free().
void *alloc_zeroed(size_t count, size_t size);

/// As reallocarray(), which does not return NULL. New memory is not initialised.
void *alloc_resize(void *memory, size_t count, size_t size);

/// A copy of `size` bytes of `data`; the caller frees it with free().
void *alloc_copy(const void *data, size_t size);

/// A copy of a string; the caller frees it with free().
char *alloc_string(const char *string);
