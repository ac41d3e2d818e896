// SPDX-License-Identifier: GPL-2.0-or-later
// A path-compressed binary trie. A node has a value, or two children, or both: there are never more than
// twice as many nodes as values, and a walk from the root passes only nodes that branch or hold something.
// A child's prefix lies in its parent's, on the side that the first bit behind the parent's length tells.
#include "base/trie.h"

#include <stdlib.h>

#include "base/alloc.h"

struct trie_node {
	struct prefix prefix;
	void *value; ///< NULL: the node only branches
	struct trie_node *child[2];
};

static struct trie_node *root_of(const struct trie *trie, struct addr addr)
{
	return addr.family == ADDR_IPV6 ? trie->root_ipv6 : trie->root_ipv4;
}

static struct trie_node **root_link(struct trie *trie, struct addr addr)
{
	return addr.family == ADDR_IPV6 ? &trie->root_ipv6 : &trie->root_ipv4;
}

/// On which side of `node` is what lies in its prefix and begins with `addr`?
static bool side(const struct trie_node *node, struct addr addr)
{
	return addr_bit(addr, node->prefix.length);
}

/// The link that points to the node of `prefix`, or the one where that node would have to go. The link to
/// the node above it goes to `*ret_above`; NULL where it is the root.
static struct trie_node **find_link(struct trie *trie, struct prefix prefix, struct trie_node ***ret_above)
{
	struct trie_node **link = root_link(trie, prefix.addr);

	*ret_above = NULL;
	while (*link && (*link)->prefix.length < prefix.length && prefix_covers((*link)->prefix, prefix)) {
		*ret_above = link;
		link = &(*link)->child[side(*link, prefix.addr)];
	}
	return link;
}

/// The longest prefix that covers both, which differ.
static struct prefix common_prefix(struct prefix a, struct prefix b)
{
	uint8_t shortest = a.length < b.length ? a.length : b.length;
	uint8_t byte = 0, length;

	while (byte * 8 + 8 <= shortest && a.addr.bytes[byte] == b.addr.bytes[byte])
		byte++;
	length = (uint8_t)(byte * 8);
	while (length < shortest && addr_bit(a.addr, length) == addr_bit(b.addr, length))
		length++;
	return prefix_make(a.addr, length);
}

static struct trie_node *new_node(struct prefix prefix, void *value)
{
	struct trie_node *node = alloc_zeroed(1, sizeof(*node));

	node->prefix = prefix;
	node->value = value;
	return node;
}

void *trie_set(struct trie *trie, struct prefix prefix, void *value)
{
	prefix = prefix_make(prefix.addr, prefix.length);
	if (!addr_is_set(prefix.addr))
		return NULL;

	struct trie_node **above;
	struct trie_node **link = find_link(trie, prefix, &above);
	struct trie_node *below = *link;

	if (below && prefix_equal(below->prefix, prefix)) {
		void *before = below->value;

		below->value = value;
		trie->count += before == NULL;
		return before;
	}
	struct trie_node *node = new_node(prefix, value);
	trie->count++;
	*link = node;
	if (below && prefix_covers(prefix, below->prefix)) {
		node->child[side(node, below->prefix.addr)] = below;
	} else if (below) {
		struct trie_node *fork = new_node(common_prefix(prefix, below->prefix), NULL);

		fork->child[side(fork, prefix.addr)] = node;
		fork->child[side(fork, below->prefix.addr)] = below;
		*link = fork;
	}
	return NULL;
}

/// Takes the node at `link` out of the tree where it neither holds a value nor branches.
static void prune(struct trie_node **link)
{
	struct trie_node *node = *link;

	if (!node || node->value || (node->child[0] && node->child[1]))
		return;
	*link = node->child[0] ? node->child[0] : node->child[1];
	free(node);
}

void *trie_remove(struct trie *trie, struct prefix prefix)
{
	struct trie_node **above;
	struct trie_node **link = find_link(trie, prefix, &above);
	void *value;

	if (!*link || !prefix_equal((*link)->prefix, prefix) || !(*link)->value)
		return NULL;
	value = (*link)->value;
	(*link)->value = NULL;
	trie->count--;
	prune(link);
	if (above)
		prune(above);
	return value;
}

void *trie_exact(const struct trie *trie, struct prefix prefix)
{
	const struct trie_node *node = root_of(trie, prefix.addr);

	while (node && node->prefix.length < prefix.length && prefix_covers(node->prefix, prefix))
		node = node->child[side(node, prefix.addr)];
	return node && prefix_equal(node->prefix, prefix) ? node->value : NULL;
}

void *trie_longest(const struct trie *trie, struct addr addr)
{
	return trie_covering(trie, prefix_host(addr));
}

void *trie_covering(const struct trie *trie, struct prefix prefix)
{
	const struct trie_node *node = root_of(trie, prefix.addr);
	void *best = NULL;

	while (node && prefix_covers(node->prefix, prefix)) {
		if (node->value)
			best = node->value;
		if (node->prefix.length == prefix.length)
			break;
		node = node->child[side(node, prefix.addr)];
	}
	return best;
}

/// The first value in the subtree: a node without one has two children.
static void *first_value(const struct trie_node *node, struct prefix *ret)
{
	if (!node)
		return NULL;
	while (!node->value)
		node = node->child[0];
	*ret = node->prefix;
	return node->value;
}

static int prefix_order(struct prefix a, struct prefix b)
{
	int order = addr_compare(a.addr, b.addr);

	return order ? order : a.length - b.length;
}

void *trie_next(const struct trie *trie, struct prefix within, const struct prefix *after, struct prefix *ret)
{
	const struct trie_node *node = root_of(trie, within.addr);
	const struct trie_node *right = NULL; // begins with the first node behind those that were passed

	while (node && !prefix_covers(within, node->prefix))
		node = prefix_covers(node->prefix, within) ? node->child[side(node, within.addr)] : NULL;
	if (!after)
		return first_value(node, ret);
	// A node comes before all that is below it, and that is ordered from left to right.
	while (node && prefix_order(node->prefix, *after) <= 0) {
		if (!prefix_covers(node->prefix, *after)) {
			node = NULL; // all of it comes before
		} else if (prefix_equal(node->prefix, *after)) {
			right = node->child[1] ? node->child[1] : right;
			node = node->child[0];
		} else if (side(node, after->addr)) {
			node = node->child[1];
		} else {
			right = node->child[1] ? node->child[1] : right;
			node = node->child[0];
		}
	}
	return first_value(node ? node : right, ret);
}

static void free_subtree(struct trie_node *node)
{
	if (!node)
		return;
	free_subtree(node->child[0]); // at most 128 deep
	free_subtree(node->child[1]);
	free(node);
}

void trie_done(struct trie *trie)
{
	free_subtree(trie->root_ipv4);
	free_subtree(trie->root_ipv6);
	*trie = (struct trie) { 0 };
}
