// SPDX-License-Identifier: GPL-2.0-or-later
// Line by line: a line is a command of ours in the open block or outside of it, or a known line of other
// software, or a mistake. Blocks of other software are recognised by their first line and left by
// indentation or by the next command outside of blocks, so that a misspelt command of ours is not lost in
// one.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/err.h"
#include "conf/arg.h"
#include "conf/check.h"
#include "conf/draft.h"
#include "conf/foreign.h"
#include "conf/hint.h"
#include "conf/message.h"
#include "conf/name.h"
#include "conf/schema.h"

#define FILE_MAX (16 * 1024 * 1024) ///< bytes

/// A banner runs on until its delimiter comes again.
struct banner {
	char delimiter[3]; ///< empty: no banner is open
	unsigned line;
};

static void obey(struct draft *draft, const struct match *match)
{
	const struct command *command = match->command;
	const struct command_field *field = &command->field;
	uint32_t value = field->default_value;

	if (command->contexts == COMMAND_GLOBAL) {
		draft->current = DRAFT_NO_TUNNEL;
		draft->foreign = false;
		draft->crypto = 0;
	}
	if (command->set) {
		command->set(draft, match);
		return;
	}
	if (!match->negated && field->kind == FIELD_FLAG)
		value = !field->default_value;
	else if (!match->negated) // the number is the last word
		(void)!arg_number(match->line->words[match->first + match->count - 1].text, &value);
	schema_field_set(draft->config, draft->current, field, value);
}

static void tell_foreign(
	struct draft *draft, const struct lex_line *line, const struct foreign *foreign, bool is_error)
{
	const char *text = foreign->text && foreign->severity == CONF_WARNING ? foreign->text : "not ours";

	if (is_error)
		message_error(draft->messages, line->number, line->words[0].column, "`%s`: %s",
			foreign->words, foreign->text);
	else
		message_warning(draft->messages, line->number, 0, "`%s`: %s, this changes nothing",
			foreign->words, text);
}

/// The delimiter of "banner motd ^C…" is the first character behind the kind of banner; "^C" is one.
static void open_banner(struct banner *banner, const struct lex_line *line)
{
	const char *text = lex_rest(line, 2);
	size_t length = strncmp(text, "^C", 2) == 0 ? 2 : 1;

	if (*text == '\0' || strstr(text + length, (char[3]) { text[0], length == 2 ? 'C' : '\0' }))
		return;
	memcpy(banner->delimiter, text, length);
	banner->delimiter[length] = '\0';
	banner->line = line->number;
}

static void obey_foreign(struct draft *draft, const struct lex_line *line, const struct foreign *foreign,
	struct banner *banner)
{
	bool negated = strcasecmp(line->words[0].text, "no") == 0;
	bool in_tunnel = draft->current != DRAFT_NO_TUNNEL && line->indent > draft->block_indent;
	bool is_error = foreign->severity == CONF_ERROR && !negated;

	switch (foreign->place) {
	case FOREIGN_NOISE:
		return;
	case FOREIGN_BANNER:
		if (!negated)
			open_banner(banner, line);
		break;
	case FOREIGN_TUNNEL:
	case FOREIGN_GLOBAL:
		is_error &= in_tunnel || foreign->place == FOREIGN_GLOBAL;
		if (!negated && !in_tunnel)
			draft_open_foreign(draft, line, false);
		break;
	case FOREIGN_INTERFACE:
	case FOREIGN_INSIDE:
	case FOREIGN_CRYPTO:
		break;
	}
	tell_foreign(draft, line, foreign, is_error);
}

/// "; did you mean `ip nhrp shortcut`?", or nothing.
static const char *did_you_mean(const struct match *match, unsigned context, char buffer[static 200])
{
	char suggestion[MATCH_TEXT_SIZE];

	match_suggest(match, context, suggestion);
	if (suggestion[0] == '\0')
		return "";
	snprintf(buffer, 200, "; did you mean `%s`?", suggestion);
	return buffer;
}

static const char *ipv6_remark(const char *word)
{
	struct addr addr;

	return strchr(word, ':') && addr_parse(word, &addr) ? "; IPv6 is not supported yet" : "";
}

