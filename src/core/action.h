// SPDX-License-Identifier: GPL-2.0-or-later
/// What the core asks of the shell once: send this packet, tell this event. (What it wants to be true for
/// a while is in desired.h.)
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/config.h"

enum action_type {
	ACTION_SEND,     ///< an NHRP packet to an NBMA address
	ACTION_RENEW_SA, ///< the peer at `renew` is silent under its SA: another one is to be made
	ACTION_PEER,     ///< a peer is known from now on, or not any more
	ACTION_EVENT,    ///< something that an operator may want to know
};

enum event_type {
	EVENT_NHS_UP,               ///< protocol, nbma
	EVENT_NHS_DOWN,             ///< protocol, nbma, reason
	EVENT_PEER_UP,              ///< a client registered: protocol, nbma
	EVENT_PEER_DOWN,            ///< a registration ended: protocol, nbma, reason
	EVENT_PEER_MOVED,           ///< a client registered from another NBMA address: protocol, nbma
	EVENT_REGISTRATION_REFUSED, ///< as server: protocol, nbma, reason
	EVENT_SHORTCUT_UP,          ///< prefix, protocol (next hop), nbma
	EVENT_SHORTCUT_DOWN,        ///< prefix, protocol, nbma, reason
	EVENT_BINDING_UP,           ///< a next hop was resolved: protocol, nbma
	EVENT_BINDING_DOWN,         ///< protocol, nbma, reason
	EVENT_RESOLUTION_FAILED,    ///< protocol (destination), reason
	EVENT_REDIRECT_SENT,        ///< protocol (destination of the packet), nbma
	EVENT_PACKET_REFUSED,       ///< nbma (sender), reason: malformed, not authentic, forged
	EVENT_ERROR_RECEIVED,       ///< an Error Indication came: nbma, reason
	EVENT_TYPES,
};

#define EVENT_CLEARED "cleared" ///< the reason of what the operator's `clear` ended

/// Fields which the type does not name are unset.
struct event {
	enum event_type type;
	uint32_t iface; ///< iface_config.id
	struct addr protocol;
	struct addr nbma;
	struct prefix prefix;
	const char *reason; ///< a literal; NULL where there is none
};

struct action {
	enum action_type type;
	struct action *next; ///< the queue's
	uint32_t iface;      ///< iface_config.id
	union {
		struct event event;
		struct addr renew;
		struct {
			struct addr nbma;
			bool known;
		} peer;
		struct {
			struct addr nbma;
			size_t length;
		} send;
	};
	uint8_t packet[]; ///< ACTION_SEND: send.length bytes, NHRP without GRE
};

/// "nhs-up" and so on: the stable name of an event.
const char *event_name(enum event_type type);
