// SPDX-License-Identifier: GPL-2.0-or-later
/// What differs between two configurations. They are compared in their canonical form, command by command, so
/// that no command can be forgotten; the flags of the table say what a change of it takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "conf/conf.h"

enum diff_kind {
	DIFF_SAME,
	DIFF_CHANGED,  ///< in place
	DIFF_REOPENED, ///< the device is opened anew
	DIFF_REMADE,   ///< as if it were removed and added
	DIFF_ADDED,
	DIFF_REMOVED,
};

struct diff_tunnel {
	uint32_t id;
	enum diff_kind kind;
};

struct diff {
	struct diff_tunnel *tunnels; ///< of either configuration
	size_t count;
	/// The lines that differ, with "-" or "+" before them, in the order of the configuration and under
	/// the heads of their blocks, which have " "; secrets hidden. "": none.
	char *text;
	unsigned lines; ///< of `text` that begin so
};

/// The caller frees it.
struct diff *diff_make(const struct config *before, const struct config *after) MUST_CHECK;
/// DIFF_SAME for a tunnel that neither has.
enum diff_kind diff_of(const struct diff *diff, uint32_t id);
void diff_free(struct diff *diff);
