// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/// The text is made in a buffer of its own, so that the old text may be one of the arguments.
static void format_text(struct err *err, const char *format, va_list arguments)
{
	struct err made = { "" };

	vsnprintf(made.text, sizeof(made.text), format, arguments);
	*err = made;
}

bool err_set(struct err *err, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return false;
	va_start(arguments, format);
	format_text(err, format, arguments);
	va_end(arguments);
	return false;
}

bool err_set_errno(struct err *err, int code, const char *format, ...)
{
	va_list arguments;
	char reason[128];

	if (!err)
		return false;
	va_start(arguments, format);
	format_text(err, format, arguments);
	va_end(arguments);
	size_t length = strlen(err->text);
	snprintf(err->text + length, sizeof(err->text) - length, ": %s",
		strerror_r(code, reason, sizeof(reason)));
	return false;
}
