// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/sa.h"

bool sa_is_up(struct host *host, struct addr nbma)
{
	(void)nbma;
	return !host->network->protected;
}

bool sa_accepts(const struct host *host, struct addr nbma)
{
	(void)nbma;
	return !host->network->protected;
}
void sa_on_timer(struct timer *timer)
{
	(void)timer;
}
