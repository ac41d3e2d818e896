// SPDX-License-Identifier: GPL-2.0-or-later
/// Words which a router has in commands of ours, and we do not: why not, and what to write instead. Lines
/// that are not ours from their first words on are in conf/foreign.h.
#pragma once

struct match;

/// What there is to say of the word at which a match failed (MATCH_UNKNOWN), naming the word; NULL: nothing.
const char *hint_find(const struct match *match);
