// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/rng.h"
#include "base/timerq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

#define TIMERS 300

static void check_heap(const struct timerq *queue)
{
	for (uint32_t i = 0; i < queue->count; i++) {
		assert_int_equal(queue->heap[i]->slot, i + 1);
		if (i > 0)
			assert_false(mono_before(queue->heap[i]->at, queue->heap[(i - 1) / 2]->at));
	}
}

static void test_random_operations(void **state)
{
	static struct timer timers[TIMERS];
	struct timerq queue = { 0 };
	struct rng rng;
	uint32_t armed = 0;

	(void)state;
	rng_seed(&rng, 7);
	for (int round = 0; round < 5000; round++) {
		struct timer *timer = &timers[rng_below(&rng, TIMERS)];

		armed -= timer_is_armed(timer);
		if (rng_below(&rng, 3) == 0) {
			timerq_disarm(&queue, timer);
		} else {
			timerq_arm(&queue, timer, (struct mono) { rng_below(&rng, 1000) });
			armed++;
		}
		assert_int_equal(queue.count, armed);
		check_heap(&queue);
	}
	struct mono last = { 0 };
	for (struct timer *timer; (timer = timerq_pop(&queue, (struct mono) { 1000 })); armed--) {
		assert_false(mono_before(timer->at, last));
		assert_false(timer_is_armed(timer));
		last = timer->at;
	}
	assert_int_equal(armed, 0);
	timerq_done(&queue);
}

static void test_due(void **state)
{
	struct timerq queue = { 0 };
	struct timer a = { 0 }, b = { 0 };

	(void)state;
	assert_true(mono_is_never(timerq_next(&queue)));
	assert_null(timerq_pop(&queue, MONO_NEVER));
	timerq_arm(&queue, &a, (struct mono) { 20 });
	timerq_arm(&queue, &b, (struct mono) { 10 });
	assert_int_equal(timerq_next(&queue).us, 10);
	assert_null(timerq_pop(&queue, (struct mono) { 9 }));
	timerq_arm(&queue, &b, (struct mono) { 30 });
	assert_ptr_equal(timerq_pop(&queue, (struct mono) { 30 }), &a);
	assert_ptr_equal(timerq_pop(&queue, (struct mono) { 30 }), &b);
	assert_null(timerq_pop(&queue, (struct mono) { 30 }));
	timerq_disarm(&queue, &a);
	timerq_done(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
