// SPDX-License-Identifier: GPL-2.0-or-later
/// What the program prints. On stdout is only what the seed decides, so that two runs can be compared; what a
/// run took of time and memory is on stderr.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct play;
struct scenario;
struct swarm_figures;

/// The result of a run.
void report_play(const struct play *play, const char *name, bool json, FILE *out);
/// Of a run that broke something: its last lines, and how to see more.
void report_failure(const struct scenario *scenario, const char *name, FILE *out);
void report_swarm(const struct swarm_figures *figures, bool json, FILE *out);
/// What the process took, after `seconds` of real time.
void report_cost(const struct play *play, double seconds, FILE *out);
/// Statements, invariants and the scenarios of a folder.
void report_list(const char *folder, FILE *out);
