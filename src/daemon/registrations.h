// SPDX-License-Identifier: GPL-2.0-or-later
/// The registrations that a server holds, kept in a file so that a restart costs no client its traffic: a
/// spoke that only receives would not notice the restart before its next refresh.
#pragma once

#include <stdbool.h>

#include "base/mono.h"

struct node;
struct registrations;
struct uv_loop_s;

/// `directory` is the state directory; it may be missing, then nothing is kept.
struct registrations *registrations_open(const char *directory, struct uv_loop_s *loop);
/// Gives the core what the file holds and has not expired. The first registration of a client replaces what
/// was restored, from wherever it comes. Logs how many there were.
void registrations_restore(struct registrations *registrations, struct node *node, struct mono now);
/// Called every second: begins to write the file where clients came, moved or went, and now and then for the
/// times in it; the loop then does so little by little. Many clients are written less often: a second's pause
/// for every ten thousand. `node` is borrowed until the close.
void registrations_keep(struct registrations *registrations, struct node *node, struct mono now);
/// Writes the file a last time; frees when the loop next runs. NULL does no harm.
void registrations_close(struct registrations *registrations, struct node *node, struct mono now);
