// SPDX-License-Identifier: GPL-2.0-or-later
/// How the lines of the log are written: as text, as JSON, or as fields of systemd's journal.
#pragma once

#include <stdbool.h>

#include "base/attr.h"

/// Of lines from now on: "text", or "json", which is one object a line with "time", "level", "message", and
/// the line's fields. False for another name.
bool logformat_set(const char *name) MUST_CHECK;
/// Where stderr is a stream of the journal: gives it the lines with their fields, named DMVPN_EVENT and so
/// on.
void logformat_set_journal(void);
