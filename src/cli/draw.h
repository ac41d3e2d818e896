// SPDX-License-Identifier: GPL-2.0-or-later
/// The forms of a topology (dmvpn/topology/1).
#pragma once

#include <stdio.h>

#include <jansson.h>

/// As a tree of lines.
void draw_text(FILE *out, const json_t *topology);
/// As a graph for Graphviz.
void draw_dot(FILE *out, const json_t *topology);
/// As a picture: this node in the middle, its peers around it. Of very many peers only the first are drawn.
void draw_svg(FILE *out, const json_t *topology);
