// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/inside.h"

#include <string.h>

#include "base/log.h"

#define RACE         (15 * MONO_SECOND) ///< two SAs of this much difference in age were begun at once
#define RACE_SETTLE  (3 * MONO_SECOND)  ///< in which both ends have the SA that stays
#define RACE_GRACE   (6 * MONO_SECOND)  ///< until its initiator ends that one
#define DOUBLE_GRACE (10 * MONO_SECOND) ///< that two SAs with one peer are left alone

static bool is_race(const struct sa *a, const struct sa *b)
{
	int64_t apart = mono_between(a->since, b->since);

	return a->initiator != b->initiator && apart <= RACE && apart >= -RACE;
}

/// Which of two SAs with the same peer is to go? Of two that were begun at once from either side, the one
/// that was begun by the side with the greater identity: both sides come to the same end. Else the older one.
static bool loses(const struct sa *sa, const struct sa *other)
{
	if (!is_race(sa, other))
		return sa->id < other->id;
	return (strcmp(sa->local_id, sa->remote_id) < 0) != sa->initiator;
}

/// Both carry packets. Is it we who choose the one that packets go by?
static bool have_marks(const struct sa *a, const struct sa *b)
{
	return sa_sending_child(a)->mark != 0 && sa_sending_child(b)->mark != 0;
}

const struct sa *double_sending(const struct sa *a, const struct sa *b, struct mono now)
{
	const struct sa *stays = loses(a, b) ? b : a, *goes = stays == a ? b : a;

	if (!have_marks(a, b))
		return a->id > b->id ? a : b; // charon takes the newest
	if (is_race(a, b) && !stays->initiator && mono_between(stays->since, now) < RACE_SETTLE)
		return goes;
	return stays;
}

static void end_double(struct ike *ike, struct sa *a, struct sa *b)
{
	struct sa *sa = loses(a, b) ? a : b, *other = sa == a ? b : a;
	struct mono now = ike->handler.now();
	int64_t age = mono_between(sa->since, now), other_age = mono_between(other->since, now);
	int64_t both = age < other_age ? age : other_age;
	bool is_race = sa->initiator != other->initiator;

	// In a race its initiator ends it, if it knows how to.
	if (both >= (is_race && sa->initiator ? RACE_GRACE : DOUBLE_GRACE))
		command_terminate(ike, sa, !is_race);
}

/// Without marks the kernel tells SAs by addresses, so that of two peers behind one only the last gets
/// packets.
static void warn_shared(struct sa *a, struct sa *b)
{
	char text[ADDR_TEXT_SIZE];

	if (a->told_shared && b->told_shared)
		return;
	a->told_shared = b->told_shared = true;
	log_warning(
		"%s and %s have the same address %s, where NAT put them, and their SAs have no marks: only the "
		"last one can be sent to; give each an address of its own, or the SAs marks",
		a->remote_id, b->remote_id, addr_format(a->remote, text));
}

static void compare(struct ike *ike, struct sa *a, struct sa *b)
{
	const struct tunnel_entry *entry = entry_of(ike, a);

	if (a->terminating || b->terminating || !sa_is_up(a) || !sa_is_up(b) || !entry ||
		entry != entry_of(ike, b))
		return;
	if (strcmp(a->remote_id, b->remote_id) != 0)
		warn_shared(a, b);
	else if (!call_tell_mark(ike, a)) // else there are packets on their way under the one that goes
		end_double(ike, a, b);
}

/// Where both sides call at once, charon may have the peer's SA when it comes to our call, and makes no other
/// SA but a second child of that one. Its initiator ends all but the one that packets go by; so both sides do
/// not end different ones. An administrator's connection may have several by intent.
static void end_double_children(struct ike *ike, struct sa *sa)
{
	const struct sa_child *stays = sa_sending_child(sa);
	const struct tunnel_entry *entry = entry_of(ike, sa);
	struct mono now = ike->handler.now();
	unsigned count = 0;

	for (unsigned i = 0; i < sa->child_count; i++)
		count += sa->children[i].installed;
	if (count <= 1)
		sa->single = now;
	if (!sa->initiator || sa->terminating || !entry || entry->tunnel.foreign ||
		mono_between(sa->single, now) < DOUBLE_GRACE)
		return;
	for (unsigned i = 0; i < sa->child_count; i++) {
		if (sa->children[i].installed && &sa->children[i] != stays)
			command_terminate_child(ike, &sa->children[i]);
	}
	sa->single = now; // asked for once in a while
}

void double_end_all(struct ike *ike)
{
	struct sa *a, *b;

	for (a = ike->sas.sas; a; a = a->hh.next) {
		end_double_children(ike, a);
		for (b = a->next_there; b; b = b->next_there)
			compare(ike, a, b);
	}
}
