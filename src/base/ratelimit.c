// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/ratelimit.h"

/// Microseconds of credit that one token costs; at least one, so that a bucket always empties.
static int64_t token_cost(const struct ratelimit *limit)
{
	int64_t cost = limit->interval / limit->burst;

	return cost > 0 ? cost : 1;
}

/// The credit at `now`, at most that of a full bucket. A clock that goes backwards gives nothing.
static int64_t credit_at(const struct ratelimit *limit, struct mono now)
{
	int64_t full = token_cost(limit) * limit->burst;
	int64_t elapsed = mono_between(limit->updated, now);

	if (elapsed <= 0)
		return limit->credit;
	return elapsed >= full - limit->credit ? full : limit->credit + elapsed;
}

struct ratelimit ratelimit_make(uint32_t burst, int64_t interval)
{
	struct ratelimit limit = { .burst = burst, .interval = interval };

	if (burst != 0)
		limit.credit = token_cost(&limit) * burst;
	return limit;
}

bool ratelimit_take(struct ratelimit *limit, struct mono now)
{
	if (limit->burst == 0)
		return true;
	limit->credit = credit_at(limit, now);
	limit->updated = now;
	if (limit->credit < token_cost(limit)) {
		limit->refused++;
		return false;
	}
	limit->credit -= token_cost(limit);
	return true;
}

uint32_t ratelimit_usage(const struct ratelimit *limit, struct mono now)
{
	if (limit->burst == 0)
		return 0;
	int64_t full = token_cost(limit) * limit->burst;

	return (uint32_t)((full - credit_at(limit, now)) * 100 / full);
}
