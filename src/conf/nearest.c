// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "conf/arg.h"

#define WORD_MAX 31 ///< longer words resemble no keyword

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/// The optimal string alignment distance.
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_length; i++)
		cost[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = cost[i - 1][j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
			size_t add_or_drop = smaller(cost[i - 1][j], cost[i][j - 1]) + 1;
			cost[i][j] = smaller(change, add_or_drop);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
				same_letter(a[i - 2], b[j - 1]))
				cost[i][j] = smaller(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	}
	return cost[a_length][b_length];
}

const char *nearest_keyword(const char *const *elements, size_t count, const char *word)
{
	const char *nearest = NULL;
	size_t best = WORD_MAX;
	size_t word_length = strlen(word);

	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(elements[i], " []{}|");
		if (arg_is(elements[i]) || length > WORD_MAX || word_length > WORD_MAX)
			continue;
		size_t wrong = distance(elements[i], length, word, word_length);
		size_t longer = length > word_length ? length : word_length;
		if (wrong < best && wrong <= (longer + 1) / 3) {
			best = wrong;
			nearest = elements[i];
		}
	}
	return nearest;
}
