// SPDX-License-Identifier: GPL-2.0-or-later
/// What the process gives up once it runs: system calls that it never makes, and that whoever took it over
/// would want.
#pragma once

#include <stdbool.h>

#include "base/err.h"

/// Puts the filter in place, for this process and all that it starts (hooks).
bool sandbox_enter(struct err *err) MUST_CHECK;
