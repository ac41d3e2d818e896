// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/logformat.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include <jansson.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ctl/view.h"

static void write_json(const struct log_record *record)
{
	json_t *line = json_pack("{s:s, s:s, s:o}", "time", record->time, "level",
		log_level_name(record->level), "message", view_text(record->text));
	char *text;

	for (size_t i = 0; i < record->field_count; i++)
		json_object_set_new(line, record->fields[i].name, view_text(record->fields[i].value));
	text = json_dumps(line, JSON_COMPACT);
	// One call, one line, as in log.c.
	if (text)
		(void)fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(line);
}

/// A field as the journal takes it. The caller frees it.
static struct iovec journal_field(const char *prefix, const char *name, const char *value)
{
	const size_t head = strlen(prefix) + strlen(name);
	const size_t size = head + strlen(value) + 2;
	char *text = alloc_zeroed(1, size);

	(void)snprintf(text, size, "%s%s=%s", prefix, name, value);
	for (size_t i = 0; i < head; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	return (struct iovec) { .iov_base = text, .iov_len = size - 1 };
}

static void write_journal(const struct log_record *record)
{
	struct iovec fields[3 + LOG_FIELDS_MAX];
	const char priority[] = { (char)('0' + LOG_ERR + (int)record->level), 0 };
	size_t count = 0;

	fields[count++] = journal_field("", "message", record->text);
	fields[count++] = journal_field("", "priority", priority);
	fields[count++] = journal_field("", "syslog_identifier", "dmvpnd");
	for (size_t i = 0; i < record->field_count && i < LOG_FIELDS_MAX; i++)
		fields[count++] = journal_field("dmvpn_", record->fields[i].name, record->fields[i].value);
	if (sd_journal_sendv(fields, (int)count) < 0)
		log_write_text(record);
	for (size_t i = 0; i < count; i++)
		free(fields[i].iov_base);
}

bool logformat_set(const char *name)
{
	if (strcmp(name, "text") == 0)
		log_set_writer(log_write_text);
	else if (strcmp(name, "json") == 0)
		log_set_writer(write_json);
	else
		return false;
	return true;
}

void logformat_set_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat status;

	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	if (strcmp(stream, ours) == 0)
		log_set_writer(write_journal);
}
