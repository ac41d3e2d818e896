// SPDX-License-Identifier: GPL-2.0-or-later
//
// A hub with a password, its spokes, and an attacker. What the spokes notice of him is compared with what
// they saw before, and with what they notice of the same attack on two echo servers: one that answers
// everybody, and one whose socket takes nothing of strangers, the best that anybody could do on this machine.
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attacker.h"
#include "hub.h"

#define PASSWORD "bench"
#define RATE     500.0 ///< refreshes a second of all spokes together
#define PATIENCE 10.0  ///< seconds for the attacker to begin

static const struct nhrp_auth_key password = {
	.kind = NHRP_AUTH_CLEARTEXT, .length = sizeof(PASSWORD) - 1, .key = PASSWORD
};

enum figure {
	CALM_P50,
	CALM_P99,
	HOSTILE_RATE,
	HOSTILE_P50,
	HOSTILE_P99,
	SLOWDOWN_P50,
	SLOWDOWN_P99,
	FIGURES,
};

static const struct report_figure names[FIGURES] = {
	[CALM_P50] = { "calm_p50_ms", 3, "ms until a spoke's answer, median, in peace" },
	[CALM_P99] = { "calm_p99_ms", 3, "ms, 99th percentile" },
	[HOSTILE_RATE] = { "hostile_per_second", 0, "hostile packets/s" },
	[HOSTILE_P50] = { "hostile_p50_ms", 3, "ms until a spoke's answer, median, meanwhile" },
	[HOSTILE_P99] = { "hostile_p99_ms", 3, "ms, 99th percentile" },
	[SLOWDOWN_P50] = { "hostile_slowdown", 2, "times the usual median" },
	[SLOWDOWN_P99] = { "hostile_slowdown_p99", 2, "times the usual 99th percentile" },
};

/// Who is attacked.
static const struct victim {
	enum subject_kind kind;
	const char *prefix; ///< of the keys
	const char *title;
} victims[] = {
	{ SUBJECT_ECHO, "echo_", "an echo server that answers everybody:" },
	{ SUBJECT_ECHO_FILTERED, "floor_", "one whose socket takes nothing of strangers:" },
	{ SUBJECT_DMVPND, "", "the hub:" },
};

#define VICTIMS ARRAY_SIZE(victims)

struct measurement {
	struct hub *hub;
	_Atomic(uint64_t) *sent;
	cpu_set_t hubs_processors;
	double values[VICTIMS][FIGURES][REPORT_MOST_VALUES];
	unsigned round;
	uint64_t repeated, unanswered; ///< of requests to the hub
	uint64_t kept;                 ///< addresses, in the worst round
	double rss_growth;             ///< bytes, in the worst round
};

static struct load_plan refreshes(const struct hub *hub)
{
	return (struct load_plan) {
		.message = LOAD_REGISTER,
		.count = hub->options->spokes,
		.rate = RATE,
		.seconds = hub->options->seconds,
	};
}

/// What the hub counted as refused, by cause.
static void report_refusals(struct hub *hub)
{
	json_t *traffic = subject_ask(&hub->subject, "show ip nhrp traffic");
	const json_t *interface = json_array_get(json_object_get(traffic, "interfaces"), 0);
	json_t *refused = json_object_get(interface, "refused"), *count;
	const char *cause;

	json_object_foreach(refused, cause, count)
	{
		char key[64], text[96];

		snprintf(key, sizeof(key), "refused_%s", cause);
		snprintf(text, sizeof(text), "packets refused: %s", cause);
		if (json_integer_value(count) > 0)
			report_number(&hub->report, key, (double)json_integer_value(count), 0, text);
	}
	report_number(&hub->report, "registrations_refused",
		(double)json_integer_value(json_object_get(interface, "registrations_refused")), 0,
		"registrations refused: the address is another's");
	report_number(&hub->report, "refused_senders",
		(double)json_array_size(json_object_get(interface, "refused_from")), 0,
		"senders, from whom the most was refused, are told");
	json_decref(traffic);
}

static bool attack(struct measurement *m, double values[FIGURES][REPORT_MOST_VALUES], struct load_result *ret,
	struct err *err)
{
	struct hub *hub = m->hub;
	const struct load_plan plan = refreshes(hub);
	const struct attacker attacker = {
		.spokes = hub->options->spokes,
		.rate = hub->options->flood,
		.password = &password,
		.sent = m->sent,
	};
	uint64_t before;
	double start;
	pid_t child;

	*m->sent = 0;
	child = attacker_start(&attacker, err);
	if (child < 0)
		return false;
	for (start = load_now(); *m->sent == 0 && load_now() < start + PATIENCE;)
		poll(NULL, 0, 1);
	before = *m->sent;
	start = load_now();
	load_run(hub->load, &plan, ret);
	values[HOSTILE_RATE][m->round] = (double)(*m->sent - before) / (load_now() - start);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	values[HOSTILE_P50][m->round] = ret->p50_ms;
	values[HOSTILE_P99][m->round] = ret->p99_ms;
	return true;
}

