// SPDX-License-Identifier: GPL-2.0-or-later
/// A binary trie over prefixes of both families: exact and longest-prefix match, and the walk over
/// everything inside a prefix. Values are the caller's pointers, never NULL.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct trie_node;

/// All zero is an empty trie.
struct trie {
	struct trie_node *root_ipv4;
	struct trie_node *root_ipv6;
	size_t count;
};

/// Returns the value that was there before, or NULL.
void *trie_set(struct trie *trie, struct prefix prefix, void *value);
/// Takes it out and returns it, or NULL.
void *trie_remove(struct trie *trie, struct prefix prefix);
void *trie_exact(const struct trie *trie, struct prefix prefix);
/// The value of the longest prefix which covers `addr`, or NULL.
void *trie_longest(const struct trie *trie, struct addr addr);
/// The value of the longest prefix which covers the whole of `prefix` (itself included), or NULL.
void *trie_covering(const struct trie *trie, struct prefix prefix);
/// The value of the first prefix, in order of address and then length, which lies in `within` and comes
/// after `after` (NULL: the first of all); `*ret` is that prefix. NULL at the end. The trie may be changed
/// between two calls.
void *trie_next(
	const struct trie *trie, struct prefix within, const struct prefix *after, struct prefix *ret);
/// Frees the nodes; the values are the caller's.
void trie_done(struct trie *trie);
