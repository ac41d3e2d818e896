// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/view.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "ctl/context.h"

json_t *view_part(struct view *view, const char *schema)
{
	json_t *part = json_pack("{s:s}", "schema", schema);
	if (view->begun)
		json_object_set_new(part, "continued", json_true());
	view->begun = true;
	return part;
}

json_t *view_addr(struct addr addr)
{
	char text[ADDR_TEXT_SIZE];
	return addr_is_set(addr) ? json_string(addr_format(addr, text)) : json_null();
}

json_t *view_prefix(struct prefix prefix)
{
	char text[PREFIX_TEXT_SIZE];
	return json_string(prefix_format(prefix, text));
}

json_t *view_text(const char *text)
{
	if (text == NULL)
		return json_null();
	json_t *string = json_string(text);
	if (string != NULL)
		return string;

	char *copy = alloc_string(text);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

json_t *view_age(struct mono since, struct mono now)
{
	if (mono_is_never(since))
		return json_null();
	int64_t age = mono_between(since, now);
	return json_integer(age < 0 ? 0 : age / MONO_SECOND);
}

json_t *view_left(struct mono until, struct mono now)
{
	return mono_is_never(until) ? json_null() : json_integer(mono_seconds_left(now, until));
}

json_t *view_count(uint64_t count)
{
	return json_integer((json_int_t)count);
}

json_t *view_device_state(const struct iface *iface, const struct ctl_context *context)
{
	return view_text(context->device_state != NULL
				 ? context->device_state(context->owner, iface->config->id)
				 : NULL);
}
