// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/rd.h"
#include "core/cache.h"
#include "core/emit.h"
#include "core/forward.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/purge.h"
#include "core/receive.h"
#include "core/redirect.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "core/route.h"
#include "core/server.h"
#include "wire/nhrp_auth.h"

#define LATE_REQUESTS 1000 ///< request IDs back that a late reply may have

/// A packet on its way through this file.
struct incoming {
	struct iface *iface;
	struct nhrp_msg *msg;
	struct addr from;
	const uint8_t *packet;
	size_t length;
	struct mono now;
};

static void refuse(
	const struct incoming *in, enum refusal refusal, uint16_t code, uint16_t offset, const char *reason)
{
	message_refuse(in->iface, refusal, in->from, reason, in->now);
	message_send_error(in->iface, in->msg, in->packet, in->length, code, offset, in->from, in->now);
}

static void pass_on(const struct incoming *in, struct addr destination)
{
	forward_message(in->iface, in->msg, destination, in->from, in->packet, in->length, in->now);
}

/// The sender does not know our address yet ("nhs dynamic"): it writes its own, or none.
static bool is_for_any_server(const struct nhrp_msg *msg)
{
	return !addr_is_host(msg->dst_protocol) || addr_equal(msg->dst_protocol, msg->src_protocol);
}

/// Another node passed it on: then the address that it came from is not its client's.
static bool was_passed_on(const struct nhrp_msg *msg)
{
	const struct nhrp_ext *record = nhrp_ext_find(msg, NHRP_EXT_FORWARD_TRANSIT);

	return record && record->length > 0;
}

static void on_registration(const struct incoming *in)
{
	bool is_for_any = is_for_any_server(in->msg);

	if (!is_for_any && !route_is_own(in->iface->node, in->msg->dst_protocol)) {
		pass_on(in, in->msg->dst_protocol);
		return;
	}
	if (was_passed_on(in->msg)) {
		refuse(in, REFUSED_FORGED, NHRP_ERROR_PROTOCOL_ERROR, 0,
			"a registration by way of another node");
		return;
	}
	in->iface->counters.quirks += is_for_any;
	server_on_registration(in->iface, in->msg, in->from, in->now);
}

static void on_resolution(const struct incoming *in)
{
	struct route_verdict verdict = route_judge(in->iface, in->msg->dst_protocol);

	if (route_is_own(in->iface->node, in->msg->src_protocol))
		refuse(in, REFUSED_LOOP, NHRP_ERROR_LOOP_DETECTED, 0, "our own request came back");
	else if (verdict.side == ROUTE_OURS)
		server_answer(in->iface, in->msg, &verdict, in->from, in->now);
	else
		pass_on(in, in->msg->dst_protocol);
}

/// A reply is for the node that asked.
static bool is_our_reply(const struct incoming *in)
{
	return route_is_own(in->iface->node, in->msg->src_protocol);
}

/// It is not passed on: nobody takes a registration that was, so it can answer none, and would come with our
/// address as its sender's.
static void on_registration_reply(const struct incoming *in)
{
	if (!is_our_reply(in) || !nhs_on_reply(in->iface, in->msg, in->from, in->now))
		message_refuse(
			in->iface, REFUSED_UNSOLICITED, in->from, "unsolicited registration reply", in->now);
}

/// A reply to one of our latest requests that waits no more: a copy, since the request was repeated, or too
/// late.
static bool is_late(const struct incoming *in)
{
	return in->iface->node->next_request_id - 1 - in->msg->request_id < LATE_REQUESTS;
}

static void on_resolution_reply(const struct incoming *in)
{
	if (!is_our_reply(in))
		pass_on(in, in->msg->src_protocol);
	else if (resolve_on_reply(in->iface, in->msg, in->from, in->now))
		return;
	else if (is_late(in))
		message_refuse(in->iface, REFUSED_UNSOLICITED, in->from, "late resolution reply", in->now);
	else
		refuse(in, REFUSED_UNSOLICITED, NHRP_ERROR_INVALID_RESOLUTION_REPLY, 0,
			"unsolicited resolution reply");
}

/// May it go on in the name of its source? The next node takes our word for who that is. Where a server
/// passed it on to us, or we do not know the source, that node has looked.
static bool is_of_its_source(const struct incoming *in)
{
	const struct binding *source = cache_find(in->iface, in->msg->src_protocol);

	if (source && addr_equal(source->peer->nbma, in->from))
		return true;
	return was_passed_on(in->msg) && (!source || nhs_by_nbma(in->iface, in->from));
}

static void on_purge_request(const struct incoming *in)
{
	if (is_for_any_server(in->msg) || route_is_own(in->iface->node, in->msg->dst_protocol))
		purge_on_request(in->iface, in->msg, in->from, was_passed_on(in->msg), in->now);
	else if (is_of_its_source(in))
		pass_on(in, in->msg->dst_protocol);
	else
		message_refuse(in->iface, REFUSED_FORGED, in->from, "purge in another's name", in->now);
}

static void on_purge_reply(const struct incoming *in)
{
	if (!is_our_reply(in))
		pass_on(in, in->msg->src_protocol);
	else if (!requester_on_reply(in->iface, in->msg))
		message_refuse(in->iface, REFUSED_UNSOLICITED, in->from, "unsolicited purge reply", in->now);
}

/// Which of our requests does an Error Indication quote? It holds at least the fixed part, the two
/// protocol lengths, the flags and the request ID.
static bool quoted_request(const struct nhrp_msg *msg, uint8_t *ret_type, uint32_t *ret_id)
{
	struct rd rd = rd_make(msg->payload, msg->payload_length);

	rd_skip(&rd, 17);
	*ret_type = rd_u8(&rd);
	rd_skip(&rd, 6);
	*ret_id = rd_u32(&rd);
	return rd_ok(&rd);
}

