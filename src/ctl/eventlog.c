// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/eventlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "ctl/view.h"

const struct event_record *eventlog_add(
	struct eventlog *log, const struct event *event, const char *interface, struct mono now)
{
	if (log->records == NULL)
		log->records = alloc_zeroed(EVENTLOG_SIZE, sizeof(*log->records));

	struct event_record *record = &log->records[++log->last % EVENTLOG_SIZE];
	if (log->calendar == 0 || log->read_at.us != now.us) {
		struct timespec calendar;
		clock_gettime(CLOCK_REALTIME, &calendar);
		log->calendar = (int64_t)calendar.tv_sec * 1000 + calendar.tv_nsec / 1000000;
		log->read_at = now;
	}
	*record = (struct event_record) {
		.number = log->last,
		.time = now,
		.calendar = log->calendar,
		.event = *event,
	};
	snprintf(record->interface, sizeof(record->interface), "%s", interface);
	return record;
}

uint64_t eventlog_first(const struct eventlog *log)
{
	return log->last < EVENTLOG_SIZE ? 1 : log->last - EVENTLOG_SIZE + 1;
}

const struct event_record *eventlog_at(const struct eventlog *log, uint64_t number)
{
	if (number < eventlog_first(log) || number > log->last)
		return NULL;
	return &log->records[number % EVENTLOG_SIZE];
}

void eventlog_done(struct eventlog *log)
{
	free(log->records);
	*log = (struct eventlog) { 0 };
}

enum event_topic event_topic(enum event_type type)
{
	switch (type) {
	case EVENT_NHS_UP:
	case EVENT_NHS_DOWN:
	case EVENT_PEER_UP:
	case EVENT_PEER_DOWN:
	case EVENT_PEER_MOVED:
	case EVENT_REGISTRATION_REFUSED:
	case EVENT_PACKET_REFUSED:
	case EVENT_ERROR_RECEIVED:
	case EVENT_TYPES:
		break;
	case EVENT_SHORTCUT_UP:
	case EVENT_SHORTCUT_DOWN:
	case EVENT_BINDING_UP:
	case EVENT_BINDING_DOWN:
		return EVENT_TOPIC_CACHE;
	case EVENT_RESOLUTION_FAILED:
	case EVENT_REDIRECT_SENT:
		return EVENT_TOPIC_EVENT;
	}
	return EVENT_TOPIC_NORMAL;
}

bool event_concerns(const struct event *event, struct addr addr)
{
	return addr_equal(event->protocol, addr) || addr_equal(event->nbma, addr) ||
	       (addr_is_set(event->prefix.addr) && prefix_contains(event->prefix, addr));
}

static json_t *calendar_text(int64_t milliseconds)
{
	time_t seconds = (time_t)(milliseconds / 1000);
	char date[32], text[48];
	struct tm utc;
	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03dZ", date, (int)(milliseconds % 1000));
	return json_string(text);
}

json_t *event_view(const struct event_record *record, struct mono now)
{
	const struct event *event = &record->event;
	return json_pack("{s:I, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "number",
		(json_int_t)record->number, "time", calendar_text(record->calendar), "age_seconds",
		view_age(record->time, now), "interface", record->interface, "event", event_name(event->type),
		"protocol", view_addr(event->protocol), "nbma", view_addr(event->nbma), "prefix",
		addr_is_set(event->prefix.addr) ? view_prefix(event->prefix) : json_null(), "reason",
		view_text(event->reason));
}
