// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cache.h"
#include "core/emit.h"
#include "core/message.h"
#include "core/node.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/requester.h"
#include "core/server.h"

static void tell_refused(
	struct iface *iface, struct addr protocol, struct addr nbma, uint8_t code, struct mono now)
{
	iface->counters.registrations_refused++;
	offenders_note(&iface->counters.offenders, nbma, nhrp_code_name(code));
	emit_remote_event(iface->node,
		&(struct event) {
			.type = EVENT_REGISTRATION_REFUSED,
			.iface = iface->config->id,
			.protocol = protocol,
			.nbma = nbma,
			.reason = nhrp_code_name(code),
		},
		now);
}

/// Did the same node, as its SA proves, register the address from elsewhere?
static bool is_owner(const struct iface *iface, const struct binding *binding, struct addr from)
{
	return binding->identity && !cache_is_anothers(binding, protect_identity(iface, from));
}

/// May the node at `from` register `protocol`, which is bound to `binding` or not at all? The code for the
/// reply.
static uint8_t judge(const struct iface *iface, const struct nhrp_msg *msg, const struct nhrp_cie *cie,
	const struct binding *binding, struct addr protocol, struct addr from)
{
	uint8_t bits = nhrp_cie_prefix_bits(cie, msg->protocol_family);

	// A client vouches for its own address, never for a network; and for its own NBMA address only.
	if (bits != addr_bits(protocol))
		return (msg->flags & NHRP_FLAG_REG_UNIQUE) ? NHRP_CODE_PROHIBITED : NHRP_CODE_NOT_UNIQUE;
	if (!addr_is_host(protocol) || !route_may_be_nbma(iface, from) || route_is_own(iface->node, protocol))
		return NHRP_CODE_PROHIBITED;
	if (addr_is_set(cie->nbma) && !addr_equal(cie->nbma, msg->src_nbma) &&
		!addr_equal(cie->nbma, addr_plain(from)))
		return NHRP_CODE_PROHIBITED;
	if (!binding || addr_equal(binding->peer->nbma, from))
		return NHRP_CODE_OK;
	if (binding->type > BINDING_DYNAMIC)
		return NHRP_CODE_PROHIBITED;
	/* What an answer told is no less the node's own than what it registered. */
	if ((binding->type == BINDING_CACHED || (binding->type == BINDING_DYNAMIC && binding->unique)) &&
		!is_owner(iface, binding, from))
		return NHRP_CODE_UNIQUE_REGISTERED;
	return NHRP_CODE_OK;
}

/// Would the node at `from` hold more than its share? `known` is what the address is bound to, or NULL.
static bool is_greedy(const struct iface *iface, const struct binding *known, struct addr from)
{
	const struct peer *peer;

	if (known && addr_equal(known->peer->nbma, from))
		return false;
	peer = peer_find(iface, from);
	return peer && peer->binding_count >= REGISTRATIONS_PER_CLIENT;
}

/// May who is at `from`, by its identity, have the address? Where not, that is counted.
static bool is_authorized(
	struct iface *iface, const struct binding *known, struct addr protocol, struct addr from)
{
	const char *identity;

	if (!iface->config->protected)
		return true;
	identity = protect_identity(iface, from);
	if (protect_may_own(iface, identity, prefix_host(protocol)) &&
		!(known && known->type == BINDING_DYNAMIC && cache_is_anothers(known, identity)))
		return true;
	iface->counters.refused[REFUSED_IDENTITY]++;
	return false;
}

static uint8_t register_client(struct iface *iface, const struct nhrp_msg *msg, const struct nhrp_cie *cie,
	struct addr protocol, uint16_t holding_time, struct addr from, struct mono now)
{
	const struct binding *known = cache_find(iface, protocol);
	uint8_t code = judge(iface, msg, cie, known, protocol, from);

	if (code != NHRP_CODE_OK)
		return code;
	if (!is_authorized(iface, known, protocol, from))
		return NHRP_CODE_PROHIBITED;
	if (is_greedy(iface, known, from)) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return NHRP_CODE_NO_RESOURCES;
	}
	// Nodes that were led to the old address must learn of the new one.
	if (known && known->type == BINDING_DYNAMIC && !addr_equal(known->peer->nbma, from))
		requester_purge(iface, prefix_host(protocol), now);
	if (known && known->type > BINDING_DYNAMIC)
		return NHRP_CODE_OK;
	if (!cache_set(iface, protocol,
		    &(struct binding_facts) {
			    .type = BINDING_DYNAMIC,
			    .nbma = from,
			    .claimed_nbma = msg->src_nbma,
			    .unique = msg->flags & NHRP_FLAG_REG_UNIQUE,
			    .mtu = cie->mtu,
			    .holding_time = holding_time,
			    .request_id = msg->request_id,
			    .identity = protect_identity(iface, from),
		    },
		    now))
		return NHRP_CODE_NO_RESOURCES;
	return NHRP_CODE_OK;
}

