// SPDX-License-Identifier: GPL-2.0-or-later
// What is parsed is always a whole: what runs, printed, then the lines of the open block, then the new line.
// Lines of a block that were applied before say nothing new the second time, so that they only open it again.
#include "ctl/configure.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/private.h"
#include "conf/arg.h"
#include "conf/conf.h"
#include "conf/schema.h"
#include "ctl/change.h"
#include "ctl/context.h"
#include "ctl/view.h"

#define OPTIONS_MAX 64
#define BLOCK_MAX   65536 ///< bytes of lines of one block

static json_t *message(const char *text)
{
	return json_pack("{s:s, s:o}", "schema", "dmvpn/message/1", "text", view_text(text));
}

void configure_begin(struct ctl_configure *configure)
{
	configure_end(configure);
	configure->active = true;
	configure->context = COMMAND_GLOBAL;
}

static void forget_block(struct ctl_configure *configure)
{
	private_free(configure->block);
	configure->block = NULL;
	configure->waiting = configure->astray = false;
	configure->context = COMMAND_GLOBAL;
}

void configure_end(struct ctl_configure *configure)
{
	forget_block(configure);
	configure->active = false;
}

const char *configure_mode(const struct ctl_configure *configure)
{
	if (!configure->active)
		return NULL;
	switch (configure->context) {
	case COMMAND_GLOBAL:
		return "config";
	case COMMAND_TUNNEL:
		return configure->waiting ? "config-if*" : "config-if";
	default:
		return configure->waiting ? "config-crypto*" : "config-crypto";
	}
}

static bool fits(const char *line, unsigned contexts)
{
	struct lex lex = lex_make(line, strlen(line));
	struct lex_line words;
	bool ok = lex_next(&lex, &words) && match_line(&words, contexts).status == MATCH_OK;
	explicit_bzero(&words, sizeof(words)); // there may be a secret in it
	return ok;
}

/// A line as it stands in the text: in the block where it belongs there. The caller frees it with
/// private_free().
static char *placed(const struct ctl_configure *configure, const char *line)
{
	char *text;
	FILE *out = private_open(&text);
	bool inside = configure->context != COMMAND_GLOBAL && fits(line, configure->context);
	unsigned indent = !inside ? 0 : configure->context == COMMAND_PEER ? 2 : 1;
	fprintf(out, "%*s%s\n", (int)indent, "", line);
	fclose(out);
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/// The first error that the line itself has, or the first one at all, as `own` says; NULL where there is
/// none.
static const struct conf_message *find_error(const struct conf_messages *messages, unsigned line, bool own)
{
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *one = &messages->items[i];
		if (one->severity == CONF_ERROR && (!own || (one->line == line && one->column > 0)))
			return one;
	}
	return NULL;
}

/// What there is to say of the line when it is taken: warnings, and why it waits.
static json_t *tell(const struct conf_messages *messages, unsigned line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *one = &messages->items[i];
		if (one->severity == CONF_ERROR)
			fprintf(out, "%% Not applied yet: %s\n", one->text);
		else if (one->line >= line)
			fprintf(out, "%% %s\n", one->text);
	}
	fclose(out);
	json_t *told = message(text);
	free(text);
	return told;
}

/// The text which the line makes of what runs; the caller frees it with private_free(). `*ret_line`: the
/// number of the line.
static char *whole_text(const struct ctl_configure *configure, const struct ctl_context *context,
	const char *placed_line, unsigned *ret_line)
{
	char *running = conf_print(context->config, false), *text;
	FILE *out = private_open(&text);
	fprintf(out, "%s%s", running, configure->block != NULL ? configure->block : "");
	fflush(out);
	*ret_line = count_lines(text) + 1;
	fputs(placed_line, out);
	fclose(out);
	private_free(running);
	return text;
}

/// The line belongs to the block from here on; a line outside of blocks begins a new one.
static void keep(struct ctl_configure *configure, const char *placed_line, unsigned context, bool waits)
{
	bool inside = placed_line[0] == ' ' && configure->block != NULL;
	char *text;
	FILE *out = private_open(&text);
	fprintf(out, "%s%s", inside ? configure->block : "", placed_line);
	fclose(out);
	forget_block(configure);
	if (context == COMMAND_GLOBAL && !waits) {
		private_free(text);
		return;
	}
	configure->block = text;
	configure->context = context;
	configure->waiting = waits;
}

/// Is the first word this one, with at least two letters of it?
static bool begins_with(const char *line, const char *word)
{
	size_t length = strcspn(line, " \t");
	return length >= 2 && length <= strlen(word) && strncasecmp(line, word, length) == 0;
}

static bool opens_block(const char *line)
{
	return begins_with(line, "interface") || begins_with(line, "crypto");
}

/// Is it the first line of the block that is open, to go on with it?
static bool opens_again(const struct ctl_configure *configure, const char *placed_line)
{
	return configure->block != NULL &&
	       strncasecmp(configure->block, placed_line, strlen(placed_line)) == 0;
}

static bool apply(struct ctl_context *context, const char *text, struct ctl_change *ret)
{
	return context->configure(context->owner, text, strlen(text), ret);
}

static json_t *take(
	struct ctl_configure *configure, struct ctl_context *context, const char *line, struct err *err)
{
	unsigned number, after;
	char *own = placed(configure, line);
	char *text = whole_text(configure, context, own, &number);
	struct conf_messages messages;
	struct ctl_change change = { 0 };
	json_t *told = NULL;

