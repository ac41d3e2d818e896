// SPDX-License-Identifier: GPL-2.0-or-later
/// Which keyword a misspelt word resembles.
#pragma once

#include <stddef.h>

/// The nearest of `count` elements of a syntax that are keywords, by the number of letters to insert, drop,
/// change or swap; NULL where none is near: more than one letter in three is wrong.
const char *nearest_keyword(const char *const *elements, size_t count, const char *word);
