// SPDX-License-Identifier: GPL-2.0-or-later
/// What the configuration says becomes what runs, at the start and at every change.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct config;
struct ctl_change;
struct daemon;

/// Makes the core and the tunnels of the configuration, which becomes the daemon's. Nothing is opened yet.
void configure_first(struct daemon *daemon, struct config *config);
/// Puts the firewall's table in place for these tunnels.
bool configure_guard(struct daemon *daemon, struct err *err) MUST_CHECK;
/// Offers the metrics where the configuration says, or not at all. Where that fails the log says why.
void configure_metrics(struct daemon *daemon);
/// Makes this whole text the configuration: it is checked, compared with what runs, and the difference
/// applied. False where it has an error: then nothing changes. `ret` tells what was found and done; the
/// caller frees it with ctl_change_free().
bool configure_text(
	struct daemon *daemon, const char *text, size_t length, struct ctl_change *ret) MUST_CHECK;
/// The same with the file that the daemon was started with.
bool configure_file(struct daemon *daemon, struct ctl_change *ret) MUST_CHECK;
/// As configure_file(), and tells the log how it went (SIGHUP).
void configure_reload(struct daemon *daemon);
/// Frees the tunnels and the configuration.
void configure_done(struct daemon *daemon);
