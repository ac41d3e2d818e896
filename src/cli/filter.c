// SPDX-License-Identifier: GPL-2.0-or-later
// Each line goes through all filters in turn.
#include "cli/filter.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

static const struct {
	const char *name, *help;
	enum filter_kind kind;
} kinds[] = {
	{ "include", "Lines that match a regular expression", FILTER_INCLUDE },
	{ "exclude", "Lines that do not match", FILTER_EXCLUDE },
	{ "begin", "From the first line that matches on", FILTER_BEGIN },
	{ "section", "Lines that match, each with the block that it heads", FILTER_SECTION },
	{ "count", "How many lines match", FILTER_COUNT },
	{ "json", "The same facts as JSON", FILTER_INCLUDE },
};

const char *filter_name(size_t index, const char **ret_help)
{
	if (index >= ARRAY_SIZE(kinds))
		return NULL;
	*ret_help = kinds[index].help;
	return kinds[index].name;
}

static bool check_pattern(const char *pattern, struct err *err)
{
	char why[100];
	regex_t regex;
	int code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code != 0) {
		regerror(code, &regex, why, sizeof(why));
		return err_set(err, "\"%s\" is no regular expression: %s", pattern, why);
	}
	regfree(&regex);
	return true;
}

/// One filter: a word and, behind it, the pattern.
static bool parse_one(char *text, struct filters *filters, struct err *err)
{
	size_t length = strcspn(text, " \t"), found = ARRAY_SIZE(kinds);
	char *pattern = text + length + strspn(text + length, " \t");
	for (size_t i = ARRAY_SIZE(kinds); length > 0 && i-- > 0;)
		if (strncasecmp(kinds[i].name, text, length) == 0 && strlen(kinds[i].name) >= length)
			found = i;
	for (size_t end = strlen(pattern); end > 0 && strchr(" \t\n", pattern[end - 1]); end--)
		pattern[end - 1] = '\0';
	if (found == ARRAY_SIZE(kinds))
		return err_set(err,
			"unknown filter \"%.*s\"; known are: include, exclude, begin, section, count, json",
			(int)length, text);
	if (strcmp(kinds[found].name, "json") == 0) {
		filters->json = true;
		return true;
	}
	if (pattern[0] == '\0' && kinds[found].kind != FILTER_COUNT)
		return err_set(err, "`| %s` needs a regular expression", kinds[found].name);
	if (filters->count == FILTERS_MAX || strlen(pattern) >= sizeof(filters->items[0].pattern))
		return err_set(err, "the filter is too long");
	struct filter *filter = &filters->items[filters->count++];
	filter->kind = kinds[found].kind;
	strcpy(filter->pattern, pattern);
	return check_pattern(filter->pattern, err);
}

/// The next '|' that is a word of its own, or NULL.
static char *next_bar(char *line)
{
	for (char *bar = strchr(line, '|'); bar != NULL; bar = strchr(bar + 1, '|'))
		if ((bar == line || strchr(" \t", bar[-1])) && (bar[1] == '\0' || strchr(" \t", bar[1])))
			return bar;
	return NULL;
}

bool filters_parse(char *line, struct filters *ret, struct err *err)
{
	char *bar = next_bar(line);
	*ret = (struct filters) { 0 };
	while (bar != NULL) {
		*bar = '\0';
		char *text = bar + 1 + strspn(bar + 1, " \t");
		bar = next_bar(text);
		if (bar != NULL)
			*bar = '\0';
		if (!parse_one(text, ret, err))
			return false;
	}
	return true;
}

/// The filters at work.
struct sieve {
	FILE *out;
	struct filters filters;
	regex_t regexes[FILTERS_MAX];
	bool begun[FILTERS_MAX];
	size_t indents[FILTERS_MAX]; ///< of the heads of the sections that are begun
	size_t counts[FILTERS_MAX];
	char *line; ///< the line that is not at its end yet
	size_t length;
};

/// Is the line of a section? One that matches begins one, unless it stands in the one that is begun.
static bool in_section(struct sieve *sieve, size_t i, const char *line, bool fits)
{
	size_t indent = strspn(line, " \t");
	if (sieve->begun[i] && indent > sieve->indents[i])
		return true;
	sieve->begun[i] = fits;
	sieve->indents[i] = indent;
	return fits;
}

/// Gives a line to the filters from the first on.
static void sift(struct sieve *sieve, const char *line)
{
	for (size_t i = 0; i < sieve->filters.count; i++) {
		bool fits = regexec(&sieve->regexes[i], line, 0, NULL, 0) == 0;
		switch (sieve->filters.items[i].kind) {
		case FILTER_INCLUDE:
			if (!fits)
				return;
			break;
		case FILTER_EXCLUDE:
			if (fits)
				return;
			break;
		case FILTER_BEGIN:
			sieve->begun[i] |= fits;
			if (!sieve->begun[i])
				return;
			break;
		case FILTER_SECTION:
			if (!in_section(sieve, i, line, fits))
				return;
			break;
		case FILTER_COUNT:
			sieve->counts[i] += fits;
			return;
		}
	}
	fprintf(sieve->out, "%s\n", line);
}

static ssize_t sieve_write(void *cookie, const char *data, size_t size)
{
	struct sieve *sieve = cookie;
	for (size_t i = 0; i < size;) {
		const char *end = memchr(data + i, '\n', size - i);
		size_t length = end != NULL ? (size_t)(end - data) - i : size - i;
		sieve->line = alloc_resize(sieve->line, sieve->length + length + 1, 1);
		memcpy(sieve->line + sieve->length, data + i, length);
		sieve->length += length;
		sieve->line[sieve->length] = '\0';
		i += length + (end != NULL);
		if (end != NULL) {
			sift(sieve, sieve->line);
			sieve->length = 0;
		}
	}
	return (ssize_t)size;
}

static int sieve_close(void *cookie)
{
	struct sieve *sieve = cookie;
	if (sieve->length > 0)
		sift(sieve, sieve->line);
	for (size_t i = 0; i < sieve->filters.count; i++) {
		if (sieve->filters.items[i].kind == FILTER_COUNT)
			fprintf(sieve->out, "Number of lines which match regexp = %zu\n", sieve->counts[i]);
		regfree(&sieve->regexes[i]);
	}
	free(sieve->line);
	free(sieve);
	return 0;
}

FILE *filters_open(const struct filters *filters, FILE *out)
{
	if (filters->count == 0)
		return NULL;
	struct sieve *sieve = alloc_zeroed(1, sizeof(*sieve));
	sieve->out = out;
	sieve->filters = *filters;
	for (size_t i = 0; i < filters->count; i++)
		if (regcomp(&sieve->regexes[i], filters->items[i].pattern, REG_EXTENDED | REG_NOSUB) != 0)
			sieve->filters.count = i; // it was checked; cannot be
	return fopencookie(
		sieve, "w", (cookie_io_functions_t) { .write = sieve_write, .close = sieve_close });
}
