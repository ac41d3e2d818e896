// SPDX-License-Identifier: GPL-2.0-or-later
/// Pages of output on a terminal, with " --More-- " between them: the blank goes on by a page, Enter by a
/// line, q and Ctrl-C end the output.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct pager;

/// A stream to standard output. `lines` of a page; 0: no paging.
FILE *pager_open(unsigned lines, struct pager **ret);
/// Somebody has seen enough: what is written is thrown away.
bool pager_has_ended(const struct pager *pager);
/// Lines and columns of the terminal; 24 and 80 where it does not say.
unsigned pager_lines(void);
unsigned pager_columns(void);
