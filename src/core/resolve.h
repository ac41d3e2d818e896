// SPDX-License-Identifier: GPL-2.0-or-later
/// The resolution client: requests under way, by destination. A reply becomes a binding (the destination
/// is a next hop of the cloud) or a shortcut (it lies behind one).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "base/addr.h"
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
