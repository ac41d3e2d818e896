// SPDX-License-Identifier: GPL-2.0-or-later
/// The resolution client: requests under way, by destination. A reply becomes a binding (the destination
/// is a next hop of the cloud) or a shortcut (it lies behind one).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "base/timerq.h"

struct iface;
struct nhrp_msg;

enum resolution_state {
	RESOLUTION_PENDING, ///< a request is under way
	RESOLUTION_HELD,    ///< it failed; no new request until the timer fires
};

struct resolution {
	struct addr destination; ///< the key
	struct iface *iface;
	enum resolution_state state;
	bool direct;        ///< a probe sent straight to the peer below
	struct addr probed; ///< NBMA address of the peer that is probed
	uint32_t request_id;
	uint32_t tries;
	struct mono started;
	const char *reason; ///< RESOLUTION_HELD: why; a literal
	struct timer timer;
	UT_hash_handle hh;
};

/// A packet wants `destination`, for which there is no binding or shortcut, or one in use is to be renewed:
/// asks for it, unless a request is under way or held back, or the interface does not ask (`server-only`).
void resolve_start(struct iface *iface, struct addr destination, struct mono now);
/// Asks a silent peer itself, whose binding is `protocol`'s: no answer means that it is gone.
void resolve_probe(struct iface *iface, struct addr protocol, struct addr nbma, struct mono now);
/// A Resolution Reply for us; false where it answers no request of ours.
bool resolve_on_reply(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now) MUST_CHECK;
/// An Error Indication about our request with this ID; false where it is none of ours.
bool resolve_on_error(
	struct iface *iface, uint32_t request_id, const char *reason, struct mono now) MUST_CHECK;
void resolve_on_timer(struct resolution *resolution, struct mono now);
struct resolution *resolve_find(const struct iface *iface, struct addr destination);
/// Forgets a resolution, whatever its state.
void resolve_forget(struct resolution *resolution);
