// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/session.h"

#include "ctl/eventlog.h"

void session_done(struct ctl_session *session)
{
	configure_end(&session->configure);
}

bool session_wants(const struct ctl_session *session, const struct event *event)
{
	const struct ctl_debug *debug = &session->debug;
	bool debugged = false;
	switch (event_topic(event->type)) {
	case EVENT_TOPIC_NORMAL:
		break;
	case EVENT_TOPIC_CACHE:
		debugged = debug->cache;
		break;
	case EVENT_TOPIC_EVENT:
		debugged = debug->event;
		break;
	}
	if (debugged && (!addr_is_set(debug->peer) || event_concerns(event, debug->peer)))
		return true;
	return session->monitor && event_topic(event->type) != EVENT_TOPIC_EVENT;
}
