// SPDX-License-Identifier: GPL-2.0-or-later
//
// A hub with a password, its spokes, and somebody who sends as much as the machine can: forged, replayed and
// mutated registrations, resolutions without the password, and a spoke with the password that registers from
// ever new addresses. What the spokes notice of it is compared with what they saw before.
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "frame.h"
#include "hub.h"

#define PASSWORD   "bench"
#define RATE       500.0       ///< refreshes a second of all spokes together
#define STRANGERS  0x0a800000u ///< 10.128.0.0/9: underlay addresses of nobody
#define STRANGER_M 0x007fffffu
#define SEED       1

enum weapon {
	FORGED,   ///< a registration without the password, for anybody's address
	REPLAYED, ///< a spoke's own, from elsewhere
	MUTATED,  ///< a spoke's own, with a byte changed
	FLOOD,    ///< a resolution without the password
	NOMAD,    ///< a spoke with the password which registers from ever new addresses
	WEAPONS,
};

static const struct nhrp_auth_key password = {
	.kind = NHRP_AUTH_CLEARTEXT, .length = sizeof(PASSWORD) - 1, .key = PASSWORD
};

/* The attacker */

static void make_message(struct rng *rng, unsigned spoke, enum weapon weapon, struct nhrp_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = weapon == FLOOD ? NHRP_RESOLUTION_REQUEST : NHRP_REGISTRATION_REQUEST;
	msg->flags = weapon == NOMAD || weapon == FLOOD ? 0 : NHRP_FLAG_REG_UNIQUE;
	msg->hop_count = NHRP_DEFAULT_HOP_COUNT;
	msg->protocol_family = ADDR_IPV4;
	msg->request_id = rng_next(rng);
	msg->src_nbma = load_nbma(spoke);
	msg->src_protocol = load_tunnel(spoke);
	msg->dst_protocol =
		weapon == FLOOD ? load_tunnel(rng_below(rng, LOAD_MAX)) : addr_from_ipv4(LOAD_HUB_TUNNEL);
	msg->cie_count = 1;
	msg->cies[0] = (struct nhrp_cie) { .prefix_length = 0xff, .mtu = 1400, .holding_time = 600 };
}

/// Writes one hostile frame; returns its length.
static size_t make_frame(struct rng *rng, unsigned spokes, uint8_t frame[static FRAME_SIZE])
{
	const enum weapon weapon = (enum weapon)rng_below(rng, WEAPONS);
	const unsigned victim = rng_below(rng, spokes);
	uint32_t from = STRANGERS + (rng_next(rng) & STRANGER_M);
	struct nhrp_msg msg;
	size_t length;

	make_message(rng, weapon == NOMAD ? spokes : victim, weapon, &msg);
	if (weapon == NOMAD)
		msg.src_nbma = addr_from_ipv4(from);
	if (weapon == MUTATED)
		from = addr_to_ipv4(msg.src_nbma);
	length = frame_write_nhrp(frame, from, &msg, weapon == FORGED || weapon == FLOOD ? NULL : &password);
	if (weapon == MUTATED)
		frame[length - 1 - rng_below(rng, 60)] ^= (uint8_t)(1 + rng_below(rng, 255));
	return length;
}

/// Sends until it is killed; `*ret_sent` is shared with us.
static pid_t attack(unsigned spokes, _Atomic(uint64_t) *ret_sent, struct err *err)
{
	pid_t child = world_fork(NULL, err);
	struct load *load;
	struct rng rng;

	if (child != 0)
		return child;
	// A real attacker has a machine of his own: this one has what the hub and the spokes leave over.
	if (sched_setscheduler(0, SCHED_IDLE, &(struct sched_param) { 0 }) < 0)
		_exit(EXIT_FAILURE);
	rng_seed(&rng, SEED);
	load = load_open(1, 600, err);
	while (load) {
		uint8_t *frame = load_next_frame(load);

		load_queue(load, make_frame(&rng, spokes, frame));
		++*ret_sent;
	}
	_exit(EXIT_FAILURE);
}

/* The measurement */

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

static bool measure_attack(struct hub *hub, const struct load_result *calm, struct err *err)
{
	void *page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	_Atomic(uint64_t) *sent = page;
	const struct load_plan plan = refreshes(hub);
	struct load_result result;
	pid_t child;

	if (page == MAP_FAILED)
		return err_set(err, "out of memory");
	child = attack(hub->options->spokes, sent, err);
	if (child < 0)
		return false;
	load_run(hub->load, &plan, &result);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	report_number(
		&hub->report, "hostile_per_second", (double)*sent / plan.seconds, 0, "hostile packets/s");
	report_number(&hub->report, "hostile_p50_ms", result.p50_ms, 3,
		"ms until a spoke's answer, median, meanwhile");
	report_number(&hub->report, "hostile_p99_ms", result.p99_ms, 3, "ms, 99th percentile");
	report_number(
		&hub->report, "hostile_slowdown", result.p50_ms / calm->p50_ms, 2, "times the usual median");
	report_number(&hub->report, "hostile_slowdown_p99", result.p99_ms / calm->p99_ms, 2,
		"times the usual 99th percentile");
	report_number(&hub->report, "hostile_repeated", (double)result.repeated, 0,
		"requests that had to be repeated");
	report_number(&hub->report, "hostile_unanswered", (double)result.lost, 0, "requests given up");
	munmap(page, sizeof(uint64_t));
	return true;
}

static bool measure(struct hub *hub, struct err *err)
{
	const struct load_plan plan = refreshes(hub);
	struct load_result calm, last;
	uint64_t rss;

	// The spokes have machines of their own, too.
	if (sched_setscheduler(
		    0, SCHED_FIFO | SCHED_RESET_ON_FORK, &(struct sched_param) { .sched_priority = 1 }) < 0)
		return err_set_errno(err, errno, "cannot give the spokes priority");
	load_authenticate(hub->load, &password);
	load_claim(hub->load);
	hub->subject.config = subject_guarded_config;
	if (!subject_prepare(&hub->subject, err) || !subject_start(&hub->subject, err) ||
		!hub_wait_ready(hub, err))
		return false;
	hub_rounds(hub, LOAD_REGISTER, &last);
	load_run(hub->load, &plan, &calm);
	report_number(
		&hub->report, "calm_p50_ms", calm.p50_ms, 3, "ms until a spoke's answer, median, in peace");
	report_number(&hub->report, "calm_p99_ms", calm.p99_ms, 3, "ms, 99th percentile");
	rss = subject_rss(&hub->subject);
	if (!measure_attack(hub, &calm, err))
		return false;
	report_number(&hub->report, "rss_growth_bytes", (double)subject_rss(&hub->subject) - (double)rss, 0,
		"bytes that the hub's memory grew by");
	hub_rounds(hub, LOAD_REGISTER, &last);
	report_number(&hub->report, "bindings_kept", (double)last.answered, 0,
		"spokes whose address is still theirs");
	report_refusals(hub);
	return true;
}

bool bench_hostile(const struct bench_options *options, struct err *err)
{
	return hub_bench(options, "A hub under attack", measure, err);
}
