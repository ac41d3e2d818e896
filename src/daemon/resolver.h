// SPDX-License-Identifier: GPL-2.0-or-later
/// Asks DNS for the addresses of a name, as the system is configured to (resolv.conf, hosts), on the event
/// loop: nothing waits for the answer.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define RESOLVER_ADDRESSES_MAX 16

struct uv_loop_s;
struct resolver;

struct resolver_answer {
	struct addr addresses[RESOLVER_ADDRESSES_MAX]; ///< what is beyond is left out
	size_t count;                                  ///< 0: there was none
	uint32_t ttl;       ///< seconds that the answer holds, the least of all records
	const char *reason; ///< with count 0: why
};

/// Called once for each question, possibly before resolver_ask() returns.
typedef void resolver_done(void *context, const struct resolver_answer *answer);

struct resolver *resolver_new(struct uv_loop_s *loop);
void resolver_ask(struct resolver *resolver, const char *name, enum addr_family family, resolver_done *done,
	void *context);
/// Ends the questions under way without an answer; the loop must run once more. NULL does no harm.
void resolver_free(struct resolver *resolver);
