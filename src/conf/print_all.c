// SPDX-License-Identifier: GPL-2.0-or-later
// The output with defaults: each row of the table that can be in a tunnel block once, with its value, or as
// its `no` form where it is off.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "conf/command.h"
#include "conf/schema.h"

/// The keywords that a syntax begins with, up to its first argument, choice or option.
static int keywords_length(const char *syntax)
{
	size_t end = 0;
	while (syntax[end] != '\0' && !strchr("<[{", syntax[end]) &&
		!(syntax[end] >= 'A' && syntax[end] <= 'Z'))
		end++;
	while (end > 0 && syntax[end - 1] == ' ')
		end--;
	return (int)end;
}

static void print_field(FILE *out, const struct config *config, size_t index, const struct command *command)
{
	uint32_t value = schema_field_get(config, index, &command->field);
	bool is_default = value == command->field.default_value;

	if (command->field.kind == FIELD_FLAG)
		fprintf(out, " %s%s\n", is_default ? "no " : "", command->syntax);
	else if (is_default && value == 0)
		fprintf(out, " no %.*s\n", keywords_length(command->syntax), command->syntax);
	else
		fprintf(out, " %.*s %u\n", keywords_length(command->syntax), command->syntax, value);
}

/// Prints the values of commands that their own functions leave out where they are the default.
static bool print_default(FILE *out, const struct config *config, size_t index, const struct command *command)
{
	const struct tunnel_config *tunnel = &config->tunnels[index];
	const struct iface_config *iface = &config->node.ifaces[index];

	if (command->print == command_print_mtu)
		fprintf(out, " ip mtu %u\n", tunnel->ip_mtu);
	else if (command->print == command_print_mode)
		fprintf(out, " tunnel mode gre ip\n");
	else if (command->print == command_print_link)
		fprintf(out, " tunnel link auto\n");
	else if (command->print == command_print_max_send)
		fprintf(out, " ip nhrp max-send %u every %u\n", iface->max_send_packets,
			iface->max_send_interval);
	else
		return false;
	return true;
}

static void print_row(FILE *out, const struct config *config, size_t index, const struct command *command,
	bool hide_secrets)
{
	char *text = NULL;
	size_t length;
	FILE *own = open_memstream(&text, &length);

	if (!own)
		return;
	command->print(own, config, index, hide_secrets);
	fclose(own);
	if (length > 0)
		fputs(text, out);
	else if (!print_default(out, config, index, command) && !(command->flags & COMMAND_LIST))
		fprintf(out, " no %.*s\n", keywords_length(command->syntax), command->syntax);
	free(text);
}

static void print_tunnel_all(FILE *out, const struct config *config, size_t index, bool hide_secrets)
{
	fprintf(out, "interface Tunnel%u\n", config->node.ifaces[index].id);
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		if (command->contexts != COMMAND_TUNNEL)
			continue;
		if (command->print)
			print_row(out, config, index, command, hide_secrets);
		else if (command->field.kind != FIELD_NONE)
			print_field(out, config, index, command);
	}
	fprintf(out, "!\n");
}

char *conf_print_all(const struct config *config, bool hide_secrets)
{
	char *text;
	FILE *out = private_open(&text);

	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		if (command->contexts != COMMAND_GLOBAL || !command->print)
			continue;
		if (command->print != command_print_interface) {
			command->print(out, config, 0, hide_secrets);
			continue;
		}
		for (size_t tunnel = 0; tunnel < config->node.iface_count; tunnel++)
			print_tunnel_all(out, config, tunnel, hide_secrets);
	}
	fprintf(out, "end\n");
	fclose(out);
	return text;
}
