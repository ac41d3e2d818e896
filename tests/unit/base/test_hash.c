// SPDX-License-Identifier: GPL-2.0-or-later
// The hash function of the tables: SipHash-1-3, as Python computes it, and tables that are made with it.
#include "base/hash.h"
#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t no_seed[HASH_SEED_SIZE];
static const uint8_t seed[HASH_SEED_SIZE] = { 1, 2, 3 };

/// From Python 3.11 with PYTHONHASHSEED=0, whose hash of bytes is SipHash-1-3 with a key of zeros.
static void test_vectors(void **state)
{
	(void)state;
	hash_seed(no_seed);
	assert_int_equal(hash_bytes("a", 1), 0x407448d2b89b1813);
	assert_int_equal(hash_bytes("abcdefg", 7), 0x6db12aae9070f506);
	assert_int_equal(hash_bytes("abcdefgh", 8), 0x3f7b849c0b8e35ea);
	assert_int_equal(hash_bytes("the quick brown fox jumps", 25), 0x00c98b97e4f70042);
}

static void test_seed_counts(void **state)
{
	uint8_t last[HASH_SEED_SIZE] = { [HASH_SEED_SIZE - 1] = 1 };
	uint64_t without, with;

	(void)state;
	hash_seed(no_seed);
	without = hash_bytes("abcdefgh", 8);
	hash_seed(seed);
	with = hash_bytes("abcdefgh", 8);
	assert_int_not_equal(without, with);
	hash_seed(last);
	assert_int_not_equal(hash_bytes("abcdefgh", 8), without);
	assert_int_not_equal(hash_bytes("abcdefgh", 8), with);
}

struct item {
	uint32_t key;
	UT_hash_handle hh;
};

static int bucket_of(uint32_t key)
{
	return (int)(hash_bytes(&key, sizeof(key)) & 1023);
}

/// Keys that fall into one bucket of a thousand with one seed are spread by another.
static void test_chosen_keys_do_not_collide(void **state)
{
	struct item *table = NULL, *item, *next;
	int together = 0;

	(void)state;
	hash_seed(no_seed);
	for (uint32_t key = 0, count = 0; count < 200; key++) {
		if (bucket_of(key) != 7)
			continue;
		item = alloc_zeroed(1, sizeof(*item));
		item->key = key;
		count++;
		HASH_ADD(hh, table, key, sizeof(item->key), item);
	}
	hash_seed(seed);
	for (item = table; item; item = item->hh.next)
		together += bucket_of(item->key) == bucket_of(table->key);
	assert_in_range(together, 1, 4);
	HASH_ITER(hh, table, item, next)
	{
		hash_seed(no_seed);
		HASH_DEL(table, item);
		free(item);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_seed_counts),
		cmocka_unit_test(test_chosen_keys_do_not_collide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
