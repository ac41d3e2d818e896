// SPDX-License-Identifier: GPL-2.0-or-later
/// The static routes of the configuration (`ip route`). One by a next hop server stays out of the table
/// while that server is down, so that a floating route takes over.
#pragma once

struct daemon;
struct static_route;
struct statics;

/// Installs nothing yet.
struct statics *statics_new(struct daemon *daemon);
/// Installs and removes what the state of devices and servers asks for. What fails is tried again at the
/// next call, and logged once.
void statics_update(struct statics *statics);
/// The daemon has another configuration: routes that it has not are removed, new ones installed.
void statics_configure(struct statics *statics);
/// Why this route of the configuration is not in the table, a part of a sentence; NULL: it is. Borrowed until
/// the next change.
const char *statics_waits(const struct statics *statics, const struct static_route *route);
/// A device went or was set down, and the kernel removed its routes.
void statics_on_device_gone(struct statics *statics);
/// Removes what an earlier run left and is not installed now, and says so.
void statics_sweep(struct statics *statics);
/// Removes every route from the table.
void statics_withdraw(struct statics *statics);
/// The table stays as it is. NULL does no harm.
void statics_free(struct statics *statics);
