// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/counters.h"

const char *refusal_name(enum refusal refusal)
{
	switch (refusal) {
	case REFUSED_MALFORMED:
		return "malformed";
	case REFUSED_BAD_CHECKSUM:
		return "bad-checksum";
	case REFUSED_AUTHENTICATION:
		return "authentication";
	case REFUSED_HOP_COUNT:
		return "hop-count";
	case REFUSED_LOOP:
		return "loop";
	case REFUSED_UNREACHABLE:
		return "unreachable";
	case REFUSED_UNSOLICITED:
		return "unsolicited";
	case REFUSED_FORGED:
		return "forged";
	case REFUSED_EXTENSION:
		return "extension";
	case REFUSED_LIMIT:
		return "limit";
	case REFUSED_MAX_SEND:
		return "max-send";
	case REFUSED_UNPROTECTED:
		return "unprotected";
	case REFUSED_IDENTITY:
		return "identity";
	case REFUSED_BUSY:
		return "busy";
	case REFUSED_DOWN:
		return "down";
	case REFUSALS:
		break;
	}
	return "unknown";
}