static void on_error(const struct incoming *in)
{
	struct iface *iface = in->iface;
	const char *reason = nhrp_error_name(in->msg->error_code);
	uint8_t type;
	uint32_t request_id;
	bool ours = quoted_request(in->msg, &type, &request_id);

	// It carries no password, so that only who is known already is listened to, and passed on.
	if (!peer_find(iface, in->from) && !nhs_by_nbma(iface, in->from)) {
		message_refuse(iface, REFUSED_FORGED, in->from, "error indication from a stranger", in->now);
		return;
	}
	if (!route_is_own(iface->node, in->msg->dst_protocol)) {
		if (ours && type == NHRP_REGISTRATION_REQUEST)
			message_refuse(iface, REFUSED_FORGED, in->from,
				"error indication about another's registration", in->now);
		else
			pass_on(in, in->msg->dst_protocol);
		return;
	}
	emit_remote_event(iface->node,
		&(struct event) {
			.type = EVENT_ERROR_RECEIVED,
			.iface = iface->config->id,
			.nbma = in->from,
			.reason = reason,
		},
		in->now);
	if (ours && type == NHRP_REGISTRATION_REQUEST)
		ours = nhs_on_error(iface, request_id, in->from, reason, in->now);
	else if (ours && type == NHRP_RESOLUTION_REQUEST)
		ours = resolve_on_error(iface, request_id, reason, in->now);
	else
		ours = true;
	if (!ours)
		iface->counters.refused[REFUSED_UNSOLICITED]++;
}

static void dispatch(const struct incoming *in)
{
	switch ((enum nhrp_type)in->msg->type) {
	case NHRP_RESOLUTION_REQUEST:
		on_resolution(in);
		break;
	case NHRP_RESOLUTION_REPLY:
		on_resolution_reply(in);
		break;
	case NHRP_REGISTRATION_REQUEST:
		on_registration(in);
		break;
	case NHRP_REGISTRATION_REPLY:
		on_registration_reply(in);
		break;
	case NHRP_PURGE_REQUEST:
		on_purge_request(in);
		break;
	case NHRP_PURGE_REPLY:
		on_purge_reply(in);
		break;
	case NHRP_ERROR_INDICATION:
		on_error(in);
		break;
	case NHRP_TRAFFIC_INDICATION:
		redirect_on_indication(in->iface, in->msg, in->from, in->now);
		break;
	}
}

/// Is this node the last one to handle the message? Transit nodes let unknown extensions pass.
static bool ends_here(const struct incoming *in)
{
	const struct node *node = in->iface->node;
	const struct nhrp_msg *msg = in->msg;

	switch ((enum nhrp_type)msg->type) {
	case NHRP_RESOLUTION_REQUEST:
		return route_judge(in->iface, msg->dst_protocol).side == ROUTE_OURS;
	case NHRP_REGISTRATION_REQUEST:
	case NHRP_PURGE_REQUEST:
		return is_for_any_server(msg) || route_is_own(node, msg->dst_protocol);
	case NHRP_RESOLUTION_REPLY:
	case NHRP_REGISTRATION_REPLY:
	case NHRP_PURGE_REPLY:
		return route_is_own(node, msg->src_protocol);
	case NHRP_ERROR_INDICATION:
	case NHRP_TRAFFIC_INDICATION:
		break;
	}
	return false;
}

static enum refusal refusal_of(enum nhrp_decode_status status)
{
	return status == NHRP_DECODE_BAD_CHECKSUM ? REFUSED_BAD_CHECKSUM : REFUSED_MALFORMED;
}

/// Anything authentic from a peer shows that it is alive.
static void note_alive(struct iface *iface, struct addr from, struct mono now)
{
	struct peer *peer = peer_find(iface, from);

	if (!peer)
		return;
	peer->last_received = now;
	peer->unanswered_since = MONO_NEVER;
}

void receive_packet(
	struct iface *iface, struct addr from, const uint8_t *packet, size_t length, struct mono now)
{
	struct nhrp_msg msg;
	enum nhrp_decode_status status;
	struct incoming in = {
		.iface = iface, .msg = &msg, .from = from, .packet = packet, .length = length, .now = now
	};

	if (!iface->up || iface->config->network_id == 0) {
		iface->counters.refused[REFUSED_DOWN]++;
		return;
	}
	if (!protect_is_up(iface, from)) {
		protect_hold_received(iface, from, packet, length, now);
		return;
	}
	status = nhrp_msg_decode(packet, length, &msg, NULL);
	if (status != NHRP_DECODE_OK) {
		message_refuse(iface, refusal_of(status), from, nhrp_decode_status_text(status), now);
		return;
	}
	iface->counters.received[msg.type]++;
	if (msg.protocol_family != iface_address(iface).family) {
		message_refuse(iface, REFUSED_MALFORMED, from, "another protocol than the tunnel's", now);
		return;
	}
	if (!nhrp_auth_verify(&msg, &iface->config->auth, packet, length)) {
		refuse(&in, REFUSED_AUTHENTICATION, NHRP_ERROR_AUTHENTICATION_FAILURE, 0,
			"authentication failure");
		return;
	}
	if (msg.type != NHRP_ERROR_INDICATION)
		note_alive(iface, from, now);
	if (message_unknown_compulsory(&msg) && ends_here(&in)) {
		refuse(&in, REFUSED_EXTENSION, NHRP_ERROR_UNRECOGNIZED_EXTENSION, 0,
			"unknown compulsory extension");
		return;
	}
	dispatch(&in);
}
