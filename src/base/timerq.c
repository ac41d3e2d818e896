// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/timerq.h"

#include <stdlib.h>

#include "base/alloc.h"

static void place(struct timerq *queue, uint32_t index, struct timer *timer)
{
	queue->heap[index] = timer;
	timer->slot = index + 1;
}

/// Moves the hole at `index` towards the root until `timer` fits there; returns where that is.
static uint32_t sift_up(struct timerq *queue, uint32_t index, const struct timer *timer)
{
	while (index > 0) {
		uint32_t parent = (index - 1) / 2;

		if (!mono_before(timer->at, queue->heap[parent]->at))
			break;
		place(queue, index, queue->heap[parent]);
		index = parent;
	}
	return index;
}

/// The same towards the leaves.
static uint32_t sift_down(struct timerq *queue, uint32_t index, const struct timer *timer)
{
	for (;;) {
		uint32_t child = 2 * index + 1;

		if (child >= queue->count)
			break;
		if (child + 1 < queue->count &&
			mono_before(queue->heap[child + 1]->at, queue->heap[child]->at))
			child++;
		if (!mono_before(queue->heap[child]->at, timer->at))
			break;
		place(queue, index, queue->heap[child]);
		index = child;
	}
	return index;
}

/// Puts `timer` into the heap, whose slot `index` is free for it.
static void settle(struct timerq *queue, uint32_t index, struct timer *timer)
{
	place(queue, sift_down(queue, sift_up(queue, index, timer), timer), timer);
}

void timerq_arm(struct timerq *queue, struct timer *timer, struct mono at)
{
	timer->at = at;
	if (timer_is_armed(timer)) {
		settle(queue, timer->slot - 1, timer);
		return;
	}
	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? 2 * queue->capacity : 64;
		queue->heap = alloc_resize(queue->heap, queue->capacity, sizeof(struct timer *));
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
	last = queue->heap[--queue->count];
	if (last != timer)
		settle(queue, index, last);
}

bool timer_is_armed(const struct timer *timer)
{
	return timer->slot != 0;
}

struct mono timerq_next(const struct timerq *queue)
{
	return queue->count ? queue->heap[0]->at : MONO_NEVER;
}

struct timer *timerq_pop(struct timerq *queue, struct mono now)
{
	struct timer *first;

	if (queue->count == 0 || mono_before(now, queue->heap[0]->at))
		return NULL;
	first = queue->heap[0];
	timerq_disarm(queue, first);
	return first;
}

void timerq_done(struct timerq *queue)
{
	free(queue->heap);
	*queue = (struct timerq) { 0 };
}
