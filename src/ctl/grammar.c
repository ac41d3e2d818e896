// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/grammar.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/// The word at `index` of a command, or NULL where the command has no such word.
static const char *word_at(const struct exec_command *command, size_t index, size_t *ret_length)
{
	const char *word = command->words;
	for (; index > 0; index--) {
		word = strchr(word, ' ');
		if (word == NULL)
			return NULL;
		word++;
	}
	*ret_length = strcspn(word, " ");
	return word;
}

/// How a typed word fits the word of a command, from not at all to best.
enum fit {
	FIT_NONE,
	FIT_ARGUMENT, ///< stands for a word in capitals
	FIT_PREFIX,
	FIT_EXACT,
};

static enum fit word_fit(const struct exec_command *command, size_t index, const char *typed)
{
	size_t length, typed_length = strlen(typed);
	const char *word = word_at(command, index, &length);
	if (word == NULL || typed_length == 0)
		return FIT_NONE;
	if (isupper((unsigned char)word[0]))
		return FIT_ARGUMENT;
	if (typed_length > length || strncasecmp(word, typed, typed_length) != 0)
		return FIT_NONE;
	return typed_length == length ? FIT_EXACT : FIT_PREFIX;
}

/// Commands that are still meant after the words so far.
struct candidates {
	const struct grammar *grammar;
	bool meant[GRAMMAR_ROWS_MAX];
};

static struct candidates all_of(const struct grammar *grammar)
{
	struct candidates candidates = { .grammar = grammar };
	for (size_t i = 0; i < grammar->count && i < GRAMMAR_ROWS_MAX; i++)
		candidates.meant[i] = true;
	return candidates;
}

/// Keeps the commands whose word at `index` fits `typed` best. Returns how well.
static enum fit narrow(struct candidates *candidates, size_t index, const char *typed)
{
	const struct grammar *grammar = candidates->grammar;
	enum fit best = FIT_NONE;
	for (size_t i = 0; i < grammar->count; i++) {
		enum fit fit = candidates->meant[i] ? word_fit(&grammar->rows[i], index, typed) : FIT_NONE;
		best = fit > best ? fit : best;
	}
	if (best == FIT_NONE)
		return best;
	for (size_t i = 0; i < grammar->count; i++)
		if (candidates->meant[i] && word_fit(&grammar->rows[i], index, typed) != best)
			candidates->meant[i] = false;
	return best;
}

/// The next different word at `index` of the commands that are meant, from row `*row` on; NULL at the end.
static const char *next_word(
	const struct candidates *candidates, size_t index, size_t *row, size_t *ret_length)
{
	for (; *row < candidates->grammar->count; (*row)++) {
		const char *word = candidates->meant[*row]
					   ? word_at(&candidates->grammar->rows[*row], index, ret_length)
					   : NULL;
		bool known = false;
		for (size_t i = 0; word != NULL && !known && i < *row; i++) {
			size_t length;
			const char *other = candidates->meant[i]
						    ? word_at(&candidates->grammar->rows[i], index, &length)
						    : NULL;
			known = other != NULL && length == *ret_length && strncmp(word, other, length) == 0;
		}
		if (word != NULL && !known) {
			(*row)++;
			return word;
		}
	}
	return NULL;
}

/// Writes the different words at `index` of the commands that are meant: "nhrp, route". Returns how many.
static size_t list_words(const struct candidates *candidates, size_t index, char *buffer, size_t size)
{
	size_t count = 0, row = 0, length;
	const char *word;
	buffer[0] = '\0';
	while ((word = next_word(candidates, index, &row, &length)) != NULL) {
		size_t used = strlen(buffer);
		snprintf(buffer + used, size - used, "%s%.*s", count > 0 ? ", " : "", (int)length, word);
		count++;
	}
	return count;
}

/// Narrows the candidates by one typed word. False and `err` where it means nothing, or several.
static bool take_word(
	struct candidates *candidates, size_t index, const char *word, bool *ret_argument, struct err *err)
{
	char known[240], typed[40];
	snprintf(typed, sizeof(typed), "%s", word);
	enum fit fit = narrow(candidates, index, word);
	size_t meanings = list_words(candidates, index, known, sizeof(known));
	if (fit == FIT_NONE && meanings == 0)
		return err_set(err, "Unknown word \"%s\": the command is complete before it.", typed);
	if (fit == FIT_NONE)
		return err_set(err, "Unknown word \"%s\"; known here: %s.", typed, known);
	if (meanings > 1)
		return err_set(err, "Ambiguous word \"%s\"; it could be: %s.", typed, known);
	*ret_argument = fit == FIT_ARGUMENT;
	return true;
}

/// The command that ends with `count` words, or NULL.
static const struct exec_command *ended(const struct candidates *candidates, size_t count)
{
	for (size_t i = 0; i < candidates->grammar->count; i++) {
		const struct exec_command *command = &candidates->grammar->rows[i];
		size_t length;
		if (candidates->meant[i] && command->view != NULL && word_at(command, count, &length) == NULL)
			return command;
	}
	return NULL;
}

const struct exec_command *grammar_find(const struct grammar *grammar, const char *const *words, size_t count,
	const char **ret_argument, struct err *err)
{
	struct candidates candidates = all_of(grammar);
	char known[240];
	for (size_t index = 0; index < count; index++) {
		bool argument;
		if (!take_word(&candidates, index, words[index], &argument, err))
			return NULL;
		if (argument)
			*ret_argument = words[index];
	}
	const struct exec_command *command = ended(&candidates, count);
	if (command == NULL) {
		list_words(&candidates, count, known, sizeof(known));
		err_set(err, "Incomplete command; it goes on with: %s.", known);
	}
	return command;
}

/// The help for the word at `index` of the row: of the row that ends with it, which says what it is for.
static const char *help_for(const struct candidates *candidates, size_t row, size_t index)
{
	const struct exec_command *rows = candidates->grammar->rows;
	size_t length = 0, other_length, rest;
	const char *word = word_at(&rows[row], index, &length);
	for (size_t i = 0; i < candidates->grammar->count; i++) {
		const char *other = candidates->meant[i] ? word_at(&rows[i], index, &other_length) : NULL;
		if (other != NULL && other_length == length && strncmp(word, other, length) == 0 &&
			word_at(&rows[i], index + 1, &rest) == NULL)
			return rows[i].help;
	}
	return rows[row].help;
}

json_t *grammar_complete(const struct grammar *grammar, const char *const *words, size_t count,
	const char *begun, bool *ret_end, struct err *err)
{
	struct candidates candidates = all_of(grammar);
	size_t row = 0, length, begun_length = strlen(begun);
	const char *word;
	bool argument;

	for (size_t index = 0; index < count; index++)
		if (!take_word(&candidates, index, words[index], &argument, err))
			return NULL;
	*ret_end = begun_length == 0 && ended(&candidates, count) != NULL;
	json_t *list = json_array();
	while ((word = next_word(&candidates, count, &row, &length)) != NULL) {
		argument = isupper((unsigned char)word[0]);
		if (!argument && (begun_length > length || strncasecmp(word, begun, begun_length) != 0))
			continue;
		json_array_append_new(
			list, json_pack("{s:s%, s:s, s:b}", "word", word, length, "help",
				      help_for(&candidates, row - 1, count), "argument", argument));
	}
	return list;
}
