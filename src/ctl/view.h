// SPDX-License-Identifier: GPL-2.0-or-later
/// Values of views, for those who make views.
#pragma once

#include <jansson.h>

#include "base/addr.h"
#include "base/mono.h"

#include "core/node.h"

struct ctl_context;

/// A view that is made in parts, each by one turn of the event loop. The kinds of views begin with it.
///
/// Each part is an object like the whole view. What goes on with something that an earlier part began has
/// "continued": true, and "more": true what is not at its end; a reader puts together the lists in them.
struct view {
	/// The next part, or NULL where there was only work to do; sets `finished` with the last.
	json_t *(*next)(struct view *view, const struct ctl_context *context);
	/// Frees the view.
	void (*free)(struct view *view);
	bool finished;
	bool begun; ///< a part was made
};

/// Items that a part holds at most, so that making it takes about a millisecond.
#define VIEW_PART_ITEMS 64

/// A part: an object with its schema, and with "continued" unless it is the first.
json_t *view_part(struct view *view, const char *schema);

static inline struct iface *iface_at(const struct node *node, size_t index)
{
	return node->ifaces[index];
}

/// The text of an address; null where there is none.
json_t *view_addr(struct addr addr);
json_t *view_prefix(struct prefix prefix);
/// A string; bytes that are no UTF-8 become '?'. NULL is null.
json_t *view_text(const char *text);
/// Whole seconds since `since`; null where that is MONO_NEVER.
json_t *view_age(struct mono since, struct mono now);
/// Whole seconds until `until`, rounded up; null where that is MONO_NEVER.
json_t *view_left(struct mono until, struct mono now);
json_t *view_count(uint64_t count);
/// How the kernel shows the device of an interface (ctl_context.device_state); null: not known.
json_t *view_device_state(const struct iface *iface, const struct ctl_context *context);
