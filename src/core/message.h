// SPDX-License-Identifier: GPL-2.0-or-later
/// Making and sending NHRP messages: what every request and reply has in common.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "core/counters.h"
#include "wire/nhrp_msg.h"

struct iface;

/// Room for the extensions that a message refers to; lives as long as the message.
struct message_space {
	uint8_t responder[64];
	uint8_t transit[NHRP_MAX_PACKET];
	uint8_t nat[256];
};

/// A request of ours: our addresses, `dst_protocol`, the next request ID and the extensions that every
/// request carries, empty.
void message_request(struct iface *iface, struct nhrp_msg *msg, uint8_t type, struct addr dst_protocol);
/// The reply to `request`: its addresses, ID, CIEs and extensions, with our Responder record in it.
void message_reply(struct iface *iface, const struct nhrp_msg *request, struct nhrp_msg *reply, uint8_t type,
	struct message_space *space);
/// A CIE that says who we are: our NBMA and protocol address and our holding time.
struct nhrp_cie message_own_cie(const struct iface *iface);
/// Appends a CIE to the NAT extension of `msg`, where it has one with room.
void message_add_nat_cie(
	struct nhrp_msg *msg, struct addr nbma, struct addr protocol, struct message_space *space);
/// The NBMA address which the NAT extension says that `protocol` has; unset where it says none.
struct addr message_nat_address(const struct nhrp_msg *msg, struct addr protocol);
/// A compulsory extension that we do not know, or NULL (section 5.3).
const struct nhrp_ext *message_unknown_compulsory(const struct nhrp_msg *msg);

/// Sends a message of ours to an NBMA address, authenticated; counted by type. False where `max-send` or
/// the state of the link forbids it (counted).
bool message_send(struct iface *iface, const struct nhrp_msg *msg, struct addr nbma, struct mono now);
/// The same for a message that is passed on.
bool message_pass_on(struct iface *iface, const struct nhrp_msg *msg, struct addr nbma, struct mono now);

/// Tells the sender of `packet` what is wrong with it (section 5.2.7): at a limited rate, never about an
/// Error Indication.
void message_send_error(struct iface *iface, const struct nhrp_msg *offending, const uint8_t *packet,
	size_t length, uint16_t code, uint16_t offset, struct addr nbma, struct mono now);
/// Counts a refused packet and tells the event.
void message_refuse(
	struct iface *iface, enum refusal refusal, struct addr from, const char *reason, struct mono now);
