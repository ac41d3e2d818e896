// SPDX-License-Identifier: GPL-2.0-or-later
/// The registrations that a server holds, kept in a file so that a restart costs no client its traffic: a
/// spoke that only receives would not notice the restart before its next refresh.
#pragma once

#include <stdbool.h>

#include "base/mono.h"

struct node;
struct registrations;

/// `directory` is the state directory; it may be missing, then nothing is kept.
struct registrations *registrations_open(const char *directory);
/// Gives the core what the file holds and has not expired. The first registration of a client replaces what
/// was restored, from wherever it comes. Logs how many there were.
void registrations_restore(struct registrations *registrations, struct node *node, struct mono now);
/// A client came, moved or went: the file is to be written.
void registrations_changed(struct registrations *registrations);
/// Called every second: writes the file where something changed, and now and then for the times in it.
void registrations_keep(struct registrations *registrations, const struct node *node, struct mono now);
/// Writes the file a last time. NULL does no harm.
void registrations_close(struct registrations *registrations, const struct node *node, struct mono now);