/// A word that does not fit where it stands.
static void tell_misfit(struct draft *draft, const struct match *match, unsigned context)
{
	const struct lex_word *word = &match->line->words[match->failed];
	unsigned line = match->line->number;
	char quoted[QUOTE_SIZE];
	char meant[200];
	const char *hint = hint_find(match);

	message_quote(match->secret ? "*****" : word->text, quoted);
	if (hint)
		message_error(draft->messages, line, word->column, "%s", hint);
	else if (match->near || match->failed == match->first)
		message_error(draft->messages, line, word->column, "unknown command \"%s\"%s", quoted,
			did_you_mean(match, context, meant));
	else if (match->expected[0] == '\0')
		/* What was taken for a secret may be another word, which nobody shall be left with. */
		message_error(draft->messages, line, word->column,
			"\"%s\" is too much%s; the command is `%s`", quoted,
			match->secret ? "" : ": leave it out", match->command->syntax);
	else
		message_error(draft->messages, line, word->column, "expected %s, not \"%s\"%s",
			match->expected, quoted, ipv6_remark(word->text));
}

/// A line that is no command: what is wrong with it.
static void tell_mistake(struct draft *draft, const struct match *match, unsigned context)
{
	const struct lex_line *line = match->line;
	char quoted[QUOTE_SIZE];

	switch (match->status) {
	case MATCH_OK:
		break;
	case MATCH_UNKNOWN:
		tell_misfit(draft, match, context);
		break;
	case MATCH_AMBIGUOUS:
		message_error(draft->messages, line->number, line->words[match->failed].column,
			"\"%s\" is ambiguous: %s", message_quote(line->words[match->failed].text, quoted),
			match->expected);
		break;
	case MATCH_INCOMPLETE:
		message_error(draft->messages, line->number, (unsigned)strlen(line->text) + 1,
			"the command is incomplete: %s is missing", match->expected);
		break;
	}
}

/// Commands outside of blocks that leave a foreign block in spite of their indentation. They are spelt out,
/// as lines of other software may look like their abbreviations, and open no other interface.
static bool leaves_foreign(const struct match *global)
{
	const char *first = global->line->words[global->first].text;
	char name[MATCH_INTERFACE_SIZE];
	uint32_t id;

	if (global->status != MATCH_OK || global->command->contexts != COMMAND_GLOBAL ||
		strlen(first) != strcspn(global->command->syntax, " "))
		return false;
	return !match_has(global, "INTERFACE") || match_has(global, "route") ||
	       name_tunnel(match_interface(global, name), &id);
}

/// A command that no block of other software has, but for those of interfaces.
static bool is_tunnels_own(const struct match *tunnel)
{
	return tunnel->status == MATCH_OK &&
	       (match_has(tunnel, "nhrp") || strncmp(tunnel->command->syntax, "tunnel ", 7) == 0);
}

/// Is the line part of the foreign block that is open? Lines with more indentation than the first one are;
/// of the others those that such a block can have.
static bool is_inside_foreign(const struct draft *draft, const struct match *global,
	const struct match *tunnel, const struct foreign *foreign)
{
	if (global->line->indent > draft->block_indent)
		return !leaves_foreign(global) && (draft->foreign_interface || !is_tunnels_own(tunnel));
	if (global->status == MATCH_OK)
		return false;
	if (foreign)
		return foreign->place == FOREIGN_INTERFACE || foreign->place == FOREIGN_INSIDE;
	return tunnel->count > 0 && draft->foreign_interface;
}

/// Of the two contexts, the one where the line made more sense.
static void tell_nearer(struct draft *draft, const struct match *global, const struct match *tunnel)
{
	bool in_tunnel = draft->current != DRAFT_NO_TUNNEL;
	bool nearer_tunnel = tunnel->count == global->count && !global->near && (in_tunnel || tunnel->near);

	if (tunnel->status == MATCH_OK)
		message_error(draft->messages, tunnel->line->number, tunnel->line->words[0].column,
			"this command belongs into a block: put `interface Tunnel1` before it");
	else if (tunnel->count > global->count || nearer_tunnel)
		tell_mistake(draft, tunnel, COMMAND_TUNNEL);
	else
		tell_mistake(draft, global, COMMAND_GLOBAL);
}

/// A line in a block of `crypto`. One that stands no further in than the block's first line may be of the
/// block only where it is nothing else. Returns whether it was of the block.
static bool read_crypto_line(struct draft *draft, const struct lex_line *line)
{
	bool inside = line->indent > draft->block_indent;
	struct match match = match_line(line, draft->crypto);
	const struct foreign *foreign = foreign_find(line, match.first, true);

	if (!inside && match_line(line, COMMAND_GLOBAL).status == MATCH_OK)
		return false;
	if (match.status == MATCH_OK)
		obey(draft, &match);
	else if (foreign && foreign->place == FOREIGN_CRYPTO)
		tell_foreign(draft, line, foreign, foreign->severity == CONF_ERROR && !match.negated);
	else if (inside)
		tell_mistake(draft, &match, draft->crypto);
	else
		return false;
	return true;
}

