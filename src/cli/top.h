// SPDX-License-Identifier: GPL-2.0-or-later
/// `top`: a live view of peers, rates and shortcuts on the whole screen.
#pragma once

#include "cli/cli.h"

/// Runs until q is pressed. False and `err` where there is no terminal, or the daemon goes.
bool top_run(struct cli *cli, struct err *err) MUST_CHECK;
