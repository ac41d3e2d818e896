// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *memory, size_t count, size_t size)
{
	if (!memory && count != 0 && size != 0) {
		fprintf(stderr,
			"out of memory: %zu objects of %zu bytes were wanted; give the machine or the "
			"service's memory limit more\n",
			count, size);
		abort();
	}
	return memory;
}

void *alloc_zeroed(size_t count, size_t size)
{
	return check(calloc(count, size), count, size);
}

void *alloc_resize(void *memory, size_t count, size_t size)
{
	return check(reallocarray(memory, count, size), count, size);
}

void *alloc_copy(const void *data, size_t size)
{
	void *copy = check(malloc(size), 1, size);

	if (size != 0)
		memcpy(copy, data, size);
	return copy;
}

char *alloc_string(const char *string)
{
	return alloc_copy(string, strlen(string) + 1);
}
