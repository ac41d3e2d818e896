// SPDX-License-Identifier: GPL-2.0-or-later
// Address space for the longest text is reserved, so that it never moves and leaves no copy behind; pages
// that are not written cost nothing. The stream's buffer lies in the first of them, before the text.
#include "base/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#define HEAD 4096 ///< bytes before the text

struct head {
	size_t length;
	char buffer[HEAD - sizeof(size_t)];
};

_Static_assert(sizeof(struct head) == HEAD, "the text begins a page");

static ssize_t on_write(void *cookie, const char *bytes, size_t length)
{
	struct head *head = cookie;

	if (length >= PRIVATE_TEXT_MAX - head->length)
		return 0;
	memcpy((char *)(head + 1) + head->length, bytes, length);
	head->length += length;
	return (ssize_t)length;
}

static _Noreturn void end_without_memory(void)
{
	fprintf(stderr, "out of memory for a secret; give the machine or the service's memory limit more\n");
	abort();
}

void *private_pages(size_t size)
{
	void *pages =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		end_without_memory();
	(void)!madvise(pages, size, MADV_DONTDUMP);
	return pages;
}

FILE *private_open(char **ret_text)
{
	struct head *head = private_pages(HEAD + PRIVATE_TEXT_MAX);
	FILE *out = fopencookie(head, "w", (cookie_io_functions_t) { .write = on_write });

	if (!out)
		end_without_memory();
	setvbuf(out, head->buffer, _IOFBF, sizeof(head->buffer));
	*ret_text = (char *)(head + 1);
	return out;
}

void private_free(char *text)
{
	if (text)
		munmap(text - HEAD, HEAD + PRIVATE_TEXT_MAX);
}
