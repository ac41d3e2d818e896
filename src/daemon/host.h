// SPDX-License-Identifier: GPL-2.0-or-later
/// The host around the daemon: what its kernel tells goes to the core with the time, and what the core wants
/// of the kernel is applied, taken over from an earlier run, and taken back.
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

struct daemon;

/// Opens the sockets of the kernel and reads what they tell now: routes, devices, addresses. What is open
/// stays so after an error; daemon_run() closes it.
bool host_open(struct daemon *daemon, struct err *err) MUST_CHECK;
/// Compares what the kernel holds with what is wanted now, and says what an earlier run left.
void host_take_stock(struct daemon *daemon);
/// Removes from the kernel what we made.
void host_withdraw(struct daemon *daemon);
