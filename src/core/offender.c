// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/offender.h"

#include <stddef.h>

/// Its own, or a free one, or that of the sender with the fewest packets.
static struct offender *place_of(struct offenders *offenders, struct addr from)
{
	struct offender *least = &offenders->items[0];

	for (unsigned i = 0; i < offenders->count; i++) {
		struct offender *offender = &offenders->items[i];

		if (addr_equal(offender->from, from))
			return offender;
		if (offender->count < least->count)
			least = offender;
	}
	return offenders->count < OFFENDERS ? &offenders->items[offenders->count++] : least;
}

void offenders_note(struct offenders *offenders, struct addr from, const char *reason)
{
	struct offender *offender = place_of(offenders, from);

	if (!addr_equal(offender->from, from))
		offender->doubt = offender->count;
	offender->from = from;
	offender->count++;
	offender->reason = reason;
}

static uint64_t sure(const struct offender *offender)
{
	return offender->count - offender->doubt;
}

const struct offender *offenders_at(const struct offenders *offenders, unsigned index)
{
	for (unsigned i = 0; i < offenders->count; i++) {
		unsigned before = 0;

		for (unsigned j = 0; j < offenders->count; j++)
			before += sure(&offenders->items[j]) > sure(&offenders->items[i]) ||
				  (sure(&offenders->items[j]) == sure(&offenders->items[i]) && j < i);
		if (before == index)
			return &offenders->items[i];
	}
	return NULL;
}
