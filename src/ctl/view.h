// SPDX-License-Identifier: GPL-2.0-or-later
/// Values of views, for those who make views.
#pragma once

#include <jansson.h>

#include "base/addr.h"
#include "base/mono.h"

/// The text of an address; null where there is none.
json_t *view_addr(struct addr addr);
json_t *view_prefix(struct prefix prefix);
/// A string; bytes that are no UTF-8 become '?'. NULL is null.
json_t *view_text(const char *text);
/// Whole seconds since `since`; null where that is MONO_NEVER.
json_t *view_age(struct mono since, struct mono now);
/// Whole seconds until `until`, rounded up; null where that is MONO_NEVER.
json_t *view_left(struct mono until, struct mono now);
json_t *view_count(uint64_t count);
