// SPDX-License-Identifier: GPL-2.0-or-later
// What is not a proper text, limits, files; and the tables as such.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "conf/arg.h"
#include "conf/conf.h"
#include "conf/draft.h"
#include "conf/foreign.h"
#include "conf/lex.h"
#include "conf/message.h"
#include "conf/schema.h"

static void expect_error(const char *text, size_t length, unsigned line, unsigned column, const char *part)
{
	struct conf_messages messages;

	assert_null(conf_parse(text, length, &messages));
	assert_int_not_equal(messages.errors, 0);
	assert_int_equal(messages.items[0].line, line);
	assert_int_equal(messages.items[0].column, column);
	assert_non_null(strstr(messages.items[0].text, part));
	conf_messages_free(&messages);
}

static void test_text(void **state)
{
	char *huge = alloc_zeroed(16 * 1024 * 1024 + 1, 1);
	char line[LEX_LINE_MAX + 8];

	(void)state;
	expect_error("hostname a\nho\0st", 16, 2, 3, "NUL");
	memset(huge, '!', 16 * 1024 * 1024 + 1);
	expect_error(huge, 16 * 1024 * 1024 + 1, 0, 0, "16 MiB");
	memset(line, '!', sizeof(line));
	expect_error(line, LEX_LINE_MAX + 1, 1, LEX_LINE_MAX + 1, "4096");
	struct conf_messages messages;
	struct config *config = conf_parse(line, LEX_LINE_MAX, &messages);
	assert_non_null(config);
	conf_free(config);
	assert_int_equal(messages.count, 0);
	config = conf_parse("\xef\xbb\xbfhostname a", 13, &messages);
	assert_non_null(config);
	assert_string_equal(config->hostname, "a");
	conf_free(config);
	config = conf_parse("", 0, &messages);
	assert_non_null(config);
	assert_int_equal(config->node.iface_count, 0);
	conf_free(config);
	conf_free(NULL);
	free(huge);
}

/// However many mistakes, the messages stay bounded, and none makes the file accepted.
static void test_many(void **state)
{
	struct conf_messages messages;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		fprintf(out, "frobnicate\nrouter ospf %u\n", i);
	fclose(out);
	assert_null(conf_parse(text, length, &messages));
	assert_int_equal(messages.errors, 3000);
	assert_int_equal(messages.count, 2 * MESSAGE_LIMIT);
	conf_messages_free(&messages);
	free(text);
	out = open_memstream(&text, &length);
	for (unsigned i = 0; i <= DRAFT_TUNNELS_MAX; i++)
		fprintf(out,
			"interface Tunnel%u\nip address 10.%u.%u.1/24\ntunnel source eth0\ntunnel key %u\n"
			"tunnel mode gre multipoint\nip nhrp network-id 1\n",
			i, i / 256, i % 256, i);
	fclose(out);
	expect_error(text, length, DRAFT_TUNNELS_MAX * 6 + 1, 0, "more than 1000 tunnels");
	free(text);
}

static void test_load(void **state)
{
	char path[] = "/tmp/test-conf-XXXXXX";
	int fd = mkstemp(path);
	struct conf_messages messages;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hostname loaded\n", 16), 16);
	close(fd);
	struct config *config = conf_load(path, &messages);
	assert_non_null(config);
	assert_string_equal(config->hostname, "loaded");
	conf_free(config);
	conf_messages_free(&messages);
	unlink(path);
	assert_null(conf_load(path, &messages));
	assert_int_equal(messages.items[0].line, 0);
	assert_non_null(strstr(messages.items[0].text, "No such file"));
	conf_messages_free(&messages);
	assert_null(conf_load("/", &messages));
	assert_int_equal(messages.errors, 1);
	conf_messages_free(&messages);
}

/// A foreign row that begins like a command of ours would swallow its mistakes.
static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		assert_true(command->help[0] != '\0');
		assert_true(command->set || command->field.kind != FIELD_NONE);
		for (size_t j = 0; foreign_row(j); j++) {
			const char *words = foreign_row(j)->words;
			size_t length = strlen(words);
			bool of_crypto = (command->contexts & ~COMMAND_CRYPTO) == 0;
			bool is_start = of_crypto == (foreign_row(j)->place == FOREIGN_CRYPTO) &&
					strncmp(command->syntax, words, length) == 0 &&
					(command->syntax[length] == ' ' || command->syntax[length] == '\0');
			if (is_start)
				fail_msg("%s swallows %s", words, command->syntax);
		}
	}
	for (size_t i = 0; foreign_row(i); i++) {
		for (size_t j = 0; j < i; j++)
			if ((foreign_row(i)->place == FOREIGN_CRYPTO) ==
				(foreign_row(j)->place == FOREIGN_CRYPTO))
				assert_string_not_equal(foreign_row(i)->words, foreign_row(j)->words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("conf file", tests, NULL, NULL);
}
