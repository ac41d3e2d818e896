// SPDX-License-Identifier: GPL-2.0-or-later
/// judge() compares what charon has for one peer with what was told of it, act() does what is to be done for
/// the peer now. Everything else only calls these two, so that it makes no difference whether an SA came by
/// our call, by the peer's, or was there before us.
#include "ike/inside.h"

#include <string.h>

#include "base/log.h"
#include "ike/profile.h"

#define CALLS_MAX      64                ///< under way at a time
#define CALL_PATIENCE  (8 * MONO_SECOND) ///< with a call, within which charon repeats a lost packet
#define SETTLE         MONO_SECOND       ///< in which an SA that the peer began is installed at its end, too
#define SETTLE_LOOK    100               ///< milliseconds between two looks at those that settle
#define PAUSE          MONO_SECOND       ///< between two calls
#define YIELD          (MONO_SECOND / 2) ///< in which the peer may call, where two SAs do harm
#define CHECK          MONO_SECOND       ///< between two looks whether charon is still at a call
#define ENDED_GRACE    (2 * MONO_SECOND) ///< for what is on its way under an SA that was wanted
#define UNWANTED_GRACE (120 * MONO_SECOND) ///< for a peer to say what its SA is for

// What is known of a call that failed, and what to look at.
#define FAILURE_SILENT                                                                                       \
	"its IKE did not answer in time; look whether it runs, and whether UDP 500 and 4500 pass"
#define FAILURE_REFUSED                                                                                          \
	"strongSwan gave up, mostly as the two do not agree on keys, identities or proposals; its log, here or " \
	"there, says on which"
#define FAILURE_CHILD                                                                                        \
	"IKE came up, and no SA for packets; look at the transform sets and `set pfs` of both sides"

void call_report(struct ike *ike, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity)
{
	ike->telling++;
	ike->handler.on_sa(ike->handler.owner, iface, nbma, state, identity);
	ike->telling--;
}

static void report(struct ike *ike, const struct ike_peer *peer, enum sa_state state)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, peer->key.base) == 0)
			call_report(ike, ike->tunnels[i].tunnel.iface, peer->key.nbma, state,
				state == SA_UP ? peer->identity : NULL);
	}
}

void call_set_state(struct ike *ike, struct ike_peer *peer, enum ike_peer_state state)
{
	ike->calling -= peer->state == PEER_CALLING;
	ike->calling += state == PEER_CALLING;
	ike_peer_set_state(&ike->peers, peer, state);
}

static bool is_peers(const struct ike *ike, const struct sa *sa, const struct ike_peer *peer)
{
	const struct tunnel_entry *entry = entry_of(ike, sa);

	return entry && strcmp(entry->base, peer->key.base) == 0;
}

const struct sa *call_best_sa(const struct ike *ike, const struct ike_peer *peer)
{
	const struct sa *best = NULL, *sa;

	for (sa = sa_first_with(&ike->sas, peer->key.nbma); sa; sa = sa->next_there) {
		if (sa_is_up(sa) && !sa->terminating && is_peers(ike, sa, peer))
			best = best ? double_sending(best, sa, ike->handler.now()) : sa;
	}
	return best;
}

static void on_settled(uv_timer_t *timer);

/// The mark of the SA that packets go by. Returns whether it is another one than before.
static bool tell_mark(struct ike *ike, struct ike_peer *peer, const struct sa *best)
{
	const struct sa_child *child = best ? sa_sending_child(best) : NULL;
	uint32_t mark = child ? child->mark : 0, mask = child ? child->mark_mask : 0;

	if (peer->mark == mark && peer->mark_mask == mask)
		return false;
	peer->mark = mark;
	peer->mark_mask = mask;
	ike->telling++;
	for (unsigned i = 0; ike->handler.on_mark && i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, peer->key.base) == 0)
			ike->handler.on_mark(
				ike->handler.owner, ike->tunnels[i].tunnel.iface, peer->key.nbma, mark, mask);
	}
	ike->telling--;
	return true;
}

