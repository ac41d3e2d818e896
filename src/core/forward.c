// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/cache.h"
#include "core/forward.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/requester.h"
#include "core/route.h"
#include "core/server.h"

static bool is_request(const struct nhrp_msg *msg)
{
	return msg->type == NHRP_RESOLUTION_REQUEST || msg->type == NHRP_REGISTRATION_REQUEST ||
	       msg->type == NHRP_PURGE_REQUEST;
}

/// The extension in which transit nodes record themselves in this direction.
static uint16_t transit_type(const struct nhrp_msg *msg)
{
	return is_request(msg) ? NHRP_EXT_FORWARD_TRANSIT : NHRP_EXT_REVERSE_TRANSIT;
}

/// Have we seen this message before? Then our address is in its record.
static bool is_looping(const struct iface *iface, const struct nhrp_msg *msg)
{
	const struct nhrp_ext *ext = nhrp_ext_find(msg, transit_type(msg));
	struct nhrp_cie cies[NHRP_MAX_CIES];
	int count = ext ? nhrp_ext_cies(ext, msg->protocol_family, cies, NHRP_MAX_CIES) : 0;

	for (int i = 0; i < count; i++) {
		if (route_is_own(iface->node, cies[i].protocol))
			return true;
	}
	return count < 0;
}

struct hop {
	struct iface *iface;
	const struct binding *binding; ///< NULL: by the server `nbma`
	struct addr nbma;
};

/// The next node towards `destination`; false where there is none, or only the one it came from.
static bool find_hop(struct iface *iface, struct addr destination, struct addr from, struct hop *ret)
{
	struct route_verdict verdict = route_judge(iface, destination);
	const struct nhs *nhs;

	if (verdict.side != ROUTE_CLOUD)
		return false;
	ret->iface = verdict.iface;
	ret->binding = cache_find(verdict.iface, verdict.next_hop);
	if (ret->binding && ret->binding->type >= BINDING_DYNAMIC) {
		ret->nbma = ret->binding->peer->nbma;
	} else {
		nhs = nhs_active(verdict.iface);
		ret->binding = NULL;
		ret->nbma = nhs ? nhs->nbma : (struct addr) { 0 };
	}
	return addr_is_set(ret->nbma) && !addr_equal(ret->nbma, from);
}

/// Cisco's hub tells the far end the address behind which NAT hides the requester.
static void tell_nat(const struct iface *iface, struct nhrp_msg *msg, struct message_space *space)
{
	const struct binding *requester = cache_find(iface, msg->src_protocol);

	if (msg->type == NHRP_RESOLUTION_REQUEST && requester && requester->nat &&
		!addr_is_set(message_nat_address(msg, msg->src_protocol)))
		message_add_nat_cie(msg, requester->peer->nbma, msg->src_protocol, space);
}

/// Of a request always, which could go round or seem to be our own otherwise; of a reply where it keeps a
/// record. False where there is no room.
static bool add_transit_record(const struct iface *iface, struct nhrp_msg *msg, struct message_space *space)
{
	const uint16_t type = transit_type(msg);
	const struct nhrp_ext *ext = nhrp_ext_find(msg, type);
	const struct nhrp_cie own = message_own_cie(iface);
	size_t length;

	if (!ext && !is_request(msg))
		return true;
	if (!ext && !nhrp_ext_add(msg, type, true, NULL, 0))
		return false;
	length = nhrp_ext_append_cie(ext, &own, space->transit, sizeof(space->transit));
	return length > 0 && nhrp_ext_replace(msg, type, space->transit, length);
}

/// A client that others were led to may move; then they must be told.
static void remember_requester(
	const struct hop *hop, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	if (msg->type != NHRP_RESOLUTION_REQUEST || !hop->binding)
		return;
	requester_note(hop->iface,
		&(struct requester) {
			.key = { .prefix = prefix_host(hop->binding->protocol),
				.protocol = msg->src_protocol },
			.destination = msg->dst_protocol,
			.nbma = from,
		},
		hop->iface->config->holding_time, now);
}

static void refuse(struct iface *iface, const struct nhrp_msg *msg, enum refusal refusal, uint16_t code,
	const char *reason, struct addr from, const uint8_t *packet, size_t length, struct mono now)
{
	message_refuse(iface, refusal, from, reason, now);
	message_send_error(iface, msg, packet, length, code, 0, from, now);
}

void forward_message(struct iface *iface, const struct nhrp_msg *msg, struct addr destination,
	struct addr from, const uint8_t *packet, size_t length, struct mono now)
{
	struct message_space space;
	struct nhrp_msg copy = *msg;
	struct hop hop;

	if (is_looping(iface, msg)) {
		refuse(iface, msg, REFUSED_LOOP, NHRP_ERROR_LOOP_DETECTED, "loop detected", from, packet,
			length, now);
		return;
	}
	if (!find_hop(iface, destination, from, &hop)) {
		if (msg->type == NHRP_RESOLUTION_REQUEST) {
			iface->counters.refused[REFUSED_UNREACHABLE]++;
			server_deny(iface, msg, NHRP_CODE_NO_BINDING, from, now);
		} else {
			refuse(iface, msg, REFUSED_UNREACHABLE, NHRP_ERROR_PROTOCOL_ADDRESS_UNREACHABLE,
				"no way to its destination", from, packet, length, now);
		}
		return;
	}
	if (msg->hop_count <= 1) {
		refuse(iface, msg, REFUSED_HOP_COUNT, NHRP_ERROR_HOP_COUNT_EXCEEDED, "hop count exceeded",
			from, packet, length, now);
		return;
	}
	copy.hop_count--;
	tell_nat(iface, &copy, &space);
	if (!add_transit_record(hop.iface, &copy, &space)) {
		refuse(iface, msg, REFUSED_EXTENSION, NHRP_ERROR_INVALID_EXTENSION,
			"no room for the record of its way", from, packet, length, now);
		return;
	}
	if (message_pass_on(hop.iface, &copy, hop.nbma, now))
		remember_requester(&hop, msg, from, now);
}
