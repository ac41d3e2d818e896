// SPDX-License-Identifier: GPL-2.0-or-later
#include "rounds.h"

#include <signal.h>

enum figure {
	ECHO_RATE,
	ECHO_CPU,
	COLD_SECONDS,
	COLD_RATIO,
	COLD_CPU,
	COLD_P99,
	COLD_REPEATED,
	REFRESH_RATE,
	REFRESH_RATIO,
	REFRESH_CPU,
	REFRESH_P50,
	REFRESH_P99,
	FIGURES,
};

static const struct report_figure names[FIGURES] = {
	[ECHO_RATE] = { "echo_per_second", 0, "exchanges/s with a canned echo server" },
	[ECHO_CPU] = { "echo_cpu_us", 2, "us of processor per exchange with it" },
	[COLD_SECONDS] = { "cold_seconds", 4, "s until all are registered from cold" },
	[COLD_RATIO] = { "cold_of_echo", 3, "of the echo server's rate, from cold" },
	[COLD_CPU] = { "cold_cpu_us", 2, "us of processor per cold registration" },
	[COLD_P99] = { "cold_p99_ms", 3, "ms until the answer, 99th percentile, from cold" },
	[COLD_REPEATED] = { "cold_repeated", 0, "requests repeated from cold" },
	[REFRESH_RATE] = { "refreshes_per_second", 0, "refreshes/s" },
	[REFRESH_RATIO] = { "refresh_of_echo", 3, "of the echo server's rate, refreshes" },
	[REFRESH_CPU] = { "refresh_cpu_us", 2, "us of processor per refresh" },
	[REFRESH_P50] = { "refresh_p50_ms", 3, "ms until the answer, median, refreshes" },
	[REFRESH_P99] = { "refresh_p99_ms", 3, "ms until the answer, 99th percentile, refreshes" },
};

struct rounds {
	double values[FIGURES][REPORT_MOST_VALUES];
	unsigned count; ///< of rounds that are complete
};

static void note(struct rounds *rounds, enum figure figure, double value)
{
	rounds->values[figure][rounds->count] = value;
}

static double median(const struct rounds *rounds, enum figure figure)
{
	return report_median(rounds->values[figure], rounds->count);
}

static bool measure_echo(struct hub *hub, struct rounds *rounds, struct err *err)
{
	struct load_result last;
	bool ok;

	hub->subject.kind = SUBJECT_ECHO;
	ok = subject_start(&hub->subject, err) && hub_wait_ready(hub, err);
	if (ok) {
		note(rounds, ECHO_RATE, hub_rounds(hub, LOAD_REGISTER, &last));
		note(rounds, ECHO_CPU, hub->cpu_us);
	}
	subject_stop(&hub->subject, SIGKILL);
	hub->subject.kind = hub->options->server;
	return ok;
}

static bool measure_cold(struct hub *hub, struct rounds *rounds, struct err *err)
{
	const unsigned spokes = hub->options->spokes;
	struct load_result result;

	subject_forget(&hub->subject);
	if (!subject_start(&hub->subject, err) || !hub_wait_ready(hub, err))
		return false;
	hub->rss_before = subject_rss(&hub->subject);
	if (!hub_register_all(hub, &result, err))
		return false;
	note(rounds, COLD_SECONDS, result.seconds);
	note(rounds, COLD_RATIO, spokes / result.seconds / rounds->values[ECHO_RATE][rounds->count]);
	note(rounds, COLD_CPU, hub->cpu_us);
	note(rounds, COLD_P99, result.p99_ms);
	note(rounds, COLD_REPEATED, (double)result.repeated);
	return true;
}

static void measure_refresh(struct hub *hub, struct rounds *rounds)
{
	struct load_result last;
	double rate = hub_rounds(hub, LOAD_REGISTER, &last);

	note(rounds, REFRESH_RATE, rate);
	note(rounds, REFRESH_RATIO, rate / rounds->values[ECHO_RATE][rounds->count]);
	note(rounds, REFRESH_CPU, hub->cpu_us);
	note(rounds, REFRESH_P50, last.p50_ms);
	note(rounds, REFRESH_P99, last.p99_ms);
}

static void tell(struct hub *hub, const struct rounds *rounds, enum figure first, enum figure last)
{
	for (enum figure i = first; i <= last; i++)
		report_number(
			&hub->report, names[i].key, median(rounds, i), names[i].decimals, names[i].text);
}

static void tell_hub(struct hub *hub, const struct rounds *rounds)
{
	const unsigned spokes = hub->options->spokes;
	const double rss = (double)subject_rss(&hub->subject);

	report_number(&hub->report, "registrations_per_second", spokes / median(rounds, COLD_SECONDS), 0,
		"registrations/s from cold");
	tell(hub, rounds, COLD_SECONDS, REFRESH_P99);
	report_number(&hub->report, "rss_bytes", rss, 0, "bytes of resident memory with all spokes");
	report_number(&hub->report, "rss_bytes_per_spoke", (rss - (double)hub->rss_before) / spokes, 0,
		"bytes of resident memory per spoke");
}

bool rounds_measure(struct hub *hub, struct err *err)
{
	const bool with_hub = hub->options->server != SUBJECT_ECHO;
	struct rounds rounds = { 0 };

	for (; rounds.count < hub->options->rounds; rounds.count++) {
		// A hub that ends takes with it what would slow the echo server down: rules, devices,
		// programs.
		subject_stop(&hub->subject, SIGTERM);
		if (!measure_echo(hub, &rounds, err))
			return false;
		if (with_hub && ((rounds.count == 0 && !subject_prepare(&hub->subject, err)) ||
					!measure_cold(hub, &rounds, err)))
			return false;
		if (with_hub)
			measure_refresh(hub, &rounds);
	}
	report_number(&hub->report, "rounds", rounds.count, 0, "rounds, the medians of which are");
	tell(hub, &rounds, ECHO_RATE, ECHO_CPU);
	if (with_hub)
		tell_hub(hub, &rounds);
	hub->echo = median(&rounds, ECHO_RATE);
	hub->refresh = median(&rounds, REFRESH_RATE);
	return true;
}
