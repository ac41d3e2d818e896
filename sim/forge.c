// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/peer.h"
#include "sim/underlay.h"
#include "wire/nhrp_auth.h"

void forge_registration(struct host *server, struct addr from, struct addr protocol, bool is_signed)
{
	struct nhrp_auth_key none = { 0 };
	const struct nhrp_auth_key *key = is_signed ? &server->iface.auth : &none;
	uint8_t packet[NHRP_MAX_PACKET];
	struct nhrp_msg msg = {
		.type = NHRP_REGISTRATION_REQUEST,
		.hop_count = NHRP_DEFAULT_HOP_COUNT,
		.request_id = addr_to_ipv4(from),
		.protocol_family = protocol.family,
		.src_nbma = from,
		.src_protocol = protocol,
		.dst_protocol = host_address(server),
		.cie_count = 1,
	};
	size_t length;

	msg.cies[0] = (struct nhrp_cie) { .prefix_length = addr_bits(protocol), .holding_time = 600 };
	if (is_signed) {
		// A place for what nhrp_auth_encode() replaces.
		msg.extension_count = 1;
		msg.extensions[0] = (struct nhrp_ext) { .type = NHRP_EXT_AUTHENTICATION };
	}
	length = nhrp_auth_encode(&msg, key, protocol, packet, sizeof(packet));
	underlay_forge(server->network, from, server->public_nbma, packet, length);
}

void forge_neighbour(struct host *host, struct addr next_hop, struct addr nbma)
{
	struct neighbour *neighbour;

	HASH_FIND(hh, host->neighbours, &next_hop, sizeof(next_hop), neighbour);
	if (!neighbour) {
		neighbour = alloc_zeroed(1, sizeof(*neighbour));
		neighbour->key = next_hop;
		HASH_ADD(hh, host->neighbours, key, sizeof(neighbour->key), neighbour);
	}
	neighbour->nbma = nbma;
}

void forge_override(struct host *host, struct prefix prefix, struct addr next_hop)
{
	struct desired_item item = { .kind = DESIRED_ROUTE,
		.present = true,
		.iface = IFACE_ID,
		.prefix = prefix,
		.next_hop = next_hop };

	free(trie_set(&host->overrides, prefix, alloc_copy(&item, sizeof(item))));
}

void forge_unheard(struct host *host, struct prefix prefix)
{
	const struct rib_route *route;

	while ((route = rib_exact(&host->rib, prefix)) != NULL) {
		struct rib_route removed = *route;

		(void)rib_remove(&host->rib, &removed);
	}
}

void forge_corruption(struct host *host, enum corruption corruption)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	struct shortcut *shortcut = shortcut_next(iface, iface_everything(iface), &cursor);
	struct binding *binding, *next;

	switch (corruption) {
	case CORRUPT_COUNTER:
		iface->dynamic_count++;
		break;
	case CORRUPT_SHORTCUT:
		if (shortcut)
			shortcut->next_hop = addr_from_ipv4(0x0a0000fe);
		break;
	case CORRUPT_TEMPORARY:
		HASH_ITER(hh, iface->bindings, binding, next)
		{
			if (binding->type != BINDING_NHS)
				binding->type = BINDING_TEMPORARY;
		}
		break;
	}
}
