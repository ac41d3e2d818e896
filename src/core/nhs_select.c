// SPDX-License-Identifier: GPL-2.0-or-later
/// A server takes up one of its cluster's connections as long as it is not declared down. One that is down is
/// still asked, so that it can come back, when a worse one took its place; that one leaves after the better
/// is up again.
#include "core/iface.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/nhs_select.h"
#include "core/protect.h"

/// Is `a` chosen before `b`?
static bool is_before(const struct nhs *a, const struct nhs *b)
{
	if (a->config->priority != b->config->priority)
		return a->config->priority < b->config->priority;
	return a < b;
}

/// Do better servers of its cluster have all the connections?
static bool is_surplus(const struct nhs *nhs)
{
	const struct iface *iface = nhs->iface;
	uint8_t limit = iface->config->max_connections[nhs->config->cluster];
	unsigned better = 0;

	for (size_t i = 0; i < iface->nhs_count && limit > 0; i++) {
		const struct nhs *other = &iface->nhs[i];

		better += other != nhs && other->config->cluster == nhs->config->cluster &&
			  addr_is_set(other->nbma) && !other->declared_down && is_before(other, nhs);
	}
	return limit > 0 && better >= limit;
}

void nhs_select(struct iface *iface, struct mono now)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *nhs = &iface->nhs[i];
		bool standby = is_surplus(nhs);

		if (nhs->standby == standby)
			continue;
		nhs->standby = standby;
		if (standby)
			nhs_end(nhs, "a better server is up", now);
		else if (iface->up)
			nhs_step(nhs, NHS_EVENT_LINK_UP, now);
		if (addr_is_set(nhs->nbma)) {
			multicast_update(iface, nhs->nbma);
			protect_update(iface, nhs->nbma);
		}
	}
}
