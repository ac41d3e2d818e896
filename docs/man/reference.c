// SPDX-License-Identifier: GPL-2.0-or-later
/// Makes a manual page from its text and the program's own tables, so that the page is never out of date:
///
///     reference FILE >PAGE
///
/// copies FILE, with the lines .CONFIGURATION, .ARGUMENTS and .COMMANDS replaced by the commands of the
/// configuration, the arguments that these take, and the commands of the control socket.
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/arg.h"
#include "conf/command.h"
#include "conf/schema.h"
#include "ctl/commands.h"
#include "ctl/grammar.h"

#define LINE_SIZE     1024
#define ARGUMENTS_MAX 64
#define ARGUMENT_SIZE 32

static const struct {
	unsigned context;
	const char *title;
} blocks[] = {
	{ COMMAND_GLOBAL, "Outside of blocks" },
	{ COMMAND_TUNNEL, "In an interface Tunnel block" },
	{ COMMAND_PROPOSAL, "In a crypto ikev2 proposal block" },
	{ COMMAND_POLICY, "In a crypto ikev2 policy block" },
	{ COMMAND_KEYRING, "In a crypto ikev2 keyring block" },
	{ COMMAND_PEER, "In the peer block of a keyring" },
	{ COMMAND_IKEV2_PROFILE, "In a crypto ikev2 profile block" },
	{ COMMAND_TRANSFORM_SET, "In a crypto ipsec transform\\-set block" },
	{ COMMAND_IPSEC_PROFILE, "In a crypto ipsec profile block" },
	{ COMMAND_TRUSTPOINT, "In a crypto pki trustpoint block" },
};

static bool is_of_word(char c)
{
	return isalnum((unsigned char)c) || strchr("-/<>", c);
}

/// Keywords bold, arguments slanted, the signs between them as they are.
static void print_syntax(const char *syntax)
{
	size_t length;

	for (const char *at = syntax; *at; at += length) {
		length = strspn(at, " []{}|");
		if (length > 0) {
			(void)printf("\\fR%.*s", (int)length, at);
			continue;
		}
		(void)fputs(isupper((unsigned char)*at) || *at == '<' ? "\\fI" : "\\fB", stdout);
		for (length = 0; at[length] && is_of_word(at[length]); length++)
			(void)fputs(at[length] == '-' ? "\\-" : (char[]) { at[length], 0 }, stdout);
		if (length == 0) {
			(void)fprintf(
				stderr, "reference: \"%s\" has a character that no syntax has\n", syntax);
			exit(EXIT_FAILURE);
		}
	}
	(void)puts("\\fR");
}

/// A help text as a sentence.
static void print_help(const char *help)
{
	(void)putchar(toupper((unsigned char)*help));
	for (const char *c = help + 1; *c; c++)
		(void)fputs(*c == '-' ? "\\-" : (char[]) { *c, 0 }, stdout);
	(void)puts(".");
}

static void print_command(const struct command *command)
{
	(void)puts(".TP");
	print_syntax(command->syntax);
	print_help(command->help);
	if (command->field.kind == FIELD_FLAG && command->field.default_value)
		(void)puts("The opposite holds unless this is written.");
	else if (command->field.kind != FIELD_FLAG && command->field.default_value)
		(void)printf("Default: %u.\n", command->field.default_value);
	if (command->set != command_exit && (command->flags & COMMAND_LIST))
		(void)puts("There can be several.");
	if (command->flags & COMMAND_REOPENS)
		(void)puts("Where it changes, the device is made anew if it must be; NHRP keeps what it knows.");
	if (command->flags & COMMAND_REMAKES)
		(void)puts("Where it changes, the tunnel is made anew and forgets what it learned.");
}

static void print_configuration(void)
{
	const struct command *command;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		(void)printf(".SS %s\n", blocks[i].title);
		for (size_t j = 0; (command = schema_command(j)); j++)
			if ((command->contexts & blocks[i].context) && command->contexts != COMMAND_ANY)
				print_command(command);
	}
	(void)puts(".SS In every block");
	for (size_t j = 0; (command = schema_command(j)); j++)
		if (command->contexts == COMMAND_ANY)
			print_command(command);
}

struct arguments {
	char names[ARGUMENTS_MAX][ARGUMENT_SIZE];
	size_t count;
};

static void add_argument(struct arguments *arguments, const char *name, size_t length)
{
	char text[ARGUMENT_SIZE] = "";

	(void)snprintf(text, sizeof(text), "%.*s", (int)length, name);
	if (*text == '<' || !arg_is(text))
		return;
	for (size_t i = 0; i < arguments->count; i++)
		if (strcmp(arguments->names[i], text) == 0)
			return;
	if (arguments->count == ARGUMENTS_MAX)
		abort();
	memcpy(arguments->names[arguments->count++], text, sizeof(text));
}

static int by_name(const void *left, const void *right)
{
	return strcmp(left, right);
}

static void print_arguments(void)
{
	struct arguments arguments = { 0 };
	char description[ARG_DESCRIPTION_SIZE];
	const struct command *command;
	size_t length;

	for (size_t i = 0; (command = schema_command(i)); i++) {
		for (const char *at = command->syntax; *at; at += length) {
			at += strspn(at, " []{}|");
			length = strcspn(at, " []{}|");
			add_argument(&arguments, at, length);
		}
	}
	qsort(arguments.names, arguments.count, ARGUMENT_SIZE, by_name);
	for (size_t i = 0; i < arguments.count; i++) {
		(void)puts(".TP");
		print_syntax(arguments.names[i]);
		print_help(arg_describe(arguments.names[i], description));
	}
}

static void print_commands(void)
{
	const struct exec_command *command;

	for (size_t i = 0; (command = command_row(i)); i++) {
		if (!command->view)
			continue;
		(void)puts(".TP");
		print_syntax(command->words);
		print_help(command->help);
	}
}

int main(int argc, char **argv)
{
	FILE *text = argc == 2 ? fopen(argv[1], "re") : NULL;
	char line[LINE_SIZE];

	if (!text) {
		(void)fprintf(stderr, "usage: reference FILE, which can be read\n");
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), text)) {
		if (strcmp(line, ".CONFIGURATION\n") == 0)
			print_configuration();
		else if (strcmp(line, ".ARGUMENTS\n") == 0)
			print_arguments();
		else if (strcmp(line, ".COMMANDS\n") == 0)
			print_commands();
		else
			(void)fputs(line, stdout);
	}
	(void)fclose(text);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
