// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a command are compared as two sets: a command prints its entries in an order of its own.
#include "conf/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/private.h"
#include "conf/command.h"
#include "conf/print.h"
#include "conf/schema.h"

#define NONE SIZE_MAX ///< index of a tunnel that is not there

/// The lines that a command prints, sorted.
struct lines {
	char *text; ///< they lie in it
	char **items;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct lines lines_of(
	const struct config *config, size_t index, const struct command *command, bool hide_secrets)
{
	struct lines lines = { 0 };
	FILE *out = private_open(&lines.text);
	char *rest, *line;

	if (index != NONE)
		print_command(out, config, index, command, hide_secrets);
	fclose(out);
	for (line = strtok_r(lines.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		lines.items = alloc_resize(lines.items, lines.count + 1, sizeof(*lines.items));
		lines.items[lines.count++] = line;
	}
	if (lines.count > 0)
		qsort(lines.items, lines.count, sizeof(*lines.items), compare);
	return lines;
}

static void lines_free(struct lines *lines)
{
	free(lines->items);
	private_free(lines->text);
}

static bool lines_equal(const struct lines *a, const struct lines *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

/// Where the two are written to.
struct writer {
	FILE *out;
	unsigned lines;
};

static void write_line(struct writer *writer, char sign, const char *line)
{
	fprintf(writer->out, "%c%s\n", sign, line);
	writer->lines++;
}

/// Writes what one has and the other has not; all where they look the same, since a hidden secret differs.
static void write_lines(struct writer *writer, const struct lines *before, const struct lines *after)
{
	bool all = lines_equal(before, after);
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		int order = i == before->count  ? 1
			    : j == after->count ? -1
						: strcmp(before->items[i], after->items[j]);

		if (order < 0 || (order == 0 && all))
			write_line(writer, '-', before->items[i]);
		if (order > 0 || (order == 0 && all))
			write_line(writer, '+', after->items[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

/// The two sides of a comparison: configurations, and indices of a tunnel in them.
struct sides {
	const struct config *before, *after;
	size_t from, to;
};

/// Compares the lines of one command, and writes what differs.
static bool differs(struct writer *writer, const struct sides *sides, const struct command *command)
{
	struct lines before = lines_of(sides->before, sides->from, command, false);
	struct lines after = lines_of(sides->after, sides->to, command, false);
	bool equal = lines_equal(&before, &after);

	lines_free(&before);
	lines_free(&after);
	if (equal)
		return false;
	before = lines_of(sides->before, sides->from, command, true);
	after = lines_of(sides->after, sides->to, command, true);
	write_lines(writer, &before, &after);
	lines_free(&before);
	lines_free(&after);
	return true;
}

static size_t index_of(const struct config *config, uint32_t id)
{
	for (size_t i = 0; i < config->node.iface_count; i++) {
		if (config->node.ifaces[i].id == id)
			return i;
	}
	return NONE;
}

static enum diff_kind kind_of(const struct command *command)
{
	if (command->flags & COMMAND_REMAKES)
		return DIFF_REMADE;
	return command->flags & COMMAND_REOPENS ? DIFF_REOPENED : DIFF_CHANGED;
}

static void compare_tunnel(struct diff *diff, struct writer *writer, const struct sides *sides, uint32_t id)
{
	enum diff_kind kind = DIFF_SAME;
	struct writer block = { 0 };
	char *text = NULL;
	size_t length;

	block.out = open_memstream(&text, &length);
	if (!block.out)
		return;
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);

		if (command->contexts == COMMAND_TUNNEL && differs(&block, sides, command) &&
			kind_of(command) > kind)
			kind = kind_of(command);
	}
	fclose(block.out);
	if (sides->from == NONE || sides->to == NONE)
		kind = sides->from == NONE ? DIFF_ADDED : DIFF_REMOVED;
	if (kind != DIFF_SAME)
		fprintf(writer->out, "%sinterface Tunnel%u\n%s",
			kind == DIFF_ADDED     ? "+"
			: kind == DIFF_REMOVED ? "-"
					       : " ",
			id, text);
	writer->lines += block.lines + (kind >= DIFF_ADDED);
	free(text);
	diff->tunnels = alloc_resize(diff->tunnels, diff->count + 1, sizeof(*diff->tunnels));
	diff->tunnels[diff->count++] = (struct diff_tunnel) { id, kind };
}

struct diff *diff_make(const struct config *before, const struct config *after)
{
	struct diff *diff = alloc_zeroed(1, sizeof(*diff));
	struct writer writer = { 0 };
	size_t length;

	writer.out = open_memstream(&diff->text, &length);
	if (!writer.out) {
		diff->text = alloc_string("");
		return diff;
	}
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		const struct sides sides = { before, after, 0, 0 };

		if (command->contexts == COMMAND_GLOBAL && command->print &&
			command->print != command_print_interface)
			(void)differs(&writer, &sides, command);
	}
	for (size_t i = 0; i < before->node.iface_count; i++) {
		uint32_t id = before->node.ifaces[i].id;

		compare_tunnel(diff, &writer, &(struct sides) { before, after, i, index_of(after, id) }, id);
	}
	for (size_t i = 0; i < after->node.iface_count; i++) {
		uint32_t id = after->node.ifaces[i].id;

		if (index_of(before, id) == NONE)
			compare_tunnel(diff, &writer, &(struct sides) { before, after, NONE, i }, id);
	}
	fclose(writer.out);
	diff->lines = writer.lines;
	return diff;
}

enum diff_kind diff_of(const struct diff *diff, uint32_t id)
{
	for (size_t i = 0; i < diff->count; i++) {
		if (diff->tunnels[i].id == id)
			return diff->tunnels[i].kind;
	}
	return DIFF_SAME;
}

void diff_free(struct diff *diff)
{
	if (!diff)
		return;
	free(diff->tunnels);
	free(diff->text);
	free(diff);
}