void server_on_registration(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	struct message_space space;
	struct nhrp_msg reply;

	message_reply(iface, msg, &reply, NHRP_REGISTRATION_REPLY, &space);
	// Clients send one CIE; where there is none, the source itself is meant.
	if (reply.cie_count == 0) {
		reply.cie_count = 1;
		reply.cies[0] = (struct nhrp_cie) { 0 };
		iface->counters.quirks++;
	}
	for (uint8_t i = 0; i < reply.cie_count; i++) {
		struct nhrp_cie *cie = &reply.cies[i];
		struct addr protocol = addr_is_set(cie->protocol) ? cie->protocol : msg->src_protocol;
		uint16_t granted = cie->holding_time ? cie->holding_time : iface->config->holding_time;

		cie->code = register_client(iface, msg, cie, protocol, granted, from, now);
		cie->holding_time = cie->code == NHRP_CODE_OK ? granted : 0;
		if (cie->code != NHRP_CODE_OK)
			tell_refused(iface, protocol, from, cie->code, now);
	}
	// The server is known by its own address, also to a client that did not know it ("nhs dynamic").
	reply.dst_protocol = iface_address(iface);
	if (!addr_equal(addr_plain(from), msg->src_nbma))
		message_add_nat_cie(&reply, from, msg->src_protocol, &space);
	(void)message_send(iface, &reply, from, now);
}

/// Where the requester is: NAT may have changed the address that it gives. Where several are behind that, the
/// answer goes back the way the question came.
static struct addr requester_nbma(const struct iface *iface, const struct nhrp_msg *msg, struct addr from)
{
	struct addr nat = message_nat_address(msg, msg->src_protocol);
	struct addr nbma = addr_is_set(nat) ? nat : msg->src_nbma;

	return addr_equal(nbma, addr_plain(from)) || protect_is_shared(iface, nbma) ? from : nbma;
}

static void send_resolution_reply(struct iface *iface, const struct nhrp_msg *msg, const struct nhrp_cie *cie,
	struct addr to, struct mono now)
{
	struct addr public_nbma = nhs_public_nbma(iface);
	struct message_space space;
	struct nhrp_msg reply;

	message_reply(iface, msg, &reply, NHRP_RESOLUTION_REPLY, &space);
	reply.flags = (msg->flags & (NHRP_FLAG_ROUTER | NHRP_FLAG_SRC_STABLE | NHRP_FLAG_NAT)) |
		      NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_DST_STABLE;
	reply.cie_count = 1;
	reply.cies[0] = *cie;
	if (addr_is_set(public_nbma))
		message_add_nat_cie(&reply, public_nbma, iface_address(iface), &space);
	(void)message_send(iface, &reply, to, now);
}

void server_answer(struct iface *iface, const struct nhrp_msg *msg, const struct route_verdict *verdict,
	struct addr from, struct mono now)
{
	struct nhrp_cie cie = message_own_cie(iface);
	struct addr to = requester_nbma(iface, msg, from);

	// The answer goes straight to the requester: that it arrives shows that the direct path works.
	if (!route_may_be_nbma(iface, to)) {
		message_refuse(iface, REFUSED_FORGED, from, "resolution names no usable requester", now);
		return;
	}
	cie.prefix_length = verdict->prefix.length;
	send_resolution_reply(iface, msg, &cie, to, now);
	protect_keep(iface, to, mono_add(now, iface->config->holding_time * MONO_SECOND));
	requester_note(iface,
		&(struct requester) {
			.key = { .prefix = verdict->prefix, .protocol = msg->src_protocol },
			.destination = msg->dst_protocol,
			.is_egress = true,
			.nbma = to,
		},
		iface->config->holding_time, now);
}

void server_deny(
	struct iface *iface, const struct nhrp_msg *msg, uint8_t code, struct addr from, struct mono now)
{
	const struct nhrp_cie cie = {
		.code = code,
		.prefix_length = addr_bits(msg->dst_protocol),
	};

	// Back the way it came: who cannot be answered may not be reachable directly either.
	send_resolution_reply(iface, msg, &cie, from, now);
}