bool call_tell_mark(struct ike *ike, const struct sa *sa)
{
	const struct tunnel_entry *entry = entry_of(ike, sa);
	struct ike_peer *peer;

	if (!entry || !sa_is_up(sa) || sa->terminating)
		return false;
	peer = ike_peer_get(&ike->peers, entry->base, sa->remote, ike->handler.now());
	return tell_mark(ike, peer, call_best_sa(ike, peer));
}

/// The peer that answered may use the SA before the one that asked has it.
static bool is_there(const struct ike *ike, const struct sa *sa)
{
	return sa->initiator || mono_between(sa->since, ike->handler.now()) >= SETTLE;
}

/// As call_judge(); `heard` ends the wait for the peer's own end of the SA.
static void settle(struct ike *ike, struct ike_peer *peer, bool heard)
{
	const struct sa *best = call_best_sa(ike, peer);

	if (best || ike->known)
		(void)tell_mark(ike, peer, best);
	if (best && peer->state != PEER_UP && ike->known && !heard && !is_there(ike, best)) {
		peer->settling = true;
		if (!uv_is_active((uv_handle_t *)&ike->settle))
			uv_timer_start(&ike->settle, on_settled, SETTLE_LOOK, 0);
		return;
	}
	peer->settling = false;
	if (best) {
		bool news = peer->state != PEER_UP || strcmp(peer->identity, best->remote_id) != 0;

		call_set_state(ike, peer, PEER_UP);
		peer->failures = 0;
		peer->failure = NULL;
		peer->recall = false;
		memcpy(peer->identity, best->remote_id, sizeof(peer->identity));
		if (news)
			report(ike, peer, SA_UP);
	} else if (peer->state == PEER_UP) {
		call_set_state(ike, peer, PEER_DOWN);
		report(ike, peer, SA_DOWN);
	}
}

void call_judge(struct ike *ike, struct ike_peer *peer)
{
	settle(ike, peer, false);
}

static void on_settled(uv_timer_t *timer)
{
	struct ike *ike = timer->data;
	struct ike_peer *peer, *next;

	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		if (peer->settling)
			settle(ike, peer, false);
	}
}

void ike_heard(struct ike *ike, uint32_t iface, struct addr nbma)
{
	const struct tunnel_entry *entry;
	struct ike_peer *peer;

	if (!uv_is_active((uv_handle_t *)&ike->settle))
		return;
	entry = entry_by_iface(ike, iface);
	peer = entry ? ike_peer_find(&ike->peers, entry->base, nbma) : NULL;
	if (peer && peer->settling)
		settle(ike, peer, true);
}

/// Where ESP is charon's own, packets go by the newest of two SAs, be it there at its other end or not, be it
/// about to end or not. So of two that want to call each other at once the one with the lower address does.
static bool yields(struct ike *ike, const struct ike_peer *peer)
{
	const struct tunnel_entry *entry = entry_by_base(ike, peer->key.base);

	return ike->user_space && entry && addr_compare(peer->key.nbma, entry->tunnel.local) < 0 &&
	       mono_between(peer->wanted, ike->handler.now()) < YIELD;
}

static void call(struct ike *ike, struct ike_peer *peer)
{
	const struct tunnel_entry *entry = entry_by_base(ike, peer->key.base);
	struct vici_writer writer;
	char name[SA_NAME_SIZE];

	ike->crowded |= ike->calling >= CALLS_MAX;
	if (!ike->known || !entry || ike->calling >= CALLS_MAX)
		return;
	entry_connection(peer, name);
	if (!peer->loaded && !entry->tunnel.foreign)
		command_load(ike, entry, name, peer->key.nbma);
	peer->loaded = !entry->tunnel.foreign;
	writer = vici_writer_make(VICI_REQUEST, "initiate");
	vici_put(&writer, "child", entry->tunnel.foreign ? entry->child : PROFILE_CHILD);
	vici_put(&writer, "ike", entry->tunnel.foreign ? entry->base : name);
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, command_done, ike);
	call_set_state(ike, peer, PEER_CALLING);
	peer->called = peer->checked = ike->handler.now();
	peer->deadline = mono_add(ike->handler.now(), CALL_PATIENCE);
}

