// SPDX-License-Identifier: GPL-2.0-or-later
/// Views that come in parts, put together.
#pragma once

#include <jansson.h>

/// Adds a part to the view `*whole` (NULL: it is the first), and takes it.
void merge_part(json_t **whole, json_t *part);
/// Removes the marks of parts from a whole view.
void merge_finish(json_t *whole);
