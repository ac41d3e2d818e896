// SPDX-License-Identifier: GPL-2.0-or-later
/// A server by name that is "dynamic" has a machine for each address of the name. One whose protocol address
/// is configured is one server, wherever it is: it has one machine, which moves on when the address is
/// silent.
#include <string.h>

#include "base/alloc.h"
#include "core/cache.h"
#include "core/iface.h"
#include "core/multicast.h"
#include "core/nhs.h"
#include "core/nhs_address.h"
#include "core/nhs_select.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/route.h"
#include "core/timers.h"
#include "core/protect.h"

/// The NBMA address of a server: its own, a map line's, or the one node at the other end.
static struct addr configured_nbma(const struct iface_config *config, const struct nhs_config *nhs)
{
	if (addr_is_set(nhs->nbma) || nhs->name[0] != '\0')
		return nhs->nbma;
	for (size_t i = 0; i < config->map_count; i++) {
		if (addr_equal(config->maps[i].protocol, nhs->protocol))
			return config->maps[i].nbma;
	}
	return config->destination;
}

static size_t machines(const struct nhs_config *nhs)
{
	return nhs->name[0] != '\0' && !addr_is_set(nhs->protocol) ? NHS_ADDRESSES_MAX : 1;
}

/// The machine that was for the same server.
static struct nhs *find_before(
	const struct iface *iface, struct nhs *before, size_t count, const struct nhs_config *config)
{
	for (size_t i = 0; i < count; i++) {
		struct nhs *nhs = &before[i];

		if (nhs->iface && addr_equal(nhs->config->protocol, config->protocol) &&
			strcmp(nhs->config->name, config->name) == 0 &&
			(config->name[0] != '\0' ||
				addr_equal(nhs->nbma, configured_nbma(iface->config, config))))
			return nhs;
	}
	return NULL;
}

static void make(struct iface *iface, struct nhs *nhs, const struct nhs_config *config, struct mono now)
{
	nhs->iface = iface;
	nhs->config = config;
	nhs->protocol = config->protocol;
	nhs->nbma = configured_nbma(iface->config, config);
	nhs->timer.kind = TIMER_NHS;
	nhs->since = now;
}

void nhs_address_configure(struct iface *iface, struct nhs *before, size_t count_before, struct mono now)
{
	const struct iface_config *config = iface->config;
	size_t count = 0;

	for (size_t i = 0; i < config->nhs_count; i++)
		count += machines(&config->nhs[i]);
	iface->nhs = alloc_zeroed(count ? count : 1, sizeof(*iface->nhs));
	iface->nhs_count = 0;
	for (size_t i = 0; i < config->nhs_count; i++) {
		for (size_t j = 0; j < machines(&config->nhs[i]); j++) {
			struct nhs *nhs = &iface->nhs[iface->nhs_count++];
			struct nhs *known = find_before(iface, before, count_before, &config->nhs[i]);

			if (known)
				nhs_move(nhs, known, &config->nhs[i]);
			else
				make(iface, nhs, &config->nhs[i], now);
		}
	}
}

/// Another server, up, that is known by this protocol address.
static struct nhs *substitute(const struct nhs *nhs)
{
	struct iface *iface = nhs->iface;

	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *other = &iface->nhs[i];

		if (other != nhs && nhs_is_up(other) && addr_equal(other->protocol, nhs->protocol))
			return other;
	}
	return NULL;
}

void nhs_address_bind(struct nhs *nhs, struct mono now)
{
	const struct nhs *other = substitute(nhs);
	const struct binding_facts facts = { .type = BINDING_NHS, .nbma = other ? other->nbma : nhs->nbma };

	if (addr_is_set(nhs->protocol) && addr_is_set(facts.nbma))
		(void)cache_set(nhs->iface, nhs->protocol, &facts, now);
}

/// What was known of the server is no longer true: neither is the binding, where it came from that.
static void unbind(struct nhs *nhs, struct addr protocol, struct addr nbma, struct mono now)
{
	struct binding *binding = cache_find(nhs->iface, protocol);

	if (binding && binding->type == BINDING_NHS && addr_equal(binding->peer->nbma, nbma))
		cache_remove(binding, "the server is elsewhere");
	for (size_t i = 0; i < nhs->iface->nhs_count; i++) {
		struct nhs *other = &nhs->iface->nhs[i];

		if (other != nhs && addr_is_set(protocol) && addr_equal(other->protocol, protocol))
			nhs_address_bind(other, now);
	}
}

