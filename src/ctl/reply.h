// SPDX-License-Identifier: GPL-2.0-or-later
/// Making replies; commands.h says what becomes of them.
#pragma once

#include <jansson.h>

struct reply;
struct view;

/// A reply with this data, which it takes; `name` is that of the text layout.
struct reply *reply_data(const char *name, json_t *data);
/// A reply made part by part; takes the view.
struct reply *reply_view(const char *name, struct view *view);
