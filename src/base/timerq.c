// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/timerq.h"

#include <stdlib.h>

#include "base/alloc.h"

static void place(struct timerq *queue, uint32_t index, struct timerq_entry entry)
{
	queue->heap[index] = entry;
	entry.timer->slot = index + 1;
}

/// Moves the hole at `index` towards the root until what is due at `at` fits there; returns where that is.
static uint32_t sift_up(struct timerq *queue, uint32_t index, struct mono at)
{
	while (index > 0) {
		uint32_t parent = (index - 1) / 2;

		if (!mono_before(at, queue->heap[parent].at))
			break;
		place(queue, index, queue->heap[parent]);
		index = parent;
	}
	return index;
}

/// The same towards the leaves.
static uint32_t sift_down(struct timerq *queue, uint32_t index, struct mono at)
{
	for (;;) {
		uint32_t child = 2 * index + 1;

		if (child >= queue->count)
			break;
		if (child + 1 < queue->count && mono_before(queue->heap[child + 1].at, queue->heap[child].at))
			child++;
		if (!mono_before(queue->heap[child].at, at))
			break;
		place(queue, index, queue->heap[child]);
		index = child;
	}
	return index;
}

/// Puts `timer` into the heap, whose slot `index` is free for it.
static void settle(struct timerq *queue, uint32_t index, struct timer *timer)
{
	index = sift_down(queue, sift_up(queue, index, timer->at), timer->at);
	place(queue, index, (struct timerq_entry) { timer->at, timer });
}

void timerq_arm(struct timerq *queue, struct timer *timer, struct mono at)
{
	bool is_armed = timer_is_armed(timer), is_later = !mono_before(at, timer->at);

	timer->at = at;
	if (is_armed && is_later)
		return;
	if (is_armed) {
		settle(queue, timer->slot - 1, timer);
		return;
	}
	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? 2 * queue->capacity : 64;
		queue->heap = alloc_resize(queue->heap, queue->capacity, sizeof(queue->heap[0]));
	}
	queue->count++;
	settle(queue, queue->count - 1, timer);
}

void timerq_disarm(struct timerq *queue, struct timer *timer)
{
	struct timer *last;
	uint32_t index;

	if (!timer_is_armed(timer))
		return;
	index = timer->slot - 1;
	timer->slot = 0;
	last = queue->heap[--queue->count].timer;
	if (last != timer)
		settle(queue, index, last);
}

bool timer_is_armed(const struct timer *timer)
{
	return timer->slot != 0;
}

struct mono timerq_next(const struct timerq *queue)
{
	return queue->count ? queue->heap[0].at : MONO_NEVER;
}

struct timer *timerq_pop(struct timerq *queue, struct mono now)
{
	while (queue->count > 0 && !mono_before(now, queue->heap[0].at)) {
		struct timer *first = queue->heap[0].timer;

		if (!mono_before(queue->heap[0].at, first->at)) {
			timerq_disarm(queue, first);
			return first;
		}
		settle(queue, 0, first);
	}
	return NULL;
}

void timerq_done(struct timerq *queue)
{
	free(queue->heap);
	*queue = (struct timerq) { 0 };
}
