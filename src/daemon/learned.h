// SPDX-License-Identifier: GPL-2.0-or-later
/// What a node learned by resolution, handed from a daemon that ends to its successor: bindings and
/// shortcuts. Their neighbours and routes stay in the kernel meanwhile, and the successor finds them as it
/// wants them.
#pragma once

#include "base/mono.h"

struct node;

/// Writes it to a file in the state directory.
void learned_save(const char *directory, const struct node *node, struct mono now);
/// Gives the core what the file holds and still is true, and removes the file. Links are up and routes known.
void learned_restore(const char *directory, struct node *node, struct mono now);
