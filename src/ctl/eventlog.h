// SPDX-License-Identifier: GPL-2.0-or-later
/// What happened of late: the last events of the core, for `show events`, `why`, and those who listen.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/mono.h"
#include "core/action.h"

#define EVENTLOG_SIZE 2048 ///< events that are kept

/// By which command of a session an event is shown.
enum event_topic {
	EVENT_TOPIC_NORMAL, ///< `terminal monitor`
	EVENT_TOPIC_CACHE,  ///< `debug nhrp cache`
	EVENT_TOPIC_EVENT,  ///< `debug nhrp event`
};

struct event_record {
	uint64_t number; ///< counts from 1
	struct mono time;
	int64_t calendar;                ///< milliseconds since 1970, UTC
	char interface[IFACE_NAME_SIZE]; ///< the device
	struct event event;
};

/// A ring; all zero is an empty one.
struct eventlog {
	struct event_record *records; ///< EVENTLOG_SIZE of them, once there was one
	uint64_t last;                ///< number of the newest
	struct mono read_at;          ///< when the calendar was read, once for all events of the same time
	int64_t calendar;
};

/// Keeps an event; the oldest one gives way. Returns the record, which is valid until the next call.
const struct event_record *eventlog_add(
	struct eventlog *log, const struct event *event, const char *interface, struct mono now);
/// The record with this number, or NULL where it is not kept any more, or not there yet.
const struct event_record *eventlog_at(const struct eventlog *log, uint64_t number);
/// The number of the oldest record that is kept; `last` + 1 where there is none.
uint64_t eventlog_first(const struct eventlog *log);
void eventlog_done(struct eventlog *log);

enum event_topic event_topic(enum event_type type);
/// Does the event concern this address, as tunnel address, NBMA address, or inside its prefix?
bool event_concerns(const struct event *event, struct addr addr);
/// As an object with the fields of dmvpn/events/1.
json_t *event_view(const struct event_record *record, struct mono now);
