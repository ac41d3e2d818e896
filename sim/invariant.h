// SPDX-License-Identifier: GPL-2.0-or-later
/// What must be true of every network at every moment: the names and the reasons. check.c looks at them.
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/mono.h"

enum invariant {
	// Of packets
	INVARIANT_NO_LOOP,
	INVARIANT_ON_PATH,
	INVARIANT_NO_LOSS,
	INVARIANT_DIRECT,
	// Of what a host believes
	INVARIANT_OWNER,
	INVARIANT_MOVED,
	INVARIANT_EGRESS,
	INVARIANT_WIDTH,
	INVARIANT_OVERRIDE,
	INVARIANT_SHORTCUT_BOUND,
	INVARIANT_TEMPORARY,
	INVARIANT_CLEAR,
	// Of a host's tables
	INVARIANT_KERNEL,
	INVARIANT_COUNTS,
	INVARIANT_LIMITS,
	INVARIANT_TIMERS,
	// Of the whole
	INVARIANT_QUIET,
	INVARIANT_FORMS,
	INVARIANT_EXPECTED, ///< what a scenario expects
	INVARIANTS,
};

struct invariant_text {
	const char *name;   ///< "no forwarding loop"
	const char *reason; ///< why it must hold, and within which bound; a sentence
};

/// What broke.
struct violation {
	bool is_there;
	enum invariant invariant;
	struct mono at;
	char text[240];
};

/// Its name and reason; borrowed, for ever.
const struct invariant_text *invariant_text(enum invariant invariant);
/// By its name; false where there is none.
bool invariant_parse(const char *name, enum invariant *ret) MUST_CHECK;
