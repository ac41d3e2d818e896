// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/sa.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sim/underlay.h"

#define TRY_AGAIN (5 * MONO_SECOND)
#define DEAD_PEER (30 * MONO_SECOND) ///< from one look whether the other side still has the SA to the next

/// One side of a pair of SAs. What happens to it is a timer, so that no node is called out of another.
struct sa {
	struct addr peer; ///< the key
	struct host *host;
	bool is_up;
	bool calls; ///< we make it
	bool ends;  ///< the other side told that it is gone
	struct timer timer;
	UT_hash_handle hh;
};

static struct sa *find(const struct host *host, struct addr nbma)
{
	struct sa *sa;

	HASH_FIND(hh, host->sas, &nbma, sizeof(nbma), sa);
	return sa;
}

static struct sa *get(struct host *host, struct addr nbma)
{
	struct sa *sa = find(host, nbma);

	if (sa)
		return sa;
	sa = alloc_zeroed(1, sizeof(*sa));
	sa->peer = nbma;
	sa->host = host;
	sa->timer.kind = MOMENT_SA;
	HASH_ADD(hh, host->sas, peer, sizeof(sa->peer), sa);
	return sa;
}

static void drop(struct sa *sa)
{
	timerq_disarm(&sa->host->network->queue, &sa->timer);
	HASH_DEL(sa->host->sas, sa);
	free(sa);
}

bool sa_carries(const struct host *host, struct addr nbma)
{
	const struct sa *sa = host->network->protected ? find(host, nbma) : NULL;

	return !host->network->protected || (sa && sa->is_up);
}

static void begin(struct sa *sa)
{
	struct network *network = sa->host->network;

	sa->is_up = false;
	sa->ends = false;
	timerq_arm(&network->queue, &sa->timer, mono_add(network->now, network->sa_delay));
}

/// Tells the other side, a moment later, that the SA is no more.
static void tell_end(const struct sa *sa)
{
	struct network *network = sa->host->network;
	struct host *other = underlay_host_at(network, sa->peer);
	struct sa *theirs = other ? find(other, sa->host->public_nbma) : NULL;

	if (!sa->is_up || !theirs || !underlay_connects(network, sa->host, other))
		return;
	theirs->ends = true;
	timerq_arm(&network->queue, &theirs->timer, mono_add(network->now, network->underlay.delay));
}

void sa_want(struct host *host, struct addr nbma, bool wanted, bool call)
{
	struct sa *sa = find(host, nbma);

	if (wanted && call && !sa) {
		sa = get(host, nbma);
		begin(sa);
	}
	if (sa)
		sa->calls = wanted && call;
	if (!wanted && sa && sa->is_up) {
		// It goes when the IKE daemon has done it, and the node is told.
		tell_end(sa);
		sa->ends = true;
		timerq_arm(&host->network->queue, &sa->timer, host->network->now);
	} else if (!wanted && sa) {
		drop(sa);
	}
}

void sa_renew(struct host *host, struct addr nbma)
{
	struct sa *sa = find(host, nbma);

	if (!sa)
		return;
	sa->ends = true;
	timerq_arm(&host->network->queue, &sa->timer, host->network->now);
}

static void tell_node(struct host *host, struct addr nbma, enum sa_state state, const char *identity)
{
	if (!host->node)
		return;
	host_note(host, "  SA %s", state == SA_UP ? "up" : state == SA_DOWN ? "down" : "failed");
	node_on_sa(host->node, IFACE_ID, nbma, state, identity, host->network->now);
	host_drain(host);
}

static void establish(struct sa *sa)
{
	struct network *network = sa->host->network;

	sa->is_up = true;
	timerq_arm(&network->queue, &sa->timer, mono_add(network->now, DEAD_PEER));
}

/// Does the other side answer under this SA?
static bool is_answered(const struct sa *sa)
{
	const struct host *other = underlay_host_at(sa->host->network, sa->peer);
	const struct sa *theirs = other ? find(other, sa->host->public_nbma) : NULL;

	return theirs && theirs->is_up && underlay_connects(sa->host->network, sa->host, other);
}

static void finish(struct sa *sa)
{
	struct network *network = sa->host->network;
	struct host *host = sa->host, *other = underlay_host_at(network, sa->peer);
	struct addr peer = sa->peer;
	bool fails = network->sa_failure > 0 && rng_below(&network->rng, 100) < network->sa_failure;

	if (!other || !underlay_connects(network, host, other) || fails) {
		timerq_arm(&network->queue, &sa->timer, mono_add(network->now, TRY_AGAIN));
		tell_node(host, peer, SA_FAILED, NULL);
		return;
	}
	establish(sa);
	establish(get(other, host->public_nbma));
	tell_node(other, host->public_nbma, SA_UP, host->name);
	tell_node(host, peer, SA_UP, other->name);
}

void sa_on_timer(struct timer *timer)
{
	struct sa *sa = container_of(timer, struct sa, timer);
	struct host *host = sa->host;
	struct addr peer = sa->peer;

	if (!sa->ends && !sa->is_up) {
		finish(sa);
		return;
	}
	if (!sa->ends && is_answered(sa)) {
		establish(sa);
		return;
	}
	if (sa->calls)
		begin(sa);
	else
		drop(sa);
	tell_node(host, peer, SA_DOWN, NULL);
}

void sa_move(struct host *host)
{
	struct sa *sa, *next;

	HASH_ITER(hh, host->sas, sa, next)
	{
		sa->ends = true;
		timerq_arm(&host->network->queue, &sa->timer, host->network->now);
	}
}

void sa_forget(struct host *host)
{
	struct sa *sa, *next;

	HASH_ITER(hh, host->sas, sa, next)
	{
		drop(sa);
	}
}
