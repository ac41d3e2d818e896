// SPDX-License-Identifier: GPL-2.0-or-later
/// What an interface counts. Every packet that is not handled adds to exactly one refusal.
#pragma once

#include <stdint.h>

#include "base/histogram.h"
#include "core/offender.h"
#include "wire/nhrp_msg.h"

enum refusal {
	REFUSED_MALFORMED,
	REFUSED_BAD_CHECKSUM,
	REFUSED_AUTHENTICATION,
	REFUSED_HOP_COUNT,
	REFUSED_LOOP,
	REFUSED_UNREACHABLE, ///< no way towards the destination
	REFUSED_UNSOLICITED, ///< a reply that answers no request
	REFUSED_FORGED,      ///< from a node that may not say this
	REFUSED_EXTENSION,   ///< a compulsory extension that we do not know
	REFUSED_LIMIT,       ///< a table is full
	REFUSED_MAX_SEND,    ///< `ip nhrp max-send`: not sent
	REFUSED_UNPROTECTED, ///< the peer has no SA
	REFUSED_IDENTITY,    ///< the peer's identity may not have this
	REFUSED_BUSY,        ///< strangers' packets, more than could be handled
	REFUSED_DOWN,        ///< NHRP is not enabled or the interface is down
	REFUSALS,
};

struct counters {
	uint64_t sent[NHRP_TYPES]; ///< made here, by message type
	uint64_t received[NHRP_TYPES];
	uint64_t forwarded[NHRP_TYPES];
	uint64_t refused[REFUSALS];
	uint64_t redirect_suppressed;
	uint64_t registrations_refused;  ///< as server
	uint64_t quirks;                 ///< departures from the RFC that we understood all the same
	struct offenders offenders;      ///< from whom packets and registrations were refused
	struct histogram registration;   ///< from a request, sent once, to its answer
	struct histogram shortcut_setup; ///< from the first question to the new shortcut
};

/// "malformed", "authentication" and so on: a stable name.
const char *refusal_name(enum refusal refusal);
