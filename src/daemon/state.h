// SPDX-License-Identifier: GPL-2.0-or-later
/// What survives a restart: the request ID (RFC 2332 section 5.2.3 wants it in non-volatile memory). IDs are
/// reserved in blocks, so that a crash costs numbers and no writes.
#pragma once

#include <stdint.h>

struct state;

/// The path of a file in a state directory; the caller frees it.
char *state_path(const char *directory, const char *name);

/// Reads the directory, which is made where it is missing, and reserves a block. Where that is not possible
/// it warns and starts from the clock, which is beyond what an earlier run used.
struct state *state_open(const char *directory);
/// The first request ID to use.
uint32_t state_request_id(const struct state *state);
/// Reserves more where `next` nears the end of the block.
void state_keep(struct state *state, uint32_t next);
/// Writes the exact number and frees. NULL does no harm.
void state_close(struct state *state, uint32_t next);
