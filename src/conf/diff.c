// SPDX-License-Identifier: GPL-2.0-or-later
// The lines of a block are compared as two sets, as their order means nothing, and written in the order of
// the configuration: a command prints its entries, and those of the blocks that it has, in an order of its
// own.
#include "conf/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/private.h"
#include "conf/command.h"
#include "conf/print.h"
#include "conf/schema.h"

#define NONE      SIZE_MAX ///< index of a tunnel that is not there
#define DEPTH_MAX 4        ///< of blocks in blocks

/// A line that a command prints. Those behind it that stand further in are its block.
struct line {
	const char *text;  ///< with its secrets
	const char *shown; ///< without
	size_t span;       ///< how many lines it is with its block
	struct line *same; ///< what says the same in the same block of the other side; NULL: nothing
	UT_hash_handle hh;
};

/// The lines that a command prints.
struct lines {
	char *text, *shown; ///< they lie in them
	struct line *items;
	size_t count;
};

static char *print(
	const struct config *config, size_t index, const struct command *command, bool hide_secrets)
{
	char *text;
	FILE *out = private_open(&text);

	if (index != NONE)
		print_command(out, config, index, command, hide_secrets);
	fclose(out);
	return text;
}

static size_t indent_of(const struct line *line)
{
	return strspn(line->text, " ");
}

static struct lines lines_of(const struct config *config, size_t index, const struct command *command)
{
	struct lines lines = { 0 };
	lines.text = print(config, index, command, false);
	lines.shown = print(config, index, command, true);
	char *text, *rest = lines.text, *shown, *shown_rest = lines.shown;

	while ((text = strsep(&rest, "\n")) && (shown = strsep(&shown_rest, "\n"))) {
		if (text[0] == '!' || text[0] == '\0')
			continue;
		lines.items = alloc_resize(lines.items, lines.count + 1, sizeof(*lines.items));
		lines.items[lines.count++] = (struct line) { .text = text, .shown = shown, .span = 1 };
	}
	for (size_t i = 0; i < lines.count; i++) {
		struct line *line = &lines.items[i];
		while (i + line->span < lines.count && indent_of(line + line->span) > indent_of(line))
			line->span++;
	}
	return lines;
}

static void lines_free(struct lines *lines)
{
	free(lines->items);
	private_free(lines->text);
	private_free(lines->shown);
}

/// Where the differences are written to.
struct writer {
	FILE *out;
	unsigned lines;
	const char *heads[DEPTH_MAX]; ///< of the blocks around
	unsigned depth, told;         ///< how many, and how many of them were written
};

/// Begins a block that both sides have; its head is written before the first line of it that differs.
static void enter(struct writer *writer, const char *head)
{
	if (writer->depth < DEPTH_MAX)
		writer->heads[writer->depth] = head;
	writer->depth++;
}

static void leave(struct writer *writer)
{
	writer->depth--;
	if (writer->told > writer->depth)
		writer->told = writer->depth;
}

static void write_line(struct writer *writer, char sign, const char *line)
{
	for (; writer->told < writer->depth; writer->told++) {
		if (writer->told < DEPTH_MAX)
			fprintf(writer->out, " %s\n", writer->heads[writer->told]);
	}
	fprintf(writer->out, "%c%s\n", sign, line);
	writer->lines++;
}

/// Lines of one block.
struct block {
	struct line *at, *end;
};

static struct block whole(const struct lines *lines)
{
	return (struct block) { lines->items, lines->items + lines->count };
}

static struct block inside(struct line *line)
{
	return (struct block) { line + 1, line + line->span };
}

/// Writes the first line with its block, and goes on to the next one.
static void write_next(struct writer *writer, char sign, struct block *block)
{
	for (size_t i = 0; i < block->at->span; i++)
		write_line(writer, sign, block->at[i].shown);
	block->at += block->at->span;
}

/// Finds for the lines of one block, those of blocks in it aside, what says the same in the other.
static void pair(struct block before, struct block after)
{
	struct line *table = NULL, *same;

	for (; after.at < after.end; after.at += after.at->span)
		HASH_ADD_KEYPTR(hh, table, after.at->text, strlen(after.at->text), after.at);
	for (; before.at < before.end; before.at += before.at->span) {
		HASH_FIND_STR(table, before.at->text, same);
		if (!same)
			continue;
		HASH_DEL(table, same);
		same->same = before.at;
		before.at->same = same;
	}
	HASH_CLEAR(hh, table);
}

/// Writes what differs between two blocks: each side's lines in their order, those of both in that of the
/// first side.
static void compare(struct writer *writer, struct block before, struct block after)
{
	pair(before, after);
	while (before.at < before.end || after.at < after.end) {
		if (before.at < before.end && !before.at->same) {
			write_next(writer, '-', &before);
		} else if (after.at < after.end && !after.at->same) {
			write_next(writer, '+', &after);
		} else if (after.at < after.end && after.at->same < before.at) {
			after.at += after.at->span; // was compared already
		} else {
			enter(writer, before.at->shown);
			compare(writer, inside(before.at), inside(before.at->same));
			leave(writer);
			before.at += before.at->span;
		}
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
	struct lines before = lines_of(sides->before, sides->from, command);
	struct lines after = lines_of(sides->after, sides->to, command);
	unsigned written = writer->lines;

	compare(writer, whole(&before), whole(&after));
	lines_free(&before);
	lines_free(&after);
	return writer->lines != written;
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
	char head[32];

	snprintf(head, sizeof(head), "interface Tunnel%u", id);
	if (sides->from == NONE || sides->to == NONE) {
		kind = sides->from == NONE ? DIFF_ADDED : DIFF_REMOVED;
		write_line(writer, kind == DIFF_ADDED ? '+' : '-', head);
	} else {
		enter(writer, head);
	}
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);

		if (command->contexts == COMMAND_TUNNEL && differs(writer, sides, command) &&
			kind_of(command) > kind)
			kind = kind_of(command);
	}
	if (kind != DIFF_ADDED && kind != DIFF_REMOVED)
		leave(writer);
	diff->tunnels = alloc_resize(diff->tunnels, diff->count + 1, sizeof(*diff->tunnels));
	diff->tunnels[diff->count++] = (struct diff_tunnel) { id, kind };
}

static void compare_tunnels(
	struct diff *diff, struct writer *writer, const struct config *before, const struct config *after)
{
	for (size_t i = 0; i < before->node.iface_count; i++) {
		uint32_t id = before->node.ifaces[i].id;

		compare_tunnel(diff, writer, &(struct sides) { before, after, i, index_of(after, id) }, id);
	}
	for (size_t i = 0; i < after->node.iface_count; i++) {
		uint32_t id = after->node.ifaces[i].id;

		if (index_of(before, id) == NONE)
			compare_tunnel(diff, writer, &(struct sides) { before, after, NONE, i }, id);
	}
}

struct diff *diff_make(const struct config *before, const struct config *after)
{
	const struct sides sides = { before, after, 0, 0 };
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

		if (command->print == command_print_interface)
			compare_tunnels(diff, &writer, before, after);
		else if (command->contexts == COMMAND_GLOBAL && command->print)
			(void)differs(&writer, &sides, command);
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
