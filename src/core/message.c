// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "core/emit.h"
#include "core/message.h"
#include "core/node.h"
#include "core/protect.h"
#include "wire/nhrp_auth.h"

/// Bytes of the offending packet that an Error Indication quotes: all of it, but for a giant's end.
#define QUOTE_SIZE (NHRP_MAX_PACKET - 100)

/// Percent of `max-send` that messages other than registrations may use up.
#define MAX_USAGE 75

static void init(const struct iface *iface, struct nhrp_msg *msg, uint8_t type)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = type;
	msg->hop_count = NHRP_DEFAULT_HOP_COUNT;
	msg->protocol_family = iface_address(iface).family;
	msg->src_nbma = iface->nbma;
	msg->src_protocol = iface_address(iface);
}

/// Adding to a message that cannot be full yet.
static void add_ext(struct nhrp_msg *msg, uint16_t type, bool compulsory)
{
	if (!nhrp_ext_add(msg, type, compulsory, NULL, 0))
		msg->extension_count = NHRP_MAX_EXTENSIONS;
}

void message_request(struct iface *iface, struct nhrp_msg *msg, uint8_t type, struct addr dst_protocol)
{
	init(iface, msg, type);
	msg->dst_protocol = dst_protocol;
	msg->request_id = iface->node->next_request_id++;
	add_ext(msg, NHRP_EXT_RESPONDER, true);
	add_ext(msg, NHRP_EXT_FORWARD_TRANSIT, true);
	add_ext(msg, NHRP_EXT_REVERSE_TRANSIT, true);
	if (type != NHRP_PURGE_REQUEST)
		add_ext(msg, NHRP_EXT_NAT_ADDRESS, false);
}

struct nhrp_cie message_own_cie(const struct iface *iface)
{
	return (struct nhrp_cie) {
		.mtu = iface->config->mtu,
		.holding_time = iface->config->holding_time,
		.nbma = iface->nbma,
		.protocol = iface_address(iface),
	};
}

void message_reply(struct iface *iface, const struct nhrp_msg *request, struct nhrp_msg *reply, uint8_t type,
	struct message_space *space)
{
	const struct nhrp_cie own = message_own_cie(iface);
	size_t length;

	*reply = *request;
	reply->type = type;
	reply->hop_count = NHRP_DEFAULT_HOP_COUNT;
	length = nhrp_ext_append_cie(NULL, &own, space->responder, sizeof(space->responder));
	if (length > 0)
		(void)!nhrp_ext_replace(reply, NHRP_EXT_RESPONDER, space->responder, length);
}

void message_add_nat_cie(
	struct nhrp_msg *msg, struct addr nbma, struct addr protocol, struct message_space *space)
{
	const struct nhrp_ext *ext = nhrp_ext_find(msg, NHRP_EXT_NAT_ADDRESS);
	const struct nhrp_cie cie = {
		.prefix_length = addr_bits(protocol),
		.nbma = nbma,
		.protocol = protocol,
	};
	size_t length;

	if (!ext)
		return;
	length = nhrp_ext_append_cie(ext, &cie, space->nat, sizeof(space->nat));
	if (length > 0)
		(void)!nhrp_ext_replace(msg, NHRP_EXT_NAT_ADDRESS, space->nat, length);
}

struct addr message_nat_address(const struct nhrp_msg *msg, struct addr protocol)
{
	const struct nhrp_ext *ext = nhrp_ext_find(msg, NHRP_EXT_NAT_ADDRESS);
	struct nhrp_cie cies[8];
	int count = ext ? nhrp_ext_cies(ext, msg->protocol_family, cies, (int)ARRAY_SIZE(cies)) : 0;

	for (int i = count - 1; i >= 0; i--) {
		if (addr_equal(cies[i].protocol, protocol) && addr_is_host(cies[i].nbma))
			return cies[i].nbma;
	}
	return (struct addr) { 0 };
}

const struct nhrp_ext *message_unknown_compulsory(const struct nhrp_msg *msg)
{
	for (uint8_t i = 0; i < msg->extension_count; i++) {
		const struct nhrp_ext *ext = &msg->extensions[i];

		switch (ext->type) {
		case NHRP_EXT_END:
		case NHRP_EXT_RESPONDER:
		case NHRP_EXT_FORWARD_TRANSIT:
		case NHRP_EXT_REVERSE_TRANSIT:
		case NHRP_EXT_AUTHENTICATION:
		case NHRP_EXT_VENDOR:
		case NHRP_EXT_NAT_ADDRESS:
			break;
		default:
			if (ext->compulsory)
				return ext;
		}
	}
	return NULL;
}

/// `max-send`. Its last quarter is for registrations, which keep the cloud together, lest redirects and
/// answers, of which others cause as many as they like, make clients believe that their server is gone.
static bool may_send(struct iface *iface, uint8_t type, struct mono now)
{
	bool is_vital = type == NHRP_REGISTRATION_REQUEST || type == NHRP_REGISTRATION_REPLY;

	return (is_vital || ratelimit_usage(&iface->max_send, now) < MAX_USAGE) &&
	       ratelimit_take(&iface->max_send, now);
}

static bool send(struct iface *iface, const struct nhrp_msg *msg, struct addr nbma, struct mono now)
{
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length;

	if (!iface->up || !addr_is_set(iface->nbma)) {
		iface->counters.refused[REFUSED_DOWN]++;
		return false;
	}
	if (!may_send(iface, msg->type, now)) {
		iface->counters.refused[REFUSED_MAX_SEND]++;
		return false;
	}
	length = nhrp_auth_encode(msg, &iface->config->auth, iface_address(iface), packet, sizeof(packet));
	if (length == 0) {
		iface->counters.refused[REFUSED_LIMIT]++;
		return false;
	}
	return protect_send(iface, nbma, packet, length, now);
}

bool message_send(struct iface *iface, const struct nhrp_msg *msg, struct addr nbma, struct mono now)
{
	if (!send(iface, msg, nbma, now))
		return false;
	iface->counters.sent[msg->type]++;
	return true;
}

bool message_pass_on(struct iface *iface, const struct nhrp_msg *msg, struct addr nbma, struct mono now)
{
	if (!send(iface, msg, nbma, now))
		return false;
	iface->counters.forwarded[msg->type]++;
	return true;
}

void message_send_error(struct iface *iface, const struct nhrp_msg *offending, const uint8_t *packet,
	size_t length, uint16_t code, uint16_t offset, struct addr nbma, struct mono now)
{
	struct nhrp_msg msg;

	if (offending->type == NHRP_ERROR_INDICATION || !ratelimit_take(&iface->errors, now))
		return;
	init(iface, &msg, NHRP_ERROR_INDICATION);
	msg.dst_protocol = offending->src_protocol;
	msg.error_code = code;
	msg.error_offset = offset;
	msg.payload = packet;
	msg.payload_length = length < QUOTE_SIZE ? length : QUOTE_SIZE;
	(void)message_send(iface, &msg, nbma, now);
}

void message_refuse(
	struct iface *iface, enum refusal refusal, struct addr from, const char *reason, struct mono now)
{
	iface->counters.refused[refusal]++;
	offenders_note(&iface->counters.offenders, from, reason);
	emit_remote_event(iface->node,
		&(struct event) {
			.type = EVENT_PACKET_REFUSED,
			.iface = iface->config->id,
			.nbma = from,
			.reason = reason,
		},
		now);
}
