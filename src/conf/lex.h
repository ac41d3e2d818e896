// SPDX-License-Identifier: GPL-2.0-or-later
/// Text into lines, lines into words.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LEX_LINE_MAX  4096 ///< characters of a line
#define LEX_WORDS_MAX 64   ///< words of a line that are told apart; no command has as many

struct lex_word {
	const char *text;
	unsigned column; ///< 1-based
};

/// One line. Its words point into it, so it is not copied.
struct lex_line {
	unsigned number;              ///< 1-based
	unsigned indent;              ///< characters of blank space before the first word
	bool too_long;                ///< over LEX_LINE_MAX characters: without words
	char text[LEX_LINE_MAX + 1];  ///< the line without its end and without blank space at its end
	char split[LEX_LINE_MAX + 1]; ///< the same with a NUL behind each word
	struct lex_word words[LEX_WORDS_MAX];
	size_t count;
};

/// Where a text is being read.
struct lex {
	const char *text; ///< borrowed
	size_t length;
	size_t offset;
	unsigned number; ///< of the line that was read last
};

/// A UTF-8 byte order mark at the start is skipped.
struct lex lex_make(const char *text, size_t length);
/// Reads the next line; false at the end of the text. Lines end with LF or CR LF.
bool lex_next(struct lex *lex, struct lex_line *ret_line);
/// The rest of the line from word `index` on; "" where there is no such word.
const char *lex_rest(const struct lex_line *line, size_t index);
