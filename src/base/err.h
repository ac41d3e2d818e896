// SPDX-License-Identifier: GPL-2.0-or-later
/// Errors as values: a function that can fail returns false (or NULL) and leaves in `struct err` a
/// sentence for a person, which names the thing, the cause and the remedy.
#pragma once

#include <stdbool.h>

#include "base/attr.h"

struct err {
	char text[320];
};

/// Writes the message and returns false, so that `return err_set(err, …)` reads well.
/// `err` may be NULL where the caller does not want the text.
bool err_set(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/// As err_set, followed by ": " and the text of the errno value `code`.
bool err_set_errno(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);