/// Did IKE itself come to its end with the peer?
static bool is_established(const struct ike *ike, const struct ike_peer *peer)
{
	const struct sa *sa;

	for (sa = sa_first_with(&ike->sas, peer->key.nbma); sa; sa = sa->next_there) {
		if (sa->established && is_peers(ike, sa, peer))
			return true;
	}
	return false;
}

/// `failure` is a part of a sentence, and stays valid.
static void call_failed(struct ike *ike, struct ike_peer *peer, const char *failure)
{
	command_end_call(ike, peer);
	peer->failures++;
	peer->failure = failure;
	peer->recall = false;
	peer->deadline = mono_add(ike->handler.now(), PAUSE);
	call_set_state(ike, peer, PEER_WAITING);
	report(ike, peer, SA_FAILED);
}

struct ike_attempts ike_attempts(const struct ike *ike, uint32_t iface, struct addr nbma)
{
	const struct tunnel_entry *entry = ike ? entry_by_iface(ike, iface) : NULL;
	const struct ike_peer *peer = entry ? ike_peer_find(&ike->peers, entry->base, nbma) : NULL;

	if (!peer)
		return (struct ike_attempts) { 0 };
	return (struct ike_attempts) {
		.known = true,
		.ours = ike_peer_wants_call(peer),
		.last = peer->called,
		.failures = peer->failures,
		.failure = peer->failure,
	};
}

void call_forget(struct ike *ike, struct ike_peer *peer)
{
	char name[SA_NAME_SIZE];

	if (peer->state == PEER_CALLING)
		command_end_call(ike, peer);
	call_set_state(ike, peer, PEER_DOWN);
	entry_connection(peer, name);
	if (peer->loaded)
		command_unload(ike, name);
	for (unsigned i = 0; ike->handler.on_forgotten && i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, peer->key.base) == 0)
			ike->handler.on_forgotten(
				ike->handler.owner, ike->tunnels[i].tunnel.iface, peer->key.nbma);
	}
	ike_peer_free(&ike->peers, peer);
}

static bool is_under_way(const struct ike *ike, const struct ike_peer *peer)
{
	const struct sa *sa;
	char name[SA_NAME_SIZE];

	entry_connection(peer, name);
	for (sa = sa_first_with(&ike->sas, peer->key.nbma); sa; sa = sa->next_there) {
		if (is_peers(ike, sa, peer) && (strcmp(sa->connection, name) == 0 || sa->initiator))
			return true;
	}
	return false;
}

void call_check(struct ike *ike, struct ike_peer *peer)
{
	if (peer->state == PEER_CALLING && !is_under_way(ike, peer))
		call_failed(ike, peer, FAILURE_REFUSED);
}

/// The SAs of a call: `name` is that of the peer's own connection.
static struct sa_scope scope_of(
	struct ike *ike, const struct ike_peer_key *key, const char name[static SA_NAME_SIZE])
{
	const struct tunnel_entry *entry = entry_by_base(ike, key->base);

	return (struct sa_scope) {
		.connection = entry && entry->tunnel.foreign ? key->base : name,
		.remote = key->nbma,
	};
}

static void on_checked(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	struct ike_peer *peer = ike_peer_find(&ike->peers, ike->checked.base, ike->checked.nbma);
	char name[SA_NAME_SIZE];
	struct sa_scope scope;

	ike->checking = false;
	if (!reply || !peer)
		return;
	entry_connection(peer, name);
	scope = scope_of(ike, &peer->key, name);
	sa_table_end_list(&ike->sas, &scope);
	call_judge(ike, peer);
	call_check(ike, peer);
	call_act(ike, peer);
	call_waiting(ike);
	call_check_next(ike);
}

void call_check_next(struct ike *ike)
{
	struct ike_peer *peer = ike->peers.calls;
	struct vici_writer writer;
	char name[SA_NAME_SIZE];
	struct sa_scope scope;

	if (!peer || !ike->known || ike->checking || ike->listing ||
		mono_between(peer->checked, ike->handler.now()) < CHECK)
		return;
	call_set_state(ike, peer, PEER_DOWN); // to the end of the list
	call_set_state(ike, peer, PEER_CALLING);
	peer->checked = ike->handler.now();
	entry_connection(peer, name);
	scope = scope_of(ike, &peer->key, name);
	ike->checking = true;
	ike->checked = peer->key;
	sa_table_begin_list(&ike->sas, &scope);
	writer = vici_writer_make(VICI_REQUEST, "list-sas");
	vici_put(&writer, "ike", scope.connection);
	vici_conn_send(ike->conn, &writer, on_checked, ike);
}

