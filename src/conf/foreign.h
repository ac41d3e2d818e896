// SPDX-License-Identifier: GPL-2.0-or-later
/// The lines of a router's configuration that are not ours, known by their first words.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "conf/lex.h"

enum foreign_place {
	FOREIGN_GLOBAL,    ///< opens a block, or is a line outside of blocks
	FOREIGN_INTERFACE, ///< a line of an interface's block, too
	FOREIGN_TUNNEL,    ///< as FOREIGN_GLOBAL; in a tunnel's block an error
	FOREIGN_INSIDE,    ///< only in a block of other software, where it belongs to that
	FOREIGN_CRYPTO,    ///< a line of a `crypto` block that changes nothing here
	FOREIGN_NOISE,     ///< what a terminal prints around a configuration; nothing to tell
	FOREIGN_BANNER,    ///< goes on to its delimiter
};

struct foreign {
	enum foreign_place place;
	const char *words; ///< the first words, lower case
	enum conf_severity severity;
	const char *text; ///< NULL: "not ours"
};

/// The row with the most words that the line has from word `first` on; NULL where there is none. `crypto`: of
/// the rows for a block of `crypto`, else of all the others.
const struct foreign *foreign_find(const struct lex_line *line, size_t first, bool crypto);
/// For tests and manuals: the rows in order; NULL behind the last one.
const struct foreign *foreign_row(size_t index);
