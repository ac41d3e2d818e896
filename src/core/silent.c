// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/silent.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/iface.h"

#define SILENT_TIME  (600 * MONO_SECOND)
#define SILENT_LIMIT 1024

static struct silent *find(const struct iface *iface, struct addr nbma)
{
	struct silent *silent;

	HASH_FIND(hh, iface->silents, &nbma, sizeof(nbma), silent);
	return silent;
}

static void forget(struct iface *iface, struct silent *silent)
{
	HASH_DEL(iface->silents, silent);
	free(silent);
}

void silent_note(struct iface *iface, struct addr nbma, struct mono now)
{
	struct silent *silent;

	silent_forget(iface, nbma);
	// In the order in which they were noted.
	if (HASH_COUNT(iface->silents) >= SILENT_LIMIT)
		forget(iface, iface->silents);
	silent = alloc_zeroed(1, sizeof(*silent));
	silent->nbma = nbma;
	silent->until = mono_add(now, SILENT_TIME);
	HASH_ADD(hh, iface->silents, nbma, sizeof(silent->nbma), silent);
}

void silent_forget(struct iface *iface, struct addr nbma)
{
	struct silent *silent = find(iface, nbma);

	if (silent)
		forget(iface, silent);
}

bool silent_is(const struct iface *iface, struct addr nbma, struct mono now)
{
	const struct silent *silent = find(iface, nbma);

	return silent && mono_before(now, silent->until);
}

unsigned silent_count(const struct iface *iface, struct mono now)
{
	unsigned count = 0;

	for (const struct silent *silent = iface->silents; silent; silent = silent->hh.next)
		count += mono_before(now, silent->until);
	return count;
}

void silent_done(struct iface *iface)
{
	struct silent *silent, *next;

	HASH_ITER(hh, iface->silents, silent, next)
	{
		forget(iface, silent);
	}
}
