// SPDX-License-Identifier: GPL-2.0-or-later
/// What the parser has to tell about a file, collected.
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "conf/conf.h"

#define MESSAGE_LIMIT 1000 ///< of each severity that are kept; errors beyond it are still counted
#define QUOTE_SIZE    48   ///< for message_quote()

/// Adds an error; `line` and `column` as in struct conf_message.
void message_error(struct conf_messages *messages, unsigned line, unsigned column, const char *format, ...)
	PRINTF_LIKE(4, 5);
void message_warning(struct conf_messages *messages, unsigned line, unsigned column, const char *format, ...)
	PRINTF_LIKE(4, 5);
/// Puts the messages in order of their lines; those of one line stay in order.
void message_sort(struct conf_messages *messages);
/// A word of the file as it may be shown: cut to a length, without control characters. Returns `buffer`.
const char *message_quote(const char *word, char buffer[static QUOTE_SIZE]);
