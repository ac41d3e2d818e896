// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/complete.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "cli/field.h"
#include "cli/filter.h"
#include "cli/merge.h"

static void take(void *context, const char *view, json_t *data)
{
	(void)view;
	merge_part(context, data);
}

static json_t *words_of(const char *line)
{
	json_t *list = json_array();
	while (*(line += strspn(line, " \t")) != '\0') {
		size_t length = strcspn(line, " \t");
		json_t *word = json_stringn(line, length);
		json_array_append_new(list, word != NULL ? word : json_string("?"));
		line += length;
	}
	return list;
}

/// Behind a `|` the client knows itself what can follow.
static json_t *filters_with(const char *text)
{
	json_t *list = json_array();
	const char *help, *name;
	text += strspn(text, " \t");
	size_t length = strcspn(text, " \t");
	for (size_t i = 0; text[length] == '\0' && (name = filter_name(i, &help)) != NULL; i++)
		if (strncasecmp(name, text, length) == 0)
			json_array_append_new(list,
				json_pack("{s:s, s:s, s:b}", "word", name, "help", help, "argument", 0));
	if (text[length] != '\0')
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "word", "LINE", "help",
						    "Regular expression", "argument", 1));
	return json_pack("{s:s, s:o, s:b}", "schema", "dmvpn/completion/1", "words", list, "end", 0);
}

json_t *complete_ask(struct cli *cli, const char *line, struct err *err)
{
	const char *bar = strrchr(line, '|');
	json_t *whole = NULL;
	const struct cli_taker taker = { take, &whole };
	size_t length = strlen(line);
	if (bar != NULL && bar > line && strchr(" \t", bar[-1]))
		return filters_with(bar + 1);
	json_t *words = words_of(line);
	if (length == 0 || strchr(" \t", line[length - 1]))
		json_array_append_new(words, json_string(""));
	json_t *request = json_pack("{s:o, s:b}", "complete", words, "interactive", cli->interactive);
	if (cli_request(cli, request, &taker, err) == EXIT_OK)
		return whole;
	json_decref(whole);
	return NULL;
}

enum exit_status complete_print(struct cli *cli, char *const *words, size_t count)
{
	struct err err;
	char *line = alloc_string("");
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(line);
		line = alloc_resize(line, length + strlen(words[i]) + 2, 1);
		sprintf(line + length, "%s%s", i > 0 ? " " : "", words[i]);
	}
	json_t *view = complete_ask(cli, line, &err);
	free(line);
	if (view == NULL)
		return EXIT_REFUSED;
	const json_t *list = json_object_get(view, "words");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *word = json_array_get(list, i);
		if (!field_true(word, "argument"))
			printf("%s\n", field_text(word, "word"));
	}
	json_decref(view);
	return EXIT_OK;
}
