// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/lex.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct lex lex_make(const char *text, size_t length)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct lex lex = { .text = text, .length = length };

	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		lex.offset = 3;
	return lex;
}

static void split_words(struct lex_line *line)
{
	char *at = line->split;

	strcpy(line->split, line->text);
	while (line->count < LEX_WORDS_MAX) {
		while (is_blank(*at))
			at++;
		if (*at == '\0')
			break;
		line->words[line->count++] =
			(struct lex_word) { .text = at, .column = (unsigned)(at - line->split) + 1 };
		while (*at != '\0' && !is_blank(*at))
			at++;
		if (*at == '\0')
			break;
		*at++ = '\0';
	}
	line->indent = line->count > 0 ? line->words[0].column - 1 : 0;
}

bool lex_next(struct lex *lex, struct lex_line *ret_line)
{
	const char *start = lex->text + lex->offset;
	size_t left = lex->length - lex->offset;

	if (left == 0)
		return false;
	const char *end = memchr(start, '\n', left);
	size_t length = end ? (size_t)(end - start) : left;

	lex->offset += length + (end ? 1 : 0);
	while (length > 0 && (is_blank(start[length - 1]) || start[length - 1] == '\r'))
		length--;
	ret_line->number = ++lex->number;
	ret_line->count = 0;
	ret_line->indent = 0;
	ret_line->too_long = length > LEX_LINE_MAX;
	if (ret_line->too_long)
		length = 0;
	memcpy(ret_line->text, start, length);
	ret_line->text[length] = '\0';
	split_words(ret_line);
	return true;
}

const char *lex_rest(const struct lex_line *line, size_t index)
{
	return index < line->count ? line->text + line->words[index].column - 1 : "";
}
