// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "hub.h"

#define LEAST_OFFERED 1000
#define MOST_OFFERED  128000 ///< registrations a second

/// All spokes register, once.
static bool measure_cold(struct hub *hub, struct err *err)
{
	struct report *report = &hub->report;
	struct load_result result;

	if (!hub_register_all(hub, &result, err))
		return false;
	report_number(report, "registrations_per_second", hub->options->spokes / result.seconds, 0,
		"registrations/s from cold");
	report_number(report, "cold_cpu_us", hub->cpu_us, 2, "us of processor per cold registration");
	report_number(report, "cold_p50_ms", result.p50_ms, 3, "ms until the answer, median, from cold");
	report_number(
		report, "cold_p99_ms", result.p99_ms, 3, "ms until the answer, 99th percentile, from cold");
	report_number(report, "cold_repeated", (double)result.repeated, 0, "requests repeated from cold");
	return true;
}

static void measure_refresh(struct hub *hub)
{
	struct report *report = &hub->report;
	struct load_result last;
	double rate = hub_rounds(hub, LOAD_REGISTER, &last);

	report_number(report, "refreshes_per_second", rate, 0, "refreshes/s");
	report_number(report, "refresh_cpu_us", hub->cpu_us, 2, "us of processor per refresh");
	report_number(report, "refresh_p50_ms", last.p50_ms, 3, "ms until the answer, median, refreshes");
	report_number(
		report, "refresh_p99_ms", last.p99_ms, 3, "ms until the answer, 99th percentile, refreshes");
}

/// What it keeps of all spokes, which is told for each.
static bool measure_hub(struct hub *hub, struct err *err)
{
	const double spokes = hub->options->spokes;
	uint64_t all = subject_rss(&hub->subject), of_server = subject_rss_of_server(&hub->subject);

	if (!measure_cold(hub, err))
		return false;
	measure_refresh(hub);
	report_number(&hub->report, "rss_bytes_per_spoke",
		((double)subject_rss(&hub->subject) - (double)all) / spokes, 0,
		"bytes of resident memory per spoke");
	if (hub->options->server == SUBJECT_FRR)
		report_number(&hub->report, "nhrpd_rss_bytes_per_spoke",
			((double)subject_rss_of_server(&hub->subject) - (double)of_server) / spokes, 0,
			"of them nhrpd's");
	return true;
}

/// Offers ever more registrations, whether answers come or not, and tells how many are answered.
static void measure_offers(struct hub *hub)
{
	struct load_plan plan = {
		.message = LOAD_REGISTER,
		.count = hub->options->spokes,
		.seconds = hub->options->seconds,
		.impatient = true,
	};
	struct load_result result;
	char key[64], text[80];

	for (unsigned offered = LEAST_OFFERED; offered <= MOST_OFFERED; offered *= 2) {
		plan.rate = offered;
		load_run(hub->load, &plan, &result);
		snprintf(key, sizeof(key), "answered_of_%u", offered);
		snprintf(text, sizeof(text), "answered/s where %u refreshes/s are due", offered);
		report_number(
			&hub->report, key, (double)(result.answered + result.late) / plan.seconds, 0, text);
		snprintf(key, sizeof(key), "sent_of_%u", offered);
		report_number(&hub->report, key, (double)result.sent / plan.seconds, 0, "sent/s");
	}
}

static bool measure(struct hub *hub, struct err *err)
{
	const bool keeps = hub->options->server == SUBJECT_DMVPND || hub->options->server == SUBJECT_FRR;

	if (!subject_prepare(&hub->subject, err) || !subject_start(&hub->subject, err) ||
		!hub_wait_ready(hub, err) || (keeps && !measure_hub(hub, err)))
		return false;
	if (!keeps)
		measure_refresh(hub);
	measure_offers(hub);
	return true;
}

bool bench_rival(const struct bench_options *options, struct err *err)
{
	return hub_bench(options, "One of several servers", measure, err);
}
