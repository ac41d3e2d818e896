// SPDX-License-Identifier: GPL-2.0-or-later
/// Network namespaces of a test's own, and an event loop that runs until something is true.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct uv_loop_s;

#define NETNS_DEADLINE 10000 ///< ms that anything may take on a busy machine

/// Enters a new namespace with `lo` up, where the process may do everything, as root or (in a user
/// namespace) as anybody.
void netns_enter(void);
/// Makes another one and returns its file descriptor; the process stays where it is.
int netns_new(void);
/// The namespace that the process is in.
int netns_current(void);
void netns_use(int netns);
/// Runs a shell command; the test fails where it does.
void netns_run(const char *format, ...) PRINTF_LIKE(1, 2);
/// Whether the shell command succeeds.
bool netns_try(const char *format, ...) PRINTF_LIKE(1, 2);
/// Runs a shell command and returns the start of what it wrote; valid until the next call.
const char *netns_read(const char *format, ...) PRINTF_LIKE(1, 2);
/// Runs the loop until `done` tells true; the test fails at the deadline.
void netns_wait(struct uv_loop_s *loop, bool (*done)(void *context), void *context);
/// Runs the loop until nothing in it is left, which closing handles need.
void netns_finish(struct uv_loop_s *loop);
