// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mono.h"

bool grammar_split(const char *line, struct words *ret, struct err *err)
{
	struct words words = { 0 };

	for (;;) {
		bool quoted;
		size_t length;

		line += strspn(line, " \t\r\n");
		if (*line == '\0' || *line == '#')
			break;
		quoted = *line == '"';
		line += quoted;
		length = strcspn(line, quoted ? "\"" : " \t\r\n");
		if (quoted && line[length] == '\0')
			return err_set(err, "a quote is not closed");
		if (length >= WORD_SIZE || words.count == MAX_WORDS)
			return err_set(err,
				"the line has a word of more than %d characters, or more than %d words",
				WORD_SIZE - 1, MAX_WORDS);
		memcpy(words.word[words.count++], line, length);
		line += length + quoted;
	}
	*ret = words;
	return true;
}

bool grammar_time(const char *text, int64_t *ret)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = { { "ms", MONO_MILLISECOND }, { "s", MONO_SECOND }, { "m", 60 * MONO_SECOND },
		{ "h", 3600 * MONO_SECOND }, { "d", 86400 * MONO_SECOND } };
	char *end;
	long long number = strtoll(text, &end, 10);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (isdigit((unsigned char)*text) && number < 10000000 && strcmp(end, units[i].name) == 0) {
			*ret = number * units[i].us;
			return true;
		}
	}
	return false;
}

static bool read_number(const char *text, int64_t *ret)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end != '\0' || number > UINT32_MAX)
		return false;
	*ret = number;
	return true;
}

static bool read_percent(const char *text, int64_t *ret)
{
	char number[WORD_SIZE];
	size_t length = strlen(text);

	if (length < 2 || text[length - 1] != '%')
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)(length - 1), text);
	return read_number(number, ret) && *ret <= 100;
}

static bool read_hosts(const char *text, bool many, struct value *value)
{
	static const char *const groups[] = { "all", "hubs", "spokes" };
	bool is_hub = strncmp(text, "hub", 3) == 0;
	int64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(groups) && many; i++) {
		if (strcmp(text, groups[i]) == 0) {
			value->hosts = (enum host_kind)i;
			return true;
		}
	}
	if ((!is_hub && strncmp(text, "spoke", 5) != 0) || !read_number(text + (is_hub ? 3 : 5), &number) ||
		number == 0)
		return false;
	value->hosts = is_hub ? HOSTS_ONE_HUB : HOSTS_ONE_SPOKE;
	value->index = (size_t)number - 1;
	return true;
}

static bool read_choice(const char *part, const char *word, struct value *value)
{
	size_t length = strlen(word);

	for (int64_t i = 0;; i++) {
		size_t end = strcspn(part, "|");

		if (end == length && strncmp(part, word, length) == 0) {
			value->number = i;
			return true;
		}
		if (part[end] == '\0')
			return false;
		part += end + 1;
	}
}

/// Reads one word by one part of a usage.
static bool read_value(const char *part, const char *word, struct value *value)
{
	value->is_set = true;
	snprintf(value->text, sizeof(value->text), "%s", word);
	if (strcmp(part, "HOST") == 0 || strcmp(part, "HOSTS") == 0)
		return read_hosts(word, part[4] == 'S', value);
	if (strcmp(part, "TIME") == 0)
		return grammar_time(word, &value->number);
	if (strcmp(part, "PERCENT") == 0)
		return read_percent(word, &value->number);
	if (strcmp(part, "NUMBER") == 0)
		return read_number(word, &value->number);
	if (strcmp(part, "ADDRESS") == 0)
		return addr_parse(word, &value->addr);
	if (strcmp(part, "PREFIX") == 0)
		return prefix_parse(word, &value->prefix);
	return strcmp(part, "TEXT") == 0 || read_choice(part, word, value);
}

static bool is_word_itself(const char *part)
{
	return islower((unsigned char)*part) && !strchr(part, '|');
}

/// A usage that is gone through part by part.
struct cursor {
	const char *at;
	char part[256];
	bool opens;  ///< a bracket before the part
	bool closes; ///< one behind it
};

static bool next_part(struct cursor *cursor)
{
	size_t length;

	cursor->at += strspn(cursor->at, " ");
	cursor->opens = *cursor->at == '[';
	cursor->at += cursor->opens;
	length = strcspn(cursor->at, " ");
	if (length == 0)
		return false;
	cursor->closes = cursor->at[length - 1] == ']';
	snprintf(cursor->part, sizeof(cursor->part), "%.*s", (int)length - cursor->closes, cursor->at);
	cursor->at += length;
	return true;
}

bool grammar_match(
	const char *usage, const struct words *words, struct value values[static MAX_VALUES], struct err *err)
{
	struct cursor cursor = { .at = usage };
	size_t count = 0, at = 0;
	bool skips = false;

	memset(values, 0, MAX_VALUES * sizeof(*values));
	while (next_part(&cursor)) {
		const char *word = at < words->count ? words->word[at] : NULL;

		if (cursor.opens) {
			// A bracket begins with a small word, which tells whether it is there.
			skips = !word || strcmp(cursor.part, word) != 0;
			values[count++].is_set = !skips;
		} else if (!is_word_itself(cursor.part)) {
			count++;
		}
		if (!skips && !word)
			return err_set(err, "something is missing at the end: write `%s`", usage);
		if (!skips && is_word_itself(cursor.part) && strcmp(cursor.part, word) != 0)
			return err_set(err, "`%s` where `%s` belongs: write `%s`", word, cursor.part, usage);
		if (!skips && !is_word_itself(cursor.part) &&
			!read_value(cursor.part, word, &values[count - 1]))
			return err_set(err, "`%s` is no %s: write `%s`", word, cursor.part, usage);
		at += !skips;
		skips = skips && !cursor.closes;
	}
	if (at < words->count)
		return err_set(err, "`%s` is too much: write `%s`", words->word[at], usage);
	return true;
}
