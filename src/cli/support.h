// SPDX-License-Identifier: GPL-2.0-or-later
/// `show tech-support`: everything that a report of a fault needs, without secrets.
#pragma once

#include "cli/cli.h"

/// False and `err` where the daemon does not answer.
bool support_print(struct cli *cli, FILE *out, bool json, struct err *err) MUST_CHECK;
