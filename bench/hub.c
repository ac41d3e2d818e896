// SPDX-License-Identifier: GPL-2.0-or-later
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hub.h"
#include "rounds.h"

#define LEAST_SECONDS 1.0   ///< rounds of registrations are repeated for so long
#define PATIENCE      60.0  ///< seconds for the first answer
#define COLD_PATIENCE 600.0 ///< seconds for all spokes
#define OVERLOAD      2.0   ///< times the rate that it can do
#define DATA_RATE     2000  ///< packets a second, each twice through the hub's tunnel device
#define MOST_RUNS     10    ///< in which a view must be there
#define LEAST_RATE    100 ///< registrations a second while traffic flows, so that a percentile means something

/// Sends one message of each spoke.
static void run_all(struct hub *hub, enum load_message message, struct load_result *ret)
{
	const struct load_plan plan = {
		.message = message,
		.count = hub->options->spokes,
		.window = hub->options->window,
		.seconds = COLD_PATIENCE,
	};

	load_run(hub->load, &plan, ret);
}

bool hub_register_all(struct hub *hub, struct load_result *ret, struct err *err)
{
	const unsigned spokes = hub->options->spokes;
	double cpu = subject_cpu(&hub->subject);

	run_all(hub, LOAD_REGISTER, ret);
	hub->cpu_us = (subject_cpu(&hub->subject) - cpu) * 1e6 / spokes;
	return ret->answered == spokes ||
	       err_set(err, "%lu of %u spokes were registered in %.0f s, %lu refused",
		       (unsigned long)ret->answered, spokes, COLD_PATIENCE, (unsigned long)ret->refused);
}

double hub_rounds(struct hub *hub, enum load_message message, struct load_result *ret_last)
{
	double seconds = 0, answered = 0, cpu = subject_cpu(&hub->subject);

	do {
		run_all(hub, message, ret_last);
		seconds += ret_last->seconds;
		answered += (double)ret_last->answered;
	} while (seconds < LEAST_SECONDS && ret_last->answered > 0);
	hub->cpu_us = (subject_cpu(&hub->subject) - cpu) * 1e6 / answered;
	return seconds > 0 ? answered / seconds : 0;
}

bool hub_wait_ready(struct hub *hub, struct err *err)
{
	const struct load_plan plan = { .message = LOAD_REGISTER, .count = 1, .window = 1, .seconds = 1 };
	const struct load_plan warm_up = {
		.message = LOAD_REGISTER, .count = 1, .rate = 20000, .seconds = 0.1, .impatient = true
	};
	double start = load_now();
	struct load_result result;

	do {
		load_run(hub->load, &plan, &result);
		if (!subject_is_running(&hub->subject)) {
			subject_print_log(&hub->subject);
			return err_set(err, "the hub ended; see the end of its log above");
		}
	} while (result.answered == 0 && load_now() - start < PATIENCE);
	// Once every buffer has been used, what grows from here on is the spokes'.
	if (result.answered) {
		load_run(hub->load, &warm_up, &result);
		return true;
	}
	subject_print_log(&hub->subject);
	return err_set(err, "the hub answered no registration in %.0f s", PATIENCE);
}

/* The phases */

/// Refreshes at the rate that the holding time asks for, and nothing else.
static void measure_steady(struct hub *hub)
{
	const struct bench_options *options = hub->options;
	const struct load_plan plan = {
		.message = LOAD_REGISTER,
		.count = options->spokes,
		.rate = options->spokes / (options->holding_time / 3.0),
		.seconds = options->seconds,
	};
	double cpu = subject_cpu(&hub->subject);
	struct load_result result;

	load_run(hub->load, &plan, &result);
	cpu = subject_cpu(&hub->subject) - cpu;
	report_number(&hub->report, "steady_cpu_percent", cpu * 100 / options->seconds, 2,
		"% of a processor in steady state");
}

static void measure_traffic(struct hub *hub)
{
	const struct bench_options *options = hub->options;
	const struct load_plan plan = {
		.message = LOAD_REGISTER,
		.count = options->spokes,
		.rate = fmax(options->spokes / (options->holding_time / 3.0), LEAST_RATE),
		.seconds = options->seconds,
		.data_rate = DATA_RATE,
	};
	struct load_result result;

	load_run(hub->load, &plan, &result);
	report_number(
		&hub->report, "reply_p50_ms", result.p50_ms, 3, "ms until the answer, median, with traffic");
	report_number(&hub->report, "reply_p99_ms", result.p99_ms, 3,
		"ms until the answer, 99th percentile, with traffic");
	report_number(&hub->report, "data_packets", (double)result.data_sent, 0,
		"data packets sent from spoke to spoke");
	report_number(&hub->report, "data_lost", (double)result.data_sent - (double)result.data_received, 0,
		"of them lost");
}