static bool is_servers(const struct nhs *nhs, struct addr protocol)
{
	return addr_is_host(protocol) && !route_is_own(nhs->iface->node, protocol);
}

/// The responder's address: by the reply's destination, where FRR and we put it, or by the responder's
/// record.
static struct addr responder(const struct nhs *nhs, const struct nhrp_msg *reply)
{
	const struct nhrp_ext *ext = nhrp_ext_find(reply, NHRP_EXT_RESPONDER);
	struct nhrp_cie cies[NHRP_MAX_CIES];
	int count = ext ? nhrp_ext_cies(ext, reply->protocol_family, cies, NHRP_MAX_CIES) : 0;

	if (is_servers(nhs, reply->dst_protocol))
		return reply->dst_protocol;
	return count > 0 && is_servers(nhs, cies[0].protocol) ? cies[0].protocol : (struct addr) { 0 };
}

bool nhs_address_learn(struct nhs *nhs, const struct nhrp_msg *reply, struct mono now)
{
	struct addr before = nhs->protocol;
	struct addr protocol;

	if (!nhs_is_dynamic(nhs))
		return true;
	protocol = responder(nhs, reply);
	if (!addr_is_set(protocol))
		return false;
	if (addr_equal(protocol, before))
		return true;
	nhs->protocol = protocol;
	unbind(nhs, before, nhs->nbma, now);
	nhs_address_bind(nhs, now);
	return true;
}

static bool is_among(struct addr addr, const struct addr *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(addresses[i], addr))
			return true;
	}
	return false;
}

/// Points a machine to another address, or to none.
static void move(struct nhs *nhs, struct addr nbma, struct mono now)
{
	struct addr before = nhs->nbma;

	if (addr_is_set(before)) {
		nhs_leave(nhs, now);
		nhs->nbma = (struct addr) { 0 };
		unbind(nhs, nhs->protocol, before, now);
		multicast_update(nhs->iface, before);
		protect_update(nhs->iface, before);
	}
	nhs->protocol = nhs->config->protocol;
	nhs->nbma = nbma;
	if (!addr_is_set(nbma)) {
		nhs_select(nhs->iface, now);
		return;
	}
	nhs_address_bind(nhs, now);
	multicast_update(nhs->iface, nbma);
	protect_update(nhs->iface, nbma);
	nhs_select(nhs->iface, now);
	if (nhs->iface->up)
		nhs_step(nhs, NHS_EVENT_LINK_UP, now);
}

/// The one machine of a server whose protocol address is configured: it stays where it is while it answers.
static void move_on(struct nhs *nhs, const struct addr *addresses, size_t count, struct mono now)
{
	size_t at = 0;

	while (at < count && !addr_equal(addresses[at], nhs->nbma))
		at++;
	if (at == count)
		move(nhs, addresses[0], now);
	else if (nhs->declared_down && count > 1)
		move(nhs, addresses[(at + 1) % count], now);
}

/// Spreads the addresses over the machines of one line, from `nhs` on, `slots` of them.
static void spread(struct nhs *nhs, size_t slots, const struct addr *addresses, size_t count, struct mono now)
{
	for (size_t i = 0; i < slots; i++) {
		if (addr_is_set(nhs[i].nbma) && !is_among(nhs[i].nbma, addresses, count))
			move(&nhs[i], (struct addr) { 0 }, now);
	}
	for (size_t i = 0; i < count; i++) {
		struct nhs *free = NULL;
		bool known = false;

		for (size_t j = slots; j-- > 0;) {
			known |= addr_equal(nhs[j].nbma, addresses[i]);
			if (!addr_is_set(nhs[j].nbma))
				free = &nhs[j];
		}
		if (!known && free)
			move(free, addresses[i], now);
	}
}

void nhs_address_set(
	struct iface *iface, const char *name, const struct addr *addresses, size_t count, struct mono now)
{
	struct nhs *nhs;

	if (count == 0 || addresses[0].family != iface->nbma.family)
		return;
	for (size_t i = 0; i < iface->nhs_count; i += machines(nhs->config)) {
		nhs = &iface->nhs[i];
		if (nhs->config->name[0] == '\0' || strcmp(nhs->config->name, name) != 0)
			continue;
		if (machines(nhs->config) > 1)
			spread(nhs, NHS_ADDRESSES_MAX, addresses, count, now);
		else
			move_on(nhs, addresses, count, now);
	}
}
