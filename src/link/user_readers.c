// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/user_readers.h"

#include <stdbool.h>
#include <stdlib.h>

void user_readers_enter(struct user_readers *readers, unsigned index)
{
	/* Time 0 means outside. In the one order of all such operations, a writer that still finds us outside
	 * took its object away before we could look for it. */
	atomic_store(&readers->inside[index].entered, atomic_load(&readers->time) + 1);
	atomic_thread_fence(memory_order_seq_cst);
}

void user_readers_leave(struct user_readers *readers, unsigned index)
{
	atomic_store_explicit(&readers->inside[index].entered, 0, memory_order_release);
}

static bool is_visible(struct user_readers *readers, const struct user_retired *object)
{
	for (unsigned i = 0; i < USER_READERS; i++) {
		uint64_t entered = atomic_load(&readers->inside[i].entered);

		if (entered && entered <= object->since)
			return true;
	}
	return false;
}

void user_readers_retire(struct user_readers *readers, struct user_retired *object)
{
	object->next = NULL;
	object->since = atomic_fetch_add(&readers->time, 1) + 1;
	atomic_thread_fence(memory_order_seq_cst);
	if (readers->newest)
		readers->newest->next = object;
	else
		readers->oldest = object;
	readers->newest = object;

	while (readers->oldest && !is_visible(readers, readers->oldest)) {
		struct user_retired *next = readers->oldest->next;

		free(readers->oldest);
		readers->oldest = next;
	}
	if (!readers->oldest)
		readers->newest = NULL;
}

void user_readers_done(struct user_readers *readers)
{
	while (readers->oldest) {
		struct user_retired *next = readers->oldest->next;

		free(readers->oldest);
		readers->oldest = next;
	}
	readers->newest = NULL;
}
