// SPDX-License-Identifier: GPL-2.0-or-later
// A reply is an error, an object that is there already, or a view that is made part by part.
#include <stdlib.h>

#include "base/alloc.h"
#include "ctl/commands.h"
#include "ctl/reply.h"
#include "ctl/view.h"

struct reply {
	const char *name;  ///< of the text layout
	json_t *line;      ///< the whole reply, or NULL
	struct view *view; ///< or this
	json_t *held;      ///< a part that waits for the next, to be known as the last one
	bool done;
};

struct reply *reply_data(const char *name, json_t *data)
{
	struct reply *reply = alloc_zeroed(1, sizeof(*reply));
	reply->line = json_pack("{s:b, s:s, s:o}", "ok", 1, "view", name, "data", data);
	return reply;
}

struct reply *reply_view(const char *name, struct view *view)
{
	struct reply *reply = alloc_zeroed(1, sizeof(*reply));
	reply->name = name;
	reply->view = view;
	return reply;
}

struct reply *reply_error(const char *text)
{
	struct reply *reply = alloc_zeroed(1, sizeof(*reply));
	reply->line = json_pack("{s:b, s:o}", "ok", 0, "error", view_text(text));
	return reply;
}

json_t *reply_next(struct reply *reply, struct ctl_context *context)
{
	if (reply->view == NULL) {
		json_t *line = reply->line;
		reply->line = NULL;
		reply->done = true;
		return line;
	}
	json_t *part = reply->held;
	reply->held = NULL;
	if (!reply->view->finished) {
		json_t *newer = reply->view->next(reply->view, context);
		reply->held = part != NULL ? newer : NULL;
		if (part == NULL)
			part = newer;
		// Nothing is told before it is known whether it is all.
		if (!reply->view->finished && reply->held == NULL) {
			reply->held = part;
			return NULL;
		}
	}
	reply->done = reply->view->finished && reply->held == NULL;
	if (part == NULL)
		part = json_pack("{s:b}", "continued", 1);
	json_t *line = json_pack("{s:b, s:s, s:o}", "ok", 1, "view", reply->name, "data", part);
	if (!reply->done)
		json_object_set_new(line, "more", json_true());
	return line;
}

bool reply_is_done(const struct reply *reply)
{
	return reply->done;
}

void reply_free(struct reply *reply)
{
	if (reply == NULL)
		return;
	json_decref(reply->line);
	json_decref(reply->held);
	if (reply->view != NULL)
		reply->view->free(reply->view);
	free(reply);
}