	struct config *config = conf_parse_open(text, strlen(text), &messages, &after);
	const struct conf_message *fault = find_error(&messages, number, true);
	bool again = opens_again(configure, own);
	if (opens_block(line))
		configure->astray = configure->block != NULL && !again;
	if (fault != NULL)
		err_set(err, "%s", fault->text);
	else if (configure->waiting && again)
		told = tell(&messages, number);
	else if (configure->waiting && own[0] != ' ')
		err_set(err,
			"The lines of this block wait: %s. Complete the block, beginning with `%.*s`, or give it up "
			"with `abort`.",
			find_error(&messages, 0, false) ? find_error(&messages, 0, false)->text : "",
			(int)strcspn(configure->block, "\n"), configure->block);
	else if (config != NULL && !apply(context, text, &change))
		err_set(err, "The daemon could not apply it.");
	else {
		told = tell(&messages, number);
		keep(configure, own, after, config == NULL);
	}
	ctl_change_free(&change);
	conf_messages_free(&messages);
	conf_free(config);
	private_free(text);
	private_free(own);
	return told;
}

static json_t *leave(struct ctl_configure *configure, bool whole, struct err *err)
{
	if (configure->waiting) {
		err_set(err,
			"The lines of this block are not applied, as it is not complete: go on with it, or "
			"give it up with `abort`.");
		return NULL;
	}
	if (whole || configure->context == COMMAND_GLOBAL)
		configure_end(configure);
	else
		forget_block(configure);
	return message("");
}

json_t *configure_line(
	struct ctl_configure *configure, struct ctl_context *context, const char *line, struct err *err)
{
	line += strspn(line, " \t");
	if (context->configure == NULL) {
		err_set(err, "This daemon cannot be configured while it runs.");
		return NULL;
	}
	if (begins_with(line, "end"))
		return leave(configure, true, err);
	if (begins_with(line, "exit") && configure->context != COMMAND_PEER)
		return leave(configure, false, err);
	if (begins_with(line, "abort")) {
		configure_end(configure);
		return message("");
	}
	if (line[0] == '!' || line[0] == '\0')
		return message("");
	if (configure->astray && !opens_block(line)) {
		err_set(err,
			"This is not taken, as the block that it stands in was refused. Begin a block, or give up "
			"with `abort`.");
		return NULL;
	}
	if (strlen(line) > LEX_LINE_MAX ||
		(configure->block != NULL && strlen(configure->block) + strlen(line) > BLOCK_MAX)) {
		err_set(err, "This is too long.");
		return NULL;
	}
	return take(configure, context, line, err);
}

/// Words that several commands begin with.
static const char *group_help(const char *element, size_t length)
{
	static const char *const groups[][2] = {
		{ "ip", "IP addresses, routes and NHRP" },
		{ "ipv6", "IPv6 addresses, routes and NHRP" },
		{ "nhrp", "Next Hop Resolution Protocol" },
		{ "map", "Addresses in the underlay" },
		{ "multicast", "Receivers of multicast" },
		{ "registration", "How we register" },
		{ "authentication", "Who may speak NHRP with us" },
		{ "tunnel", "Ends and form of the tunnel" },
		{ "crypto", "IKE and IPsec" },
		{ "ikev2", "Internet Key Exchange version 2" },
		{ "ipsec", "IPsec" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (strlen(groups[i][0]) == length && strncmp(groups[i][0], element, length) == 0)
			return groups[i][1];
	return NULL;
}

static json_t *option_view(const struct match_option *option)
{
	char described[ARG_DESCRIPTION_SIZE];
	bool argument = arg_is(option->element);
	const char *help = option->help;
	if (argument)
		help = arg_describe(option->element, described);
	else if (option->commands > 1 && group_help(option->element, option->length) != NULL)
		help = group_help(option->element, option->length);
	return json_pack("{s:s%, s:s, s:b}", "word", option->element, option->length, "help", help,
		"argument", argument);
}

static void add_own(json_t *list, const char *word, const char *help, const char *begun)
{
	if (strncasecmp(word, begun, strlen(begun)) == 0)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:b}", "word", word, "help", help, "argument", 0));
}

json_t *configure_complete(const struct ctl_configure *configure, const char *line, const char *begun,
	bool *ret_end, struct err *err)
{
	unsigned contexts = configure->context | COMMAND_GLOBAL;
	struct match_option options[OPTIONS_MAX];
	struct lex lex = lex_make(line, strlen(line));
	struct lex_line words = { 0 };
	bool is_first;
	size_t count;
	json_t *list;

	(void)lex_next(&lex, &words);
	count = match_options(&words, contexts, options, OPTIONS_MAX, ret_end);
	is_first = words.count == 0;
	explicit_bzero(&words, sizeof(words));
	if (count == 0 && !*ret_end) {
		err_set(err, "No command begins so.");
		return NULL;
	}
	*ret_end = *ret_end && begun[0] == '\0';
	list = json_array();
	for (size_t i = 0; i < count; i++)
		if (arg_is(options[i].element) ||
			(strlen(begun) <= options[i].length &&
				strncasecmp(options[i].element, begun, strlen(begun)) == 0))
			json_array_append_new(list, option_view(&options[i]));
	if (is_first) {
		add_own(list, "no", "The opposite of a command", begun);
		add_own(list, "do", "A command of the shell", begun);
		add_own(list, "abort", "End without the lines that wait", begun);
	}
	return list;
}
