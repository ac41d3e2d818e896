// SPDX-License-Identifier: GPL-2.0-or-later
/// What one client of the control socket has switched on for itself.
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "core/action.h"
#include "ctl/configure.h"

/// What `debug nhrp …` shows this session, beyond what it monitors.
struct ctl_debug {
	bool packet;      ///< every NHRP packet sent and received
	bool cache;       ///< bindings and shortcuts that come and go
	bool event;       ///< failed resolutions and redirects
	struct addr peer; ///< only what concerns this address; unset: everything
};

struct ctl_session {
	bool interactive; ///< somebody sits there: may be idle
	bool monitor;     ///< `terminal monitor`: events
	struct ctl_debug debug;
	struct ctl_configure configure;
};

/// Frees what the session holds.
void session_done(struct ctl_session *session);
/// Does it listen to anything?
static inline bool session_listens(const struct ctl_session *session)
{
	return session->monitor || session->debug.packet || session->debug.cache || session->debug.event;
}

/// Does the session want to hear of this event?
bool session_wants(const struct ctl_session *session, const struct event *event);
