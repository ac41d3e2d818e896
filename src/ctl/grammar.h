// SPDX-License-Identifier: GPL-2.0-or-later
/// The grammar of the operator's commands: rows of words, of which the typed words pick one. A word is meant
/// where it is a prefix of exactly one of the words that can follow, or that word itself. A word in capitals
/// stands for an argument, and is taken where no keyword fits.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/attr.h"
#include "base/err.h"

struct ctl_call;
struct view;

struct exec_command {
	const char *words;
	const char *help;
	const char *view; ///< of the reply; NULL: only words that commands begin with
	json_t *(*run)(const struct ctl_call *call);   ///< returns the data, or NULL and call->err
	struct view *(*open)(const struct ctl_call *); ///< the same for a view in parts
	int option;
};

#define GRAMMAR_ROWS_MAX 128

struct grammar {
	const struct exec_command *rows;
	size_t count; ///< up to GRAMMAR_ROWS_MAX
};

/// The command that the words mean, and what was typed for its argument (untouched where it has none). NULL
/// and `err` where there is none or more than one.
const struct exec_command *grammar_find(const struct grammar *grammar, const char *const *words, size_t count,
	const char **ret_argument, struct err *err);

/// What can follow `count` words and begins with `begun` ("": anything): a list of objects with "word",
/// "help" and "argument"; `*ret_end`: the command may end here. NULL and `err` where the words before mean
/// nothing.
json_t *grammar_complete(const struct grammar *grammar, const char *const *words, size_t count,
	const char *begun, bool *ret_end, struct err *err);
