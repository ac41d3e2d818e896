// SPDX-License-Identifier: GPL-2.0-or-later
/// Pages of output on a terminal, with " --More-- " between them: the blank goes on by a page, Enter by a
/// line, q and Ctrl-C end the output.
#pragma once

#include <stdbool.h>
#include <stdio.h>

/// A stream to standard output. `lines` of a page; 0: no paging. Once somebody has seen enough, what is
/// written is thrown away.
FILE *pager_open(unsigned lines);
/// Lines of the terminal; 24 where it does not say.
unsigned pager_lines(void);
