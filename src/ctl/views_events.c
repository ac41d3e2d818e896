// SPDX-License-Identifier: GPL-2.0-or-later
// `show events`.
#include <stdlib.h>

#include "base/alloc.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ctl/views.h"

struct events_view {
	struct view view;
	struct mono since;
	uint64_t next; ///< number of the next event; 0: not begun
	uint64_t last; ///< of the last event to show: the newest when the view began
};

static json_t *next(struct view *base, const struct ctl_context *context)
{
	struct events_view *view = (struct events_view *)base;
	const struct eventlog *log = &context->events;
	if (view->next == 0)
		view->last = log->last;
	if (view->next < eventlog_first(log))
		view->next = eventlog_first(log);

	json_t *list = json_array();
	for (; view->next <= view->last && json_array_size(list) < VIEW_PART_ITEMS; view->next++) {
		const struct event_record *record = eventlog_at(log, view->next);
		if (record != NULL && !mono_before(record->time, view->since))
			json_array_append_new(list, event_view(record, context->now()));
	}
	base->finished = view->next > view->last;
	json_t *part = view_part(base, "dmvpn/events/1");
	json_object_set_new(part, "events", list);
	return part;
}

static void events_view_free(struct view *base)
{
	free(base);
}

struct view *view_events(struct mono since)
{
	struct events_view *view = alloc_zeroed(1, sizeof(*view));
	view->view = (struct view) { .next = next, .free = events_view_free };
	view->since = since;
	return &view->view;
}
