// SPDX-License-Identifier: GPL-2.0-or-later
/// Canonical output.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"

/// Writes the block of tunnel `index`.
void print_tunnel(FILE *out, const struct config *config, size_t index, bool hide_secrets);