/// What only the hub has.
static void look_at_hub(struct measurement *m, uint64_t rss, const struct load_result *attacked)
{
	struct hub *hub = m->hub;
	struct load_result last;

	m->repeated += attacked->repeated;
	m->unanswered += attacked->lost;
	m->rss_growth = fmax(m->rss_growth, (double)subject_rss(&hub->subject) - (double)rss);
	hub_rounds(hub, LOAD_REGISTER, &last);
	m->kept = m->round == 0 || last.answered < m->kept ? last.answered : m->kept;
}

static bool measure_victim(struct measurement *m, size_t index, struct err *err)
{
	double(*values)[REPORT_MOST_VALUES] = m->values[index];
	struct hub *hub = m->hub;
	const struct load_plan plan = refreshes(hub);
	struct load_result calm, attacked;
	uint64_t rss;

	subject_stop(&hub->subject, SIGTERM);
	hub->subject.kind = victims[index].kind;
	subject_forget(&hub->subject);
	if ((m->round == 0 && !subject_prepare(&hub->subject, err)) || !subject_start(&hub->subject, err) ||
		!hub_wait_ready(hub, err))
		return false;
	hub_rounds(hub, LOAD_REGISTER, &calm);
	load_run(hub->load, &plan, &calm);
	values[CALM_P50][m->round] = calm.p50_ms;
	values[CALM_P99][m->round] = calm.p99_ms;
	rss = subject_rss(&hub->subject);
	if (!attack(m, values, &attacked, err))
		return false;
	values[SLOWDOWN_P50][m->round] = attacked.p50_ms / calm.p50_ms;
	values[SLOWDOWN_P99][m->round] = attacked.p99_ms / calm.p99_ms;
	if (victims[index].kind == SUBJECT_DMVPND)
		look_at_hub(m, rss, &attacked);
	return true;
}

static void report(struct measurement *m)
{
	struct report *report = &m->hub->report;

	report_number(report, "rounds", m->round, 0, "rounds, the medians of which are");
	for (size_t i = 0; i < VICTIMS; i++) {
		report_title(report, victims[i].title);
		for (enum figure j = 0; j < FIGURES; j++) {
			char key[64];

			snprintf(key, sizeof(key), "%s%s", victims[i].prefix, names[j].key);
			report_number(report, key, report_median(m->values[i][j], m->round),
				names[j].decimals, names[j].text);
		}
	}
	report_number(report, "hostile_repeated", (double)m->repeated, 0, "requests that had to be repeated");
	report_number(report, "hostile_unanswered", (double)m->unanswered, 0, "requests given up");
	report_number(report, "rss_growth_bytes", m->rss_growth, 0, "bytes that the hub's memory grew by");
	report_number(report, "bindings_kept", (double)m->kept, 0, "spokes whose address is still theirs");
	report_refusals(m->hub);
}

/// Attacker and spokes have machines of their own: here one processor is theirs, the others are the hub's.
static bool divide_processors(struct measurement *m, struct err *err)
{
	const struct sched_param priority = { .sched_priority = 1 };
	cpu_set_t ours;
	int last = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(m->hubs_processors), &m->hubs_processors) < 0)
		return err_set_errno(err, errno, "cannot find out about processors");
	while (last > 0 && !CPU_ISSET(last - 1, &m->hubs_processors))
		last--;
	CPU_ZERO(&ours);
	CPU_SET(last - 1, &ours);
	if (CPU_COUNT(&m->hubs_processors) > 1) {
		CPU_CLR(last - 1, &m->hubs_processors);
		m->hub->subject.processors = &m->hubs_processors;
		if (sched_setaffinity(0, sizeof(ours), &ours) < 0)
			return err_set_errno(err, errno, "cannot choose a processor");
	}
	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0 ||
	       err_set_errno(err, errno, "cannot give the spokes priority");
}

static bool measure(struct hub *hub, struct err *err)
{
	static struct measurement m;
	void *page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return err_set(err, "out of memory");
	m.hub = hub;
	m.sent = page;
	load_authenticate(hub->load, &password);
	load_claim(hub->load);
	hub->subject.config = subject_guarded_config;
	if (!divide_processors(&m, err))
		return false;
	for (; m.round < hub->options->rounds; m.round++)
		for (size_t i = 0; i < VICTIMS; i++)
			if (!measure_victim(&m, i, err))
				return false;
	report(&m);
	munmap(page, sizeof(uint64_t));
	return true;
}

bool bench_hostile(const struct bench_options *options, struct err *err)
{
	return hub_bench(options, "A hub under attack", measure, err);
}