/// Offers twice what it can do.
static void measure_overload(struct hub *hub)
{
	const struct load_plan plan = {
		.message = LOAD_REGISTER,
		.count = hub->options->spokes,
		.rate = OVERLOAD * hub->refresh,
		.seconds = hub->options->seconds,
		.impatient = true,
	};
	struct load_result result;

	load_run(hub->load, &plan, &result);
	report_number(&hub->report, "overload_offered_per_second", (double)result.sent / plan.seconds, 0,
		"refreshes/s offered: too many");
	report_number(&hub->report, "overload_per_second",
		(double)(result.answered + result.late) / plan.seconds, 0, "of them answered");
}

/// Asks for everything, over and over, in a process of its own; tells how long one answer took.
static pid_t ask_meanwhile(const struct subject *subject, int out, struct err *err)
{
	pid_t child = world_fork(NULL, err);
	double start, longest = 0;

	if (child != 0)
		return child;
	for (;;) {
		start = load_now();
		if (subject_ask_length(subject, "show ip nhrp") == 0)
			longest = NAN;
		longest = fmax(longest, load_now() - start);
		if (write(out, &longest, sizeof(longest)) != sizeof(longest))
			_exit(EXIT_FAILURE);
	}
}

static bool measure_show(struct hub *hub, struct err *err)
{
	const struct bench_options *options = hub->options;
	const struct load_plan plan = {
		.message = LOAD_REGISTER,
		.count = options->spokes,
		.rate = fmax(options->spokes / (options->holding_time / 3.0), LEAST_RATE),
		.seconds = options->seconds,
	};
	struct pollfd told = { .events = POLLIN };
	double longest = NAN, one;
	struct load_result result;
	unsigned runs = 0;
	int ends[2];
	pid_t child;

	if (pipe(ends) < 0)
		return err_set(err, "cannot make a pipe");
	child = ask_meanwhile(&hub->subject, ends[1], err);
	close(ends[1]);
	told.fd = ends[0];
	if (child < 0)
		return false;
	// Beside others, one answer may take longer than all of that.
	do
		load_run(hub->load, &plan, &result);
	while (poll(&told, 1, 0) == 0 && ++runs < MOST_RUNS);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(ends[0], &one, sizeof(one)) == sizeof(one))
		longest = one;
	close(ends[0]);
	report_number(&hub->report, "show_seconds", longest, 3, "s for `show ip nhrp`, the longest");
	report_number(&hub->report, "show_reply_p50_ms", result.p50_ms, 3,
		"ms until the answer, median, while it is asked over and over");
	report_number(&hub->report, "show_reply_p99_ms", result.p99_ms, 3,
		"ms until the answer, 99th percentile, while it is asked over and over");
	report_number(&hub->report, "show_reply_max_ms", result.max_ms, 3, "ms, the longest");
	return true;
}

/// The hub is killed; the spokes register until they are all back.
static bool measure_restart(struct hub *hub, struct err *err)
{
	double start = load_now();
	struct load_result result;

	subject_stop(&hub->subject, SIGKILL);
	if (!subject_start(&hub->subject, err))
		return false;
	run_all(hub, LOAD_REGISTER, &result);
	report_number(&hub->report, "restart_seconds",
		result.answered == hub->options->spokes ? load_now() - start : NAN, 3,
		"s until all are back after the hub was killed and started");
	return true;
}

static bool measure(struct hub *hub, struct err *err)
{
	const bool ours = hub->options->server == SUBJECT_DMVPND;

	if (!rounds_measure(hub, err))
		return false;
	if (hub->options->server == SUBJECT_ECHO)
		return true;
	measure_steady(hub);
	measure_traffic(hub);
	measure_overload(hub);
	return (!ours || measure_show(hub, err)) && measure_restart(hub, err);
}

bool hub_bench(const struct bench_options *options, const char *title,
	bool (*work)(struct hub *hub, struct err *err), struct err *err)
{
	struct hub hub = { .options = options };
	bool ok;

	if (!world_open(&hub.world, err))
		return false;
	hub.subject = (struct subject) {
		.kind = options->server,
		.name = "hub",
		.link = options->link,
		.frr = options->frr,
		.world = &hub.world,
		.node = world_add(&hub.world, err),
	};
	hub.report = report_begin(title, options->json);
	report_number(&hub.report, "spokes", options->spokes, 0, "spokes");
	ok = hub.subject.node && subject_wire(hub.subject.node, err) &&
	     (hub.load = load_open(options->spokes, options->holding_time, err)) != NULL;
	if (ok) {
		load_set_repeat(hub.load, options->repeat);
		ok = work(&hub, err);
	}
	report_end(&hub.report);
	subject_stop(&hub.subject, SIGTERM);
	load_close(hub.load);
	world_close(&hub.world);
	return ok;
}

bool bench_hub(const struct bench_options *options, struct err *err)
{
	return hub_bench(options, "A hub with many spokes", measure, err);
}
