// SPDX-License-Identifier: GPL-2.0-or-later
// Each secret has pages of its own, since the kernel marks pages.
#include "conf/secret.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/private.h"

#define SECRET_ROOM (sizeof(struct secret) + 1024)

struct secret *secret_new(const void *bytes, size_t length)
{
	struct secret *secret;

	if (length > SECRET_ROOM - sizeof(*secret))
		abort();
	secret = private_pages(SECRET_ROOM);
	(void)!mlock(secret, SECRET_ROOM); // beyond the limit of locked memory: swap is the administrator's
	secret->length = length;
	memcpy(secret->bytes, bytes, length);
	return secret;
}

void secret_free(struct secret *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, SECRET_ROOM);
	munmap(secret, SECRET_ROOM);
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return a == b;
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}
