// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static enum log_level highest_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	highest_level = level;
}

bool log_is_on(enum log_level level)
{
	return level <= highest_level;
}

bool log_level_parse(const char *text, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return (size_t)level < ARRAY_SIZE(level_names) ? level_names[level] : "unknown";
}

void log_write_text(const struct log_record *record)
{
	// One call, one line: lines of several threads do not mix.
	fprintf(stderr, "%s %s %s\n", record->time, log_level_name(record->level), record->text);
}

static void (*write_record)(const struct log_record *record) = log_write_text;

void log_set_writer(void (*writer)(const struct log_record *record))
{
	write_record = writer;
}

static void write_line(enum log_level level, const struct log_field *fields, size_t count, const char *format,
	va_list arguments)
{
	char text[1024];
	char date[32], time[40];
	struct timespec now;
	struct tm utc;

	vsnprintf(text, sizeof(text), format, arguments);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(time, sizeof(time), "%s.%03ldZ", date, now.tv_nsec / 1000000 % 1000);
	write_record(&(struct log_record) {
		.level = level, .time = time, .text = text, .fields = fields, .field_count = count });
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;

	if (level > highest_level)
		return;
	va_start(arguments, format);
	write_line(level, NULL, 0, format, arguments);
	va_end(arguments);
}

void log_line_with(
	enum log_level level, const struct log_field *fields, size_t count, const char *format, ...)
{
	va_list arguments;

	if (level > highest_level)
		return;
	va_start(arguments, format);
	write_line(level, fields, count, format, arguments);
	va_end(arguments);
}