static void read_line(struct draft *draft, const struct lex_line *line, struct banner *banner)
{
	if (draft->crypto != 0 && read_crypto_line(draft, line))
		return;
	struct match tunnel = match_line(line, COMMAND_TUNNEL);

	if (draft->current != DRAFT_NO_TUNNEL && tunnel.status == MATCH_OK) {
		obey(draft, &tunnel);
		return;
	}
	struct match global = match_line(line, COMMAND_GLOBAL);
	const struct foreign *foreign = foreign_find(line, global.first, false);
	if (draft->foreign && is_inside_foreign(draft, &global, &tunnel, foreign))
		return;
	if (global.status == MATCH_OK)
		obey(draft, &global);
	else if (foreign && foreign->place != FOREIGN_INSIDE)
		obey_foreign(draft, line, foreign, banner);
	else
		tell_nearer(draft, &global, &tunnel);
}

static void read_lines(struct draft *draft, const char *text, size_t length)
{
	struct lex lex = lex_make(text, length);
	struct lex_line line;
	struct banner banner = { 0 };

	while (lex_next(&lex, &line)) {
		if (line.too_long) {
			message_error(draft->messages, line.number, LEX_LINE_MAX + 1,
				"the line has more than %d characters", LEX_LINE_MAX);
		} else if (banner.delimiter[0] != '\0') {
			if (strstr(line.text, banner.delimiter))
				banner.delimiter[0] = '\0';
		} else if (line.count > 0 && line.words[0].text[0] != '!') {
			read_line(draft, &line, &banner);
		}
	}
	if (banner.delimiter[0] != '\0')
		message_error(draft->messages, banner.line, 0,
			"the banner has no end: the delimiter \"%s\" does not come again",
			banner.delimiter[0] > ' ' && banner.delimiter[0] <= '~' ? banner.delimiter : "?");
	explicit_bzero(&line, sizeof(line)); // there were secrets in it
}

/// Is it a text at all?
static bool check_text(const char *text, size_t length, struct conf_messages *messages)
{
	const char *nul = length > 0 ? memchr(text, '\0', length) : NULL;
	unsigned line = 1;
	unsigned column = 1;

	if (length > FILE_MAX) {
		message_error(messages, 0, 0, "the file is larger than %d MiB", FILE_MAX / 1024 / 1024);
		return false;
	}
	if (!nul)
		return true;
	for (const char *at = text; at < nul; at++, column++) {
		if (*at == '\n') {
			line++;
			column = 0;
		}
	}
	message_error(messages, line, column, "the file has a NUL byte: it is not a text");
	return false;
}

static unsigned context_of(const struct draft *draft)
{
	if (draft->crypto != 0)
		return draft->crypto;
	return draft->current != DRAFT_NO_TUNNEL ? COMMAND_TUNNEL : COMMAND_GLOBAL;
}

struct config *conf_parse(const char *text, size_t length, struct conf_messages *ret_messages)
{
	unsigned context;

	return conf_parse_open(text, length, ret_messages, &context);
}

struct config *conf_parse_open(
	const char *text, size_t length, struct conf_messages *ret_messages, unsigned *ret_context)
{
	*ret_context = COMMAND_GLOBAL;
	*ret_messages = (struct conf_messages) { 0 };
	if (!check_text(text, length, ret_messages))
		return NULL;
	struct draft draft = {
		.config = alloc_zeroed(1, sizeof(*draft.config)),
		.messages = ret_messages,
		.current = DRAFT_NO_TUNNEL,
	};

	read_lines(&draft, text, length);
	*ret_context = context_of(&draft);
	check_finish(&draft);
	message_sort(ret_messages);
	draft_done(&draft);
	if (ret_messages->errors == 0)
		return draft.config;
	conf_free(draft.config);
	return NULL;
}

/// The whole file; NULL and an error on line 0 where it cannot be read.
static char *read_file(const char *path, size_t *ret_length, struct conf_messages *messages)
{
	FILE *file = fopen(path, "re");

	if (!file) {
		message_error(messages, 0, 0, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	setvbuf(file, NULL, _IONBF, 0);             // its buffer would keep a copy
	char *text = alloc_zeroed(FILE_MAX + 1, 1); // one more than allowed, so that more is seen
	*ret_length = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file)) {
		message_error(messages, 0, 0, "cannot read %s: %s", path, strerror(errno));
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

struct config *conf_load(const char *path, struct conf_messages *ret_messages)
{
	size_t length;

	*ret_messages = (struct conf_messages) { 0 };
	char *text = read_file(path, &length, ret_messages);
	if (!text)
		return NULL;
	struct config *config = conf_parse(text, length, ret_messages);
	explicit_bzero(text, length);
	free(text);
	return config;
}
