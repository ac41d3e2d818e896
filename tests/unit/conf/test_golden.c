// SPDX-License-Identifier: GPL-2.0-or-later
// Whole files: NAME.in gives the configuration NAME.out (none: it is refused) and the messages
// NAME.messages (none: no message). What is printed reads the same again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/attr.h"
#include "base/private.h"
#include "conf/conf.h"

/// The text of a golden file; "" where there is none. The caller frees it.
static char *read_golden(const char *name, const char *extension)
{
	char path[1024];
	char *text = alloc_zeroed(1 << 16, 1);

	snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN_DIRECTORY, name, extension);
	FILE *file = fopen(path, "r");
	if (!file)
		return text;
	size_t length = fread(text, 1, (1 << 16) - 1, file);
	assert_in_range(length, 1, (1 << 16) - 2);
	fclose(file);
	return text;
}

static char *messages_text(const struct conf_messages *messages)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *message = &messages->items[i];
		fprintf(out, "%u:%u: %s: %s\n", message->line, message->column,
			message->severity == CONF_ERROR ? "error" : "warning", message->text);
	}
	fclose(out);
	return text;
}

/// What is printed with its defaults is the same configuration.
static void check_printed_all(const struct config *config, const char *wanted)
{
	struct conf_messages messages;
	char *all = conf_print_all(config, false);
	struct config *again = conf_parse(all, strlen(all), &messages);

	if (!again)
		fail_msg("line %u: %s\n%s", messages.items[0].line, messages.items[0].text, all);
	char *printed = conf_print(again, false);
	assert_string_equal(printed, wanted);
	assert_true(strlen(all) > strlen(wanted) || config->node.iface_count == 0);
	private_free(printed);
	private_free(all);
	conf_free(again);
	conf_messages_free(&messages);
}

static void check_printed(const struct config *config, const char *wanted)
{
	check_printed_all(config, wanted);

	struct conf_messages messages;
	char *printed = conf_print(config, false);
	struct config *again = conf_parse(printed, strlen(printed), &messages);

	assert_string_equal(printed, wanted);
	assert_non_null(again);
	char *printed_again = conf_print(again, false);
	assert_string_equal(printed_again, printed);
	private_free(printed);
	private_free(printed_again);
	conf_free(again);
	conf_messages_free(&messages);
}

static void check(const char *name, const char *input)
{
	struct conf_messages messages;
	char *wanted = read_golden(name, "out");
	char *wanted_messages = read_golden(name, "messages");
	struct config *config = conf_parse(input, strlen(input), &messages);
	char *text = messages_text(&messages);

	assert_string_equal(text, wanted_messages);
	assert_int_equal(config == NULL, wanted[0] == '\0');
	if (config)
		check_printed(config, wanted);
	free(text);
	free(wanted);
	free(wanted_messages);
	conf_free(config);
	conf_messages_free(&messages);
}

/// The same text with CR LF at the ends of the lines.
static char *with_cr(const char *text)
{
	char *result = alloc_zeroed(strlen(text) * 2 + 1, 1);

	for (size_t length = 0; *text != '\0'; text++) {
		if (*text == '\n')
			result[length++] = '\r';
		result[length++] = *text;
	}
	return result;
}

static void test_file(void **state)
{
	const char *name = *state;
	char *input = read_golden(name, "in");
	char *dos = with_cr(input);

	assert_true(input[0] != '\0');
	check(name, input);
	check(name, dos);
	free(input);
	free(dos);
}

static char *const names[] = { "hub", "spoke", "phase1", "everything", "handwritten", "running", "mistakes",
	"checks", "crypto", "crypto-mistakes" };

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		tests[i] = (struct CMUnitTest) {
			.name = names[i], .test_func = test_file, .initial_state = names[i]
		};
	return cmocka_run_group_tests_name("conf golden", tests, NULL, NULL);
}
