// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include "bench.h"
#include "hub.h"
#include "load.h"
#include "report.h"

/// Resolutions of one kind: as fast as answers come, all spokes once a round.
static bool measure(struct hub *hub, enum load_message message, const char *key, const char *text,
	const char *percentile_key, const char *percentile_text, struct err *err)
{
	struct load_result last;
	double rate = hub_rounds(hub, message, &last);

	if (last.answered != hub->options->spokes)
		return err_set(err, "%lu of %u resolutions were answered", (unsigned long)last.answered,
			hub->options->spokes);
	report_number(&hub->report, key, rate, 0, text);
	report_number(&hub->report, percentile_key, last.p99_ms, 3, percentile_text);
	return true;
}

static bool measure_all(struct hub *hub, struct err *err)
{
	struct load_result result;

	if (!subject_prepare(&hub->subject, err) || !subject_start(&hub->subject, err) ||
		!hub_wait_ready(hub, err))
		return false;
	hub_rounds(hub, LOAD_REGISTER, &result);
	return measure(hub, LOAD_RESOLVE_HUB, "answered_per_second", "resolutions/s that the hub answers",
		       "answered_p99_ms", "ms until the answer, 99th percentile", err) &&
	       measure(hub, LOAD_RESOLVE_SPOKE, "forwarded_per_second",
		       "resolutions/s that the hub passes on to another spoke", "forwarded_p99_ms",
		       "ms until they are there, 99th percentile", err);
}

bool bench_resolve(const struct bench_options *options, struct err *err)
{
	return hub_bench(options, "Resolutions", measure_all, err);
}
