// SPDX-License-Identifier: GPL-2.0-or-later
/// What is measured: a hub in its namespace at the other end of the load's wire.
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"

struct world;
struct world_node;

enum subject_kind {
	SUBJECT_DMVPND,
	SUBJECT_FRR,  ///< nhrpd and zebra, and mgmtd where that version has it
	SUBJECT_ECHO, ///< turns each registration into an answer and keeps nothing: the machine's ceiling
	SUBJECT_ECHO_SINGLE,   ///< the same, one packet at a time
	SUBJECT_ECHO_FILTERED, ///< the same in batches, to the load's spokes only: others' packets are
			       ///< dropped early
};

struct subject {
	enum subject_kind kind;
	const char *name;            ///< of its files
	const char *link;            ///< dmvpnd: `tunnel link`
	bool one_by_one;             ///< dmvpnd: its threads make no batches
	const char *frr;             ///< FRR: the folder of its programs
	const cpu_set_t *processors; ///< NULL: those that we are on
	const char *config;          ///< dmvpnd: instead of the hub's, without the lines that all have
	const struct world *world;
	const struct world_node *node;
	pid_t processes[3]; ///< the one that answers last
	unsigned count;
};

/// For subject.config: a hub for many spokes, and one with a password.
extern const char subject_hub_config[], subject_guarded_config[];

/// "dmvpnd", "frr", "echo", "echo-single", "echo-filtered"; false for any other name.
bool subject_parse(const char *name, enum subject_kind *ret) MUST_CHECK;
/// Makes the wire between the load and the node, once for all subjects in it.
bool subject_wire(const struct world_node *node, struct err *err) MUST_CHECK;
/// What the subject needs before it can start: configuration, devices.
bool subject_prepare(struct subject *subject, struct err *err) MUST_CHECK;
/// dmvpnd: it knows none of its clients when it starts next.
void subject_forget(const struct subject *subject);
bool subject_start(struct subject *subject, struct err *err) MUST_CHECK;
/// Sends the signal and waits for the end. No harm where it does not run.
void subject_stop(struct subject *subject, int signal);
bool subject_is_running(struct subject *subject);
/// Resident memory of all its processes, bytes.
uint64_t subject_rss(const struct subject *subject);
/// Of the one that answers: FRR's nhrpd without zebra.
uint64_t subject_rss_of_server(const struct subject *subject);
/// Processor time, seconds.
double subject_cpu(const struct subject *subject);
/// The "data" of dmvpnd's answer to a command (of its first part where it is long), its words separated by
/// blanks; NULL where there is none.
json_t *subject_ask(const struct subject *subject, const char *command) MUST_CHECK;
/// The same without keeping the answer: returns its length in bytes, 0 where there is none.
size_t subject_ask_length(const struct subject *subject, const char *command);
/// The end of the subject's log, for an error message.
void subject_print_log(const struct subject *subject);
