// SPDX-License-Identifier: GPL-2.0-or-later
/// The log of the daemon and its helpers: lines on stderr, as a service manager wants them. The libraries
/// base, wire and core never log; they return errors and events.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum log_level {
	LOG_LEVEL_ERROR,   ///< something does not work and stays so until somebody acts
	LOG_LEVEL_WARNING, ///< something is wrong and we go on
	LOG_LEVEL_NOTICE,  ///< normal, and an operator wants to know: peers and servers that come and go
	LOG_LEVEL_INFO,    ///< what happens, at a rate that a person can follow
	LOG_LEVEL_DEBUG,   ///< every packet
};

/// Lines above this level are not written. The start value is LOG_LEVEL_INFO.
void log_set_level(enum log_level level);
/// Would a line of this level be written? To spare work for one that is not.
bool log_is_on(enum log_level level);
/// "error", "warning", "notice", "info", "debug".
bool log_level_parse(const char *text, enum log_level *ret) MUST_CHECK;
const char *log_level_name(enum log_level level);
/// Writes one line; control characters in the text are replaced.
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/// A fact of a line, for who reads it by a program. The name is in lower case.
struct log_field {
	const char *name;
	const char *value;
};

#define LOG_FIELDS_MAX 8

/// The same with fields, up to LOG_FIELDS_MAX; the text is whole without them.
void log_line_with(enum log_level level, const struct log_field *fields, size_t count, const char *format,
	...) PRINTF_LIKE(4, 5);

struct log_record {
	enum log_level level;
	const char *time; ///< 2026-01-31T12:00:00.000Z
	const char *text;
	const struct log_field *fields;
	size_t field_count;
};

/// Writes "<time> <level> <text>" on stderr: so it is done at first.
void log_write_text(const struct log_record *record);
/// Has lines written another way. The writer is called by every thread that logs.
void log_set_writer(void (*writer)(const struct log_record *record));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
