// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/peer.h"

static struct binding *set(struct bed *bed, enum binding_type type, const char *nbma)
{
	const struct binding_facts facts = { .type = type, .nbma = ip(nbma), .holding_time = 60 };

	return cache_set(bed->iface, ip("10.0.0.7"), &facts, bed->now);
}

/// A binding gives way to one of its own type or a higher one, and to no other.
static void trust_decides(void **state)
{
	(void)state;
	for (int before = BINDING_TEMPORARY; before <= BINDING_STATIC; before++) {
		for (int after = BINDING_TEMPORARY; after <= BINDING_STATIC; after++) {
			struct bed *bed = bed_hub();
			struct addr want = ip(after >= before ? "172.16.0.8" : "172.16.0.7");

			bed_start(bed);
			assert_non_null(set(bed, (enum binding_type)before, "172.16.0.7"));
			assert_int_equal(
				set(bed, (enum binding_type)after, "172.16.0.8") != NULL, after >= before);
			assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.7"), want));
			assert_int_equal(HASH_COUNT(bed->iface->bindings), 1);
			assert_int_equal(HASH_COUNT(bed->iface->peers), 1);
			bed_free(bed);
		}
	}
}

static void what_was_learned_expires_and_what_was_configured_stays(void **state)
{
	static const struct {
		enum binding_type type;
		int64_t seconds; ///< 0: stays
	} cases[] = {
		{ BINDING_TEMPORARY, 180 },
		{ BINDING_CACHED, 60 },
		{ BINDING_DYNAMIC, 60 },
		{ BINDING_NHS, 0 },
		{ BINDING_STATIC, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *bed = bed_hub();

		bed_start(bed);
		set(bed, cases[i].type, "172.16.0.7");
		bed_advance(
			bed, (cases[i].seconds ? cases[i].seconds : 100000) * MONO_SECOND - MONO_MILLISECOND);
		assert_true(addr_is_set(bed_ask_neighbour(bed, "10.0.0.7")));
		bed_advance(bed, MONO_SECOND);
		assert_int_equal(addr_is_set(bed_neighbour(bed, "10.0.0.7")), cases[i].seconds == 0);
		bed_free(bed);
	}
}

static void a_peer_lives_with_its_bindings(void **state)
{
	struct bed *bed = bed_hub();

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.7", "10.0.0.7", 0, 1);
	bed_register(bed, "172.16.0.7", "10.0.0.8", 0, 1);
	assert_int_equal(peer_find(bed->iface, ip("172.16.0.7"))->binding_count, 2);
	cache_remove(cache_find(bed->iface, ip("10.0.0.7")), "test");
	assert_int_equal(peer_find(bed->iface, ip("172.16.0.7"))->binding_count, 1);
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 1);
	cache_remove(cache_find(bed->iface, ip("10.0.0.8")), "test");
	assert_null(peer_find(bed->iface, ip("172.16.0.7")));
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 0);
	bed_free(bed);
}

static void clear_spares_what_is_configured(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_miss(bed, "10.0.0.3");
	bed_miss(bed, "10.0.0.4");
	assert_int_equal(node_clear(bed->node, ip("10.0.0.3"), bed->now), 1);
	assert_int_equal(node_clear(bed->node, (struct addr) { 0 }, bed->now), 1);
	assert_int_equal(node_clear(bed->node, (struct addr) { 0 }, bed->now), 0);
	assert_true(addr_is_set(bed_neighbour(bed, "10.0.0.1")));
	bed_free(bed);
}

/// The kernel asks for a neighbour that we told it: it is told again.
static void a_lost_neighbour_is_told_again(void **state)
{
	struct bed *bed = bed_spoke();
	struct desired_item item;

	(void)state;
	bed_start(bed);
	while (desired_pop_change(node_desired(bed->node), &item))
		;
	bed_miss(bed, "10.0.0.1");
	assert_true(desired_pop_change(node_desired(bed->node), &item));
	assert_true(item.present && addr_equal(item.nbma, ip("172.16.0.1")));
	bed_free(bed);
}

/// A walk finds every binding that was there all the time, whatever comes and goes meanwhile.
static void walks_survive_changes(void **state)
{
	static const char *const addresses[] = { "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6" };
	const struct binding_facts facts = {
		.type = BINDING_DYNAMIC, .nbma = ip("172.16.0.7"), .holding_time = 60
	};
	struct bed *bed = bed_hub();
	struct cache_walk walk, other;

	(void)state;
	bed_start(bed);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		assert_non_null(cache_set(bed->iface, ip(addresses[i]), &facts, bed->now));
	cache_walk_begin(&walk, bed->iface);
	cache_walk_begin(&other, bed->iface);
	assert_true(addr_equal(cache_walk_next(&walk)->protocol, ip("10.0.0.3")));
	cache_remove(cache_find(bed->iface, ip("10.0.0.3")), "test");
	cache_remove(cache_find(bed->iface, ip("10.0.0.4")), "test");
	assert_true(addr_equal(cache_walk_next(&walk)->protocol, ip("10.0.0.5")));
	assert_true(addr_equal(cache_walk_next(&other)->protocol, ip("10.0.0.5")));
	cache_walk_end(&walk);
	cache_remove(cache_find(bed->iface, ip("10.0.0.6")), "test");
	assert_null(cache_walk_next(&other));
	cache_walk_end(&other);
	bed_free(bed);
}

/// With its interface a walk ends, and may be ended as ever.
static void a_walk_survives_its_interface(void **state)
{
	const struct binding_facts facts = {
		.type = BINDING_DYNAMIC, .nbma = ip("172.16.0.7"), .holding_time = 60
	};
	struct bed *bed = bed_hub();
	struct cache_walk walk;

	(void)state;
	bed_start(bed);
	assert_non_null(cache_set(bed->iface, ip("10.0.0.3"), &facts, bed->now));
	cache_walk_begin(&walk, bed->iface);
	node_remove(bed->node, BED_IFACE, bed->now);
	assert_null(walk.iface);
	assert_null(cache_walk_next(&walk));
	cache_walk_end(&walk);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trust_decides),
		cmocka_unit_test(walks_survive_changes),
		cmocka_unit_test(a_walk_survives_its_interface),
		cmocka_unit_test(what_was_learned_expires_and_what_was_configured_stays),
		cmocka_unit_test(a_peer_lives_with_its_bindings),
		cmocka_unit_test(clear_spares_what_is_configured),
		cmocka_unit_test(a_lost_neighbour_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
