// SPDX-License-Identifier: GPL-2.0-or-later
/// A line of the file against the table of commands, as a router does it: word by word, keywords in any
/// case and abbreviated as long as only one of those possible at this place begins so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "conf/lex.h"

#define MATCH_WORDS_MAX 16 ///< words of the longest command
#define MATCH_TEXT_SIZE 160

struct command;

enum match_status {
	MATCH_OK,
	MATCH_UNKNOWN,    ///< word `failed` is none of those expected
	MATCH_AMBIGUOUS,  ///< word `failed` abbreviates several keywords
	MATCH_INCOMPLETE, ///< the line ends too early
};

struct match {
	enum match_status status;
	const struct lex_line *line;
	const struct command *command;         ///< with MATCH_OK; or it ended before word `failed`; else NULL
	bool negated;                          ///< a `no` form
	size_t first;                          ///< the first word of the command: 1 behind a `no`
	size_t count;                          ///< words of the command that were understood, from `first` on
	const char *elements[MATCH_WORDS_MAX]; ///< by which element of the syntax each of them
	size_t failed;                         ///< index of the word that did not fit
	bool secret;                           ///< do not show the words: a secret is among them
	char expected[MATCH_TEXT_SIZE];        ///< "`dynamic` or an IPv4 address"; empty: the end of the line
	const char *near;                      ///< the keyword that it resembles (an element), or NULL
};

/// Matches the line with the commands that `contexts` (enum command_context, or-ed) has.
struct match match_line(const struct lex_line *line, unsigned contexts);

/// A word that can follow.
struct match_option {
	const char *element; ///< of a syntax
	size_t length;       ///< of the element
	const char *help;    ///< of the command; of the first one, where several go on with it
	size_t commands;     ///< how many do
};

/// What can follow all words of the line, which may be a `no` form, in the order of the table: up to `max`
/// options. Returns how many; `*ret_end`: the line may end here. 0 options and no end where the line means
/// nothing.
size_t match_options(
	const struct lex_line *line, unsigned contexts, struct match_option *ret, size_t max, bool *ret_end);

/// The command that was meant by a line with a misspelt word, as far as can be guessed: its syntax where the
/// rest of the line fits just one. Returns `buffer`, empty where nothing comes near.
const char *match_suggest(const struct match *match, unsigned contexts, char buffer[static MATCH_TEXT_SIZE]);

/// The number behind a keyword, or `otherwise`. In this and the next functions the match is one with
/// MATCH_OK.
uint32_t match_number(const struct match *match, const char *keyword, uint32_t otherwise);
bool match_has(const struct match *match, const char *keyword);
/// Index in the line of the word that was an argument of type `type`, or -1.
int match_index(const struct match *match, const char *type);
/// The word that was an argument of type `type`, or NULL.
const char *match_argument(const struct match *match, const char *type);
/// The address in the argument of that type; not set where that was not given.
struct addr match_addr(const struct match *match, const char *type);
/// The prefix in NETWORK MASK, NETWORK/LENGTH, ADDRESS MASK or ADDRESS/LENGTH, with the host's bits.
struct prefix match_prefix(const struct match *match);
/// INTERFACE and UNIT put together. Returns `buffer`, which is empty where there was no INTERFACE.
#define MATCH_INTERFACE_SIZE 128
const char *match_interface(const struct match *match, char buffer[static MATCH_INTERFACE_SIZE]);
