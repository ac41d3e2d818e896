// SPDX-License-Identifier: GPL-2.0-or-later
/// The timeline of what happens, as text: the last lines are kept for a failure, all of them can be written.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/mono.h"

struct host;
struct network;

#define TRACE_LINES 400 ///< kept for a failure
#define TRACE_TEXT  200

struct trace {
	bool is_on;              ///< else nothing is noted, which is much faster
	bool keeps;              ///< the last lines, for trace_print()
	FILE *out;               ///< where every line goes; NULL: nowhere
	const struct host *only; ///< lines of this host, and of nobody; NULL: all
	char (*lines)[TRACE_TEXT];
	size_t next;
};

/// A line about the whole network.
void network_note(struct network *network, const char *format, ...) PRINTF_LIKE(2, 3);
/// A line about a host, whose name goes before it.
void host_note(const struct host *host, const char *format, ...) PRINTF_LIKE(2, 3);
/// A line about an NHRP message: who, in which direction, the other side's address, what it says.
void host_note_message(const struct host *host, const char *direction, struct addr other,
	const uint8_t *packet, size_t length);
/// Writes the lines that were kept.
void trace_print(const struct network *network, FILE *out);
struct trace *trace_new(void);
void trace_free(struct trace *trace);
