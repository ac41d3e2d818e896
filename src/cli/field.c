// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/field.h"

#include <stdio.h>
#include <string.h>

const char *field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

long long field_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool field_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

bool field_is_null(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	return value == NULL || json_is_null(value);
}

bool field_lists(const json_t *object, const char *key, const char *text)
{
	const json_t *list = json_object_get(object, key);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		if (item != NULL && strcmp(item, text) == 0)
			return true;
	}
	return false;
}

char *field_time(const json_t *object, const char *key, char buffer[static FIELD_SIZE])
{
	long long seconds = field_number(object, key);
	long long hours = seconds / 3600, days = hours / 24, weeks = days / 7, years = days / 365;

	if (field_is_null(object, key))
		snprintf(buffer, FIELD_SIZE, "never");
	else if (days == 0)
		snprintf(buffer, FIELD_SIZE, "%02lld:%02lld:%02lld", hours, seconds / 60 % 60, seconds % 60);
	else if (weeks == 0)
		snprintf(buffer, FIELD_SIZE, "%lldd%02lldh", days, hours % 24);
	else if (years == 0)
		snprintf(buffer, FIELD_SIZE, "%lldw%lldd", weeks, days % 7);
	else
		snprintf(buffer, FIELD_SIZE, "%lldy%lldw", years, days % 365 / 7);
	return buffer;
}

static char *interface(const json_t *object, const char *form, char buffer[static FIELD_SIZE])
{
	const char *name = field_text(object, "interface");
	if (strncmp(name, "tunnel", strlen("tunnel")) == 0)
		snprintf(buffer, FIELD_SIZE, "%s%s", form, name + strlen("tunnel"));
	else
		snprintf(buffer, FIELD_SIZE, "%s", name);
	return buffer;
}

char *field_interface(const json_t *object, char buffer[static FIELD_SIZE])
{
	return interface(object, "Tunnel", buffer);
}

char *field_interface_short(const json_t *object, char buffer[static FIELD_SIZE])
{
	return interface(object, "Tu", buffer);
}

static bool device_is(const json_t *interface, const char *state)
{
	return strcmp(field_text(interface, "device_state"), state) == 0;
}

const char *field_admin_state(const json_t *interface)
{
	return field_true(interface, "shutdown") || device_is(interface, "down") ? "administratively down"
										 : "up";
}

const char *field_line_protocol(const json_t *interface)
{
	// A daemon before this field has no word of the device.
	bool works = field_is_null(interface, "device_state") || device_is(interface, "up");
	return field_true(interface, "up") && works ? "up" : "down";
}

char *field_address(const json_t *object, const char *key, char *buffer, size_t size)
{
	const char *text = field_text(object, key);
	snprintf(buffer, size, "%.*s", (int)strcspn(text, "/"), text);
	return buffer;
}
