// SPDX-License-Identifier: GPL-2.0-or-later
/// Text that may hold secrets, in pages of its own: the kernel leaves them out of core dumps, and nothing of
/// it stays behind in memory that others get.
#pragma once

#include <stddef.h>
#include <stdio.h>

#define PRIVATE_TEXT_MAX                                                                                     \
	(64 * 1024 * 1024) ///< bytes; what is written beyond them is lost, and fclose() fails

/// `size` zeroed bytes in such pages, which the caller gives back with munmap(). Ends the process where there
/// is no memory; what is never written costs none.
void *private_pages(size_t size);
/// As open_memstream(): after fclose(), `*ret_text` is what was written, as a string, which the caller frees
/// with private_free(). Ends the process where there is no memory.
FILE *private_open(char **ret_text);
/// NULL does no harm.
void private_free(char *text);
