// SPDX-License-Identifier: GPL-2.0-or-later
// Canonical output: the rows of the table in their order, each where its value is not the default.
#include "conf/print.h"

#include <string.h>

#include "base/private.h"
#include "conf/schema.h"

/// A row with a field prints its keywords and, unless it is a flag, the number.
static void print_field(FILE *out, const struct config *config, size_t tunnel, const struct command *command)
{
	uint32_t value = schema_field_get(config, tunnel, &command->field);

	if (value == command->field.default_value)
		return;
	if (command->field.kind == FIELD_FLAG)
		fprintf(out, " %s\n", command->syntax);
	else
		fprintf(out, " %.*s%u\n", (int)strcspn(command->syntax, "<"), command->syntax, value);
}

void print_command(FILE *out, const struct config *config, size_t index, const struct command *command,
	bool hide_secrets)
{
	if (command->print)
		command->print(out, config, index, hide_secrets);
	else if (command->field.kind != FIELD_NONE)
		print_field(out, config, index, command);
}

void print_tunnel(FILE *out, const struct config *config, size_t index, bool hide_secrets)
{
	fprintf(out, "interface Tunnel%u\n", config->node.ifaces[index].id);
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		if (command->contexts == COMMAND_TUNNEL)
			print_command(out, config, index, command, hide_secrets);
	}
	fprintf(out, "!\n");
}

char *conf_print(const struct config *config, bool hide_secrets)
{
	char *text;
	FILE *out = private_open(&text);

	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		if (command->contexts == COMMAND_GLOBAL && command->print)
			command->print(out, config, 0, hide_secrets);
	}
	fprintf(out, "end\n");
	fclose(out);
	return text;
}
