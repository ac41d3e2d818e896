// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of the same name are one list. Where the first element of the later one is marked "continued", it
// goes on with the last element of the earlier one, by the same rule.
#include "cli/merge.h"

static void merge_objects(json_t *whole, json_t *part);

static void merge_lists(json_t *whole, json_t *part)
{
	size_t count = json_array_size(whole), first = 0;
	json_t *head = json_array_get(part, 0);
	if (count > 0 && json_is_true(json_object_get(head, "continued"))) {
		merge_objects(json_array_get(whole, count - 1), head);
		first = 1;
	}
	for (size_t i = first; i < json_array_size(part); i++)
		json_array_append(whole, json_array_get(part, i));
}

static void merge_objects(json_t *whole, json_t *part)
{
	const char *key;
	json_t *value;
	json_object_foreach(part, key, value)
	{
		json_t *there = json_object_get(whole, key);
		if (json_is_array(there) && json_is_array(value))
			merge_lists(there, value);
		else if (there == NULL)
			json_object_set(whole, key, value);
	}
}

void merge_part(json_t **whole, json_t *part)
{
	if (*whole == NULL) {
		*whole = part;
		return;
	}
	merge_objects(*whole, part);
	json_decref(part);
}

void merge_finish(json_t *whole)
{
	const char *key;
	json_t *value;
	json_object_del(whole, "continued");
	json_object_del(whole, "more");
	json_object_foreach(whole, key, value) for (size_t i = 0; i < json_array_size(value);
						    i++) if (json_is_object(json_array_get(value, i)))
		merge_finish(json_array_get(value, i));
}
