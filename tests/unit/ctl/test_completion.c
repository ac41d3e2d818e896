// SPDX-License-Identifier: GPL-2.0-or-later
// What can follow the words so far.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ctl/commands.h"
#include "fixture.h"

/// The words that can stand in the place of the last one: "nhrp route", and " <cr>" where nothing need
/// follow. The caller frees it.
static char *complete(struct fixture *fixture, const char *line)
{
	const char *words[COMMAND_MAX_WORDS];
	size_t count = 0, size;
	char *copy = alloc_string(line), *rest = copy, *text = NULL, *word;
	while ((word = strsep(&rest, " ")) != NULL)
		words[count++] = word;
	struct reply *reply = command_complete(&fixture->context, &fixture->session, words, count);
	json_t *object = reply_next(reply, &fixture->context);
	const json_t *data = json_object_get(object, "data"), *list = json_object_get(data, "words");
	FILE *out = open_memstream(&text, &size);

	if (json_is_false(json_object_get(object, "ok")))
		fprintf(out, "%s", json_string_value(json_object_get(object, "error")));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		assert_true(strlen(json_string_value(json_object_get(item, "help"))) > 2);
		fprintf(out, "%s%s", i > 0 ? " " : "", json_string_value(json_object_get(item, "word")));
	}
	if (json_is_true(json_object_get(data, "end")))
		fprintf(out, " <cr>");
	fclose(out);
	json_decref(object);
	reply_free(reply);
	free(copy);
	return text;
}

static void test_words(void **state)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{ "sh", "show" },
		{ "show ip ", "nhrp route" },
		{ "sh ip n", "nhrp" },
		{ "show ip nhrp s", "static shortcut self summary" },
		{ "show ip route ", "nhrp next-hop-override ADDRESS <cr>" },
		{ "show dmvpn peer ", "ADDRESS" },
		{ "show dmvpn peer 10.0.0.1 ", " <cr>" },
		{ "show x", "" },
		{ "shw ", "Unknown word \"shw\"; known here: show, clear, debug, no, …" },
		{ "show d ", "Ambiguous word \"d\"; it could be: dmvpn, debugging." },
	};
	struct fixture *hub = hub_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = complete(hub, rows[i].line);
		expect_text(text, rows[i].words);
		free(text);
	}
	fixture_free(hub);
}

/// Every word of the table explains itself, which complete() checks, and leads on.
static void explore(struct fixture *fixture, const char *line, unsigned depth)
{
	char *text = complete(fixture, line), *rest = text, *word, *longer;
	assert_true(depth < 8);
	assert_true(text[0] != '\0');
	while ((word = strsep(&rest, " ")) != NULL) {
		if (word[0] == '\0' || strcmp(word, "<cr>") == 0)
			continue;
		assert_true(asprintf(&longer, "%s%s ", line, word) > 0);
		explore(fixture, longer, depth + 1);
		free(longer);
	}
	free(text);
}

static void test_everywhere(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	explore(hub, "", 0);
	fixture_free(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
