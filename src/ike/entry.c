// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/inside.h"

#include <stdio.h>
#include <string.h>

struct tunnel_entry *entry_by_base(struct ike *ike, const char *base)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, base) == 0)
			return &ike->tunnels[i];
	}
	return NULL;
}

struct tunnel_entry *entry_by_iface(const struct ike *ike, uint32_t iface)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (ike->tunnels[i].tunnel.iface == iface)
			return (struct tunnel_entry *)(uintptr_t)&ike->tunnels[i];
	}
	return NULL;
}

struct tunnel_entry *entry_of(const struct ike *ike, const struct sa *sa)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		const bool has_peers = !ike->tunnels[i].tunnel.foreign; // with connections of their own
		size_t length = strlen(ike->tunnels[i].base);
		char next = sa->connection[strnlen(sa->connection, length)];

		if (length > 0 && strncmp(sa->connection, ike->tunnels[i].base, length) == 0 &&
			(next == '\0' || (has_peers && next == '-')))
			return (struct tunnel_entry *)(uintptr_t)&ike->tunnels[i];
	}
	return NULL;
}

void entry_connection(const struct ike_peer *peer, char name[static SA_NAME_SIZE])
{
	char nbma[ADDR_TEXT_SIZE];

	snprintf(name, SA_NAME_SIZE, "%.*s-%s", SA_NAME_SIZE - ADDR_TEXT_SIZE - 2, peer->key.base,
		addr_format(peer->key.nbma, nbma));
}
