// SPDX-License-Identifier: GPL-2.0-or-later
// The trie against a plain list, with random prefixes that are close enough to nest and to collide.
#include "base/rng.h"
#include "base/trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define MODEL_SIZE 400

struct model {
	struct prefix prefix[MODEL_SIZE];
	bool used[MODEL_SIZE];
	char value[MODEL_SIZE]; ///< only the addresses matter
};

static struct prefix make(const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

/// Few different bits, so that prefixes often nest: some IPv4, some IPv6.
static struct prefix random_prefix(struct rng *rng)
{
	uint8_t bytes[16] = { 10 };
	bool ipv6 = rng_below(rng, 3) == 0;

	for (size_t i = 1; i < 16; i++)
		bytes[i] = rng_below(rng, 2) ? 0 : (uint8_t)(1u << rng_below(rng, 8));
	return prefix_make(addr_from_bytes(bytes, ipv6 ? 16 : 4), (uint8_t)rng_below(rng, ipv6 ? 129 : 33));
}

static int order(struct prefix a, struct prefix b)
{
	int by_addr = addr_compare(a.addr, b.addr);

	return by_addr ? by_addr : a.length - b.length;
}

static void *model_covering(struct model *model, struct prefix prefix)
{
	int best = -1;

	for (int i = 0; i < MODEL_SIZE; i++) {
		if (model->used[i] && prefix_covers(model->prefix[i], prefix) &&
			(best < 0 || model->prefix[i].length > model->prefix[best].length))
			best = i;
	}
	return best < 0 ? NULL : &model->value[best];
}

static void *model_next(struct model *model, struct prefix within, const struct prefix *after)
{
	int best = -1;

	for (int i = 0; i < MODEL_SIZE; i++) {
		if (!model->used[i] || !prefix_covers(within, model->prefix[i]))
			continue;
		if (after && order(model->prefix[i], *after) <= 0)
			continue;
		if (best < 0 || order(model->prefix[i], model->prefix[best]) < 0)
			best = i;
	}
	return best < 0 ? NULL : &model->value[best];
}

static int model_find(const struct model *model, struct prefix prefix)
{
	for (int i = 0; i < MODEL_SIZE; i++) {
		if (model->used[i] && prefix_equal(model->prefix[i], prefix))
			return i;
	}
	return -1;
}

static void test_against_model(void **state)
{
	static struct model model;
	struct trie trie = { 0 };
	struct rng rng;
	size_t count = 0;

	(void)state;
	rng_seed(&rng, 1);
	for (int round = 0; round < 6000; round++) {
		struct prefix prefix = random_prefix(&rng), found;
		struct prefix after = random_prefix(&rng);
		int slot = (int)rng_below(&rng, MODEL_SIZE);
		int there = model_find(&model, prefix);

		if (there < 0 && !model.used[slot]) {
			assert_null(trie_set(&trie, prefix, &model.value[slot]));
			model.prefix[slot] = prefix;
			model.used[slot] = true;
			count++;
		} else if (model.used[slot]) {
			assert_ptr_equal(trie_remove(&trie, model.prefix[slot]), &model.value[slot]);
			assert_null(trie_remove(&trie, model.prefix[slot]));
			model.used[slot] = false;
			count--;
		}
		assert_int_equal(trie.count, count);

		prefix = random_prefix(&rng);
		there = model_find(&model, prefix);
		assert_ptr_equal(trie_exact(&trie, prefix), there < 0 ? NULL : &model.value[there]);
		assert_ptr_equal(trie_covering(&trie, prefix), model_covering(&model, prefix));
		assert_ptr_equal(
			trie_longest(&trie, prefix.addr), model_covering(&model, prefix_host(prefix.addr)));
		prefix = prefix_make(prefix.addr, (uint8_t)rng_below(&rng, 12));
		void *next = trie_next(&trie, prefix, &after, &found);
		assert_ptr_equal(next, model_next(&model, prefix, &after));
		assert_true(!next || model_find(&model, found) >= 0);
		assert_ptr_equal(trie_next(&trie, prefix, NULL, &found), model_next(&model, prefix, NULL));
	}
	for (int i = 0; i < MODEL_SIZE; i++) {
		if (model.used[i])
			assert_ptr_equal(trie_remove(&trie, model.prefix[i]), &model.value[i]);
	}
	assert_int_equal(trie.count, 0);
	assert_null(trie.root_ipv4); // empty nodes are freed, not only emptied
	assert_null(trie.root_ipv6);
}

static void test_walk_in_order_while_removing(void **state)
{
	static const char *const texts[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/32",
		"10.0.0.1/32", "10.0.1.0/24", "10.128.0.0/9", "192.0.2.0/24" };
	struct trie trie = { 0 };
	struct prefix last, *after = NULL, found;
	size_t seen = 0;
	char values[ARRAY_SIZE(texts)];

	(void)state;
	for (size_t i = ARRAY_SIZE(texts); i-- > 0;)
		assert_null(trie_set(&trie, make(texts[i]), &values[i]));
	for (void *value; (value = trie_next(&trie, make("0.0.0.0/0"), after, &found)); seen++) {
		assert_ptr_equal(value, &values[seen]);
		assert_true(prefix_equal(found, make(texts[seen])));
		assert_ptr_equal(trie_remove(&trie, found), value);
		last = found;
		after = &last;
	}
	assert_int_equal(seen, ARRAY_SIZE(texts));
	assert_int_equal(trie.count, 0);
}

static void test_replace_and_done(void **state)
{
	struct trie trie = { 0 };
	char first, second;

	(void)state;
	assert_null(trie_set(&trie, make("2001:db8::/32"), &first));
	assert_ptr_equal(trie_set(&trie, make("2001:db8::/32"), &second), &first);
	assert_int_equal(trie.count, 1);
	assert_null(trie_longest(&trie, make("10.0.0.1").addr));
	assert_null(trie_longest(&trie, (struct addr) { 0 }));
	assert_null(trie_exact(&trie, make("2001:db8::/33")));
	assert_ptr_equal(trie_longest(&trie, make("2001:db8:1::1").addr), &second);
	trie_done(&trie);
	assert_int_equal(trie.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_walk_in_order_while_removing),
		cmocka_unit_test(test_replace_and_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