unsigned call_end_sas(struct ike *ike, const struct ike_peer *peer, bool at_once, int64_t age)
{
	struct mono now = ike->handler.now();
	unsigned count = 0;
	struct sa *sa;

	for (sa = sa_first_with(&ike->sas, peer->key.nbma); sa; sa = sa->next_there) {
		if (sa->terminating || mono_between(sa->since, now) < age || !is_peers(ike, sa, peer))
			continue;
		command_terminate(ike, sa, at_once);
		count++;
	}
	return count;
}

void call_act(struct ike *ike, struct ike_peer *peer)
{
	struct mono now = ike->handler.now();
	enum ike_want want = ike_peer_want(peer);
	bool wants_call = ike_peer_wants_call(peer);

	switch (peer->state) {
	case PEER_DOWN:
		if (peer->settling || (wants_call && yields(ike, peer)))
			break;
		if (wants_call)
			call(ike, peer);
		else if (want == IKE_UNWANTED)
			call_forget(ike, peer);
		break;
	case PEER_CALLING:
		if (!wants_call && want == IKE_UNWANTED)
			call_forget(ike, peer);
		else if (!mono_before(now, peer->deadline))
			call_failed(ike, peer, is_established(ike, peer) ? FAILURE_CHILD : FAILURE_SILENT);
		break;
	case PEER_WAITING:
		if (!wants_call)
			call_set_state(ike, peer, PEER_DOWN);
		else if (!mono_before(now, peer->deadline))
			call(ike, peer);
		break;
	case PEER_UP:
		if (want == IKE_UNWANTED && ike->known &&
			mono_between(peer->unwanted, now) >=
				(peer->was_wanted ? ENDED_GRACE : UNWANTED_GRACE))
			call_end_sas(ike, peer, false, 0);
		break;
	}
}

void call_act_or_soon(struct ike *ike, struct ike_peer *peer)
{
	if (ike->telling == 0) {
		call_act(ike, peer);
		return;
	}
	ike_peer_set_due(&ike->peers, peer);
	uv_timer_start(&ike->soon, ike_on_soon, 0, 0);
}

void ike_on_soon(uv_timer_t *timer)
{
	struct ike *ike = timer->data;
	struct ike_peer *peer;

	while ((peer = ike_peer_take_due(&ike->peers)) != NULL)
		call_act(ike, peer);
}

void call_waiting(struct ike *ike)
{
	// Not for each that becomes free, as this looks at all peers.
	if (!ike->crowded || ike->calling > CALLS_MAX / 2)
		return;
	ike->crowded = false;
	call_act_for_all(ike);
}

void call_act_for_all(struct ike *ike)
{
	struct ike_peer *peer, *next;

	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		call_act(ike, peer);
	}
}

struct ike_peer *call_on_sa(struct ike *ike, struct sa *sa)
{
	const struct tunnel_entry *entry = entry_of(ike, sa);
	struct ike_peer *peer;

	if (!entry)
		return NULL;
	if (sa->established && !sa->terminating && !entry->tunnel.foreign &&
		!profile_accepts(ike->crypto, entry->tunnel.profile, sa->remote_id)) {
		if (ratelimit_take(&ike->log, ike->handler.now()))
			log_warning("refused the peer %s: profile %s has no `match identity remote` for it",
				sa->remote_id, entry->tunnel.profile);
		command_terminate(ike, sa, true);
	}
	peer = sa_is_up(sa) && !sa->terminating
		       ? ike_peer_get(&ike->peers, entry->base, sa->remote, ike->handler.now())
		       : ike_peer_find(&ike->peers, entry->base, sa->remote);
	if (peer)
		call_judge(ike, peer);
	return peer;
}
