// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static PRINTF_LIKE(5, 0) void add(struct conf_messages *messages, enum conf_severity severity, unsigned line,
	unsigned column, const char *format, va_list arguments)
{
	struct conf_message message = { .severity = severity, .line = line, .column = column };
	size_t kept_errors = messages->errors < MESSAGE_LIMIT ? messages->errors : MESSAGE_LIMIT;
	size_t kept = severity == CONF_ERROR ? kept_errors : messages->count - kept_errors;

	if (severity == CONF_ERROR)
		messages->errors++;
	if (kept >= MESSAGE_LIMIT)
		return;
	vsnprintf(message.text, sizeof(message.text), format, arguments);
	messages->items = alloc_resize(messages->items, messages->count + 1, sizeof(message));
	messages->items[messages->count++] = message;
}

void message_error(struct conf_messages *messages, unsigned line, unsigned column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(messages, CONF_ERROR, line, column, format, arguments);
	va_end(arguments);
}

void message_warning(struct conf_messages *messages, unsigned line, unsigned column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(messages, CONF_WARNING, line, column, format, arguments);
	va_end(arguments);
}

/// Insertion sort: stable, and nearly all messages come in order already.
void message_sort(struct conf_messages *messages)
{
	for (size_t i = 1; i < messages->count; i++) {
		struct conf_message moved = messages->items[i];
		size_t at = i;

		for (; at > 0 && messages->items[at - 1].line > moved.line; at--)
			messages->items[at] = messages->items[at - 1];
		messages->items[at] = moved;
	}
}

const char *message_quote(const char *word, char buffer[static QUOTE_SIZE])
{
	size_t length = strlen(word);
	size_t shown = length < QUOTE_SIZE ? length : QUOTE_SIZE - 4;

	for (size_t i = 0; i < shown; i++)
		buffer[i] = word[i] >= ' ' && word[i] <= '~' ? word[i] : '?';
	strcpy(buffer + shown, shown < length ? "..." : "");
	return buffer;
}

void conf_messages_free(struct conf_messages *messages)
{
	free(messages->items);
	*messages = (struct conf_messages) { 0 };
}
