// SPDX-License-Identifier: GPL-2.0-or-later
/// A picture of the network at a moment, in the language of Graphviz.
#pragma once

#include <stdio.h>

struct network;

/// Hosts as boxes, registrations grey, bindings dashed, shortcuts bold, with what the underlay does to them.
void dot_write(const struct network *network, FILE *out);
