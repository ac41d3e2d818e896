// SPDX-License-Identifier: GPL-2.0-or-later
/// One connection to charon. What charon has is in the table of SAs, what is wanted in that of peers; judge()
/// compares the two for one peer and tells what changed, act() does what is to be done for it. Everything
/// else only calls these two, so that it makes no difference whether an SA came by our call, by the peer's,
/// or was there before us.
#include "ike/ike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/ratelimit.h"
#include "ike/peer.h"
#include "ike/profile.h"
#include "ike/vici_conn.h"

#define TICK           500               ///< milliseconds
#define TUNNELS_MAX    64                ///< protected ones
#define CALLS_MAX      64                ///< under way at a time
#define CALL_PATIENCE  (8 * MONO_SECOND) ///< with a call, within which charon repeats a lost packet
#define CALL_CHECK     MONO_SECOND       ///< between two looks whether charon is still at it
#define SETTLE         250 ///< milliseconds in which an SA that the peer began is installed at its end, too
#define PAUSE          MONO_SECOND         ///< between two calls
#define UNWANTED_GRACE (120 * MONO_SECOND) ///< for a peer to say what its SA is for
#define ENDED_GRACE    (2 * MONO_SECOND)   ///< for what is on its way under an SA that was wanted
#define RELIST         (30 * MONO_SECOND)  ///< in case that an event was missed
#define RACE           (15 * MONO_SECOND)  ///< two SAs of this much difference in age were begun at once
#define DOUBLE_GRACE   (10 * MONO_SECOND)  ///< that two SAs with one peer are left alone
#define RENEW_AGE      (5 * MONO_SECOND)   ///< an SA that is younger is not the reason for a silence

struct tunnel_entry {
	struct ike_tunnel tunnel;
	char base[SA_NAME_SIZE];
	char child[SA_NAME_SIZE]; ///< of the administrator's connection
	bool loaded;
};

struct ike {
	uv_timer_t timer;
	uv_timer_t settle; ///< some peers are settling
	struct vici_conn *conn;
	const struct crypto_config *crypto;
	struct ike_handler handler;
	struct tunnel_entry tunnels[TUNNELS_MAX];
	unsigned tunnel_count;
	struct ike_peers peers;
	struct sa_table sas;
	unsigned calling;
	unsigned timers; ///< not closed yet
	bool known;      ///< the SAs that charon has are known
	bool listing;    ///< a list is under way
	bool relist;     ///< and another one is wanted
	bool user_space;
	bool told_absent;
	struct mono list_begun;
	struct mono listed;
	struct mono started;
	struct ratelimit log;
};

static void on_settled(uv_timer_t *timer);

/* Names. */

static struct tunnel_entry *entry_by_base(struct ike *ike, const char *base)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, base) == 0)
			return &ike->tunnels[i];
	}
	return NULL;
}

static struct tunnel_entry *entry_by_iface(const struct ike *ike, uint32_t iface)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (ike->tunnels[i].tunnel.iface == iface)
			return (struct tunnel_entry *)(uintptr_t)&ike->tunnels[i];
	}
	return NULL;
}

/// The tunnel that a connection of charon's serves: its name is the base, or has "-PEER" behind it.
static struct tunnel_entry *entry_of(const struct ike *ike, const struct sa *sa)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		size_t length = strlen(ike->tunnels[i].base);
		char next = sa->connection[strnlen(sa->connection, length)];

		if (length > 0 && strncmp(sa->connection, ike->tunnels[i].base, length) == 0 &&
			(next == '\0' || next == '-'))
			return (struct tunnel_entry *)(uintptr_t)&ike->tunnels[i];
	}
	return NULL;
}

static void connection_name(const struct ike_peer *peer, char name[static SA_NAME_SIZE])
{
	char nbma[ADDR_TEXT_SIZE];

	snprintf(name, SA_NAME_SIZE, "%.*s-%s", SA_NAME_SIZE - ADDR_TEXT_SIZE - 2, peer->key.base,
		addr_format(peer->key.nbma, nbma));
}

/* Commands. */

/// A reply in which only a failure is of interest.
static void on_done(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	char text[SA_ID_SIZE];

	if (!reply || !vici_text_is(vici_value(reply->message, "success"), "no") ||
		!ratelimit_take(&ike->log, ike->handler.now()))
		return;
	log_warning(
		"strongSwan: %s", vici_text_copy(vici_value(reply->message, "errmsg"), text, sizeof(text)));
}

static void send_command(void *context, const char *command, struct vici_writer *writer)
{
	struct ike *ike = context;

	(void)command;
	vici_conn_send(ike->conn, writer, on_done, ike);
}

static void terminate(struct ike *ike, struct sa *sa, bool at_once)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "terminate");

	sa->terminating = true;
	vici_put_format(&writer, "ike-id", "%u", sa->id);
	vici_put(&writer, "force", at_once ? "yes" : "no");
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

/// Gives up a call.
static void terminate_call(struct ike *ike, const struct ike_peer *peer)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "terminate");
	char name[SA_NAME_SIZE];

	connection_name(peer, name);
	vici_put(&writer, "ike", name);
	vici_put(&writer, "force", "yes");
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

static void load_connection(
	struct ike *ike, const struct tunnel_entry *entry, const char *name, struct addr remote)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "load-conn");
	const struct profile_connection connection = {
		.name = name,
		.profile = entry->tunnel.profile,
		.local = entry->tunnel.local,
		.remote = remote,
		.user_space = ike->user_space,
	};

	profile_put_connection(&writer, ike->crypto, &connection);
	vici_conn_send(ike->conn, &writer, on_done, ike);
}

static void unload_connection(struct ike *ike, const char *name)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "unload-conn");

	vici_put(&writer, "name", name);
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

/* Peers. */

static void report(struct ike *ike, const struct ike_peer *peer, enum sa_state state)
{
	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		if (strcmp(ike->tunnels[i].base, peer->key.base) == 0)
			ike->handler.on_sa(ike->handler.owner, ike->tunnels[i].tunnel.iface, peer->key.nbma,
				state, state == SA_UP ? peer->identity : NULL);
	}
}

static void set_state(struct ike *ike, struct ike_peer *peer, enum ike_peer_state state)
{
	ike->calling -= peer->state == PEER_CALLING;
	ike->calling += state == PEER_CALLING;
	peer->state = state;
}

static bool is_peers(const struct ike *ike, const struct sa *sa, const struct ike_peer *peer)
{
	const struct tunnel_entry *entry = entry_of(ike, sa);

	return entry && addr_equal(sa->remote, peer->key.nbma) && strcmp(entry->base, peer->key.base) == 0;
}

/// The SA that packets go by: the newest.
static const struct sa *best_sa(const struct ike *ike, const struct ike_peer *peer)
{
	const struct sa *best = NULL, *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (sa_is_up(sa) && !sa->terminating && (!best || sa->id > best->id) &&
			is_peers(ike, sa, peer))
			best = sa;
	}
	return best;
}

/// Compares what charon has for the peer with what was told of it.
static void settle(struct ike *ike, struct ike_peer *peer, bool settled)
{
	const struct sa *best = best_sa(ike, peer);

	// The peer that answered may use the SA before the one that asked has it.
	if (best && peer->state != PEER_UP && ike->known && !best->initiator && !peer->settling &&
		mono_between(best->since, ike->handler.now()) < SETTLE * MONO_MILLISECOND) {
		peer->settling = true;
		if (!uv_is_active((uv_handle_t *)&ike->settle))
			uv_timer_start(&ike->settle, on_settled, SETTLE, 0);
		return;
	}
	if (best && peer->settling && !settled)
		return;
	peer->settling = false;
	if (best) {
		bool news = peer->state != PEER_UP || strcmp(peer->identity, best->remote_id) != 0;

		set_state(ike, peer, PEER_UP);
		peer->failures = 0;
		peer->recall = false;
		memcpy(peer->identity, best->remote_id, sizeof(peer->identity));
		if (news)
			report(ike, peer, SA_UP);
	} else if (peer->state == PEER_UP) {
		set_state(ike, peer, PEER_DOWN);
		report(ike, peer, SA_DOWN);
	}
}

static void judge(struct ike *ike, struct ike_peer *peer)
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
			settle(ike, peer, true);
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

static void call(struct ike *ike, struct ike_peer *peer)
{
	const struct tunnel_entry *entry = entry_by_base(ike, peer->key.base);
	struct vici_writer writer;
	char name[SA_NAME_SIZE];

	if (!ike->known || !entry || ike->calling >= CALLS_MAX)
		return;
	connection_name(peer, name);
	if (!peer->loaded && !entry->tunnel.foreign)
		load_connection(ike, entry, name, peer->key.nbma);
	peer->loaded = !entry->tunnel.foreign;
	writer = vici_writer_make(VICI_REQUEST, "initiate");
	vici_put(&writer, "child", entry->tunnel.foreign ? entry->child : PROFILE_CHILD);
	vici_put(&writer, "ike", entry->tunnel.foreign ? entry->base : name);
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, on_done, ike);
	set_state(ike, peer, PEER_CALLING);
	peer->called = ike->handler.now();
	peer->deadline = mono_add(ike->handler.now(), CALL_PATIENCE);
}

static void on_call_failed(struct ike *ike, struct ike_peer *peer)
{
	terminate_call(ike, peer);
	peer->failures++;
	peer->recall = false;
	peer->deadline = mono_add(ike->handler.now(), PAUSE);
	set_state(ike, peer, PEER_WAITING);
	report(ike, peer, SA_FAILED);
}

static void forget(struct ike *ike, struct ike_peer *peer)
{
	char name[SA_NAME_SIZE];

	if (peer->state == PEER_CALLING)
		terminate_call(ike, peer);
	set_state(ike, peer, PEER_DOWN);
	connection_name(peer, name);
	if (peer->loaded)
		unload_connection(ike, name);
	ike_peer_free(&ike->peers, peer);
}

/// Is charon still at the call? It does not tell when it gave up, as when the peer refused.
static bool is_under_way(const struct ike *ike, const struct ike_peer *peer)
{
	const struct sa *sa;
	char name[SA_NAME_SIZE];

	connection_name(peer, name);
	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (is_peers(ike, sa, peer) && (strcmp(sa->connection, name) == 0 || sa->initiator))
			return true;
	}
	return false;
}

/// Ends the SAs of a peer; those younger than `age` stay. Returns how many went.
static unsigned end_sas(struct ike *ike, const struct ike_peer *peer, bool at_once, int64_t age)
{
	struct mono now = ike->handler.now();
	unsigned count = 0;
	struct sa *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (sa->terminating || mono_between(sa->since, now) < age || !is_peers(ike, sa, peer))
			continue;
		terminate(ike, sa, at_once);
		count++;
	}
	return count;
}

/// Does what is to be done for the peer now; it may be freed.
static void act(struct ike *ike, struct ike_peer *peer)
{
	struct mono now = ike->handler.now();
	enum ike_want want = ike_peer_want(peer);
	bool wants_call = want == IKE_CALL || (want == IKE_KEEP && peer->recall);

	switch (peer->state) {
	case PEER_DOWN:
		if (peer->settling)
			break;
		if (wants_call)
			call(ike, peer);
		else if (want == IKE_UNWANTED)
			forget(ike, peer);
		break;
	case PEER_CALLING:
		if (!wants_call && want == IKE_UNWANTED)
			forget(ike, peer);
		else if (!mono_before(now, peer->deadline))
			on_call_failed(ike, peer);
		break;
	case PEER_WAITING:
		if (!wants_call)
			set_state(ike, peer, PEER_DOWN);
		else if (!mono_before(now, peer->deadline))
			call(ike, peer);
		break;
	case PEER_UP:
		if (want == IKE_UNWANTED && ike->known &&
			mono_between(peer->unwanted, now) >=
				(peer->was_wanted ? ENDED_GRACE : UNWANTED_GRACE))
			end_sas(ike, peer, false, 0);
		break;
	}
}

static void act_for_all(struct ike *ike)
{
	struct ike_peer *peer, *next;

	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		act(ike, peer);
	}
}

/// An SA is there, or changed: so is its peer.
static void on_sa(struct ike *ike, struct sa *sa)
{
	const struct tunnel_entry *entry = entry_of(ike, sa);
	struct ike_peer *peer;

	if (!entry)
		return;
	if (sa->established && !sa->terminating && !entry->tunnel.foreign &&
		!profile_accepts(ike->crypto, entry->tunnel.profile, sa->remote_id)) {
		if (ratelimit_take(&ike->log, ike->handler.now()))
			log_warning("refused the peer %s: profile %s has no `match identity remote` for it",
				sa->remote_id, entry->tunnel.profile);
		terminate(ike, sa, true);
	}
	peer = sa_is_up(sa) && !sa->terminating
		       ? ike_peer_get(&ike->peers, entry->base, sa->remote, ike->handler.now())
		       : ike_peer_find(&ike->peers, entry->base, sa->remote);
	if (peer)
		judge(ike, peer);
}

/* What charon tells. */

static void list(struct ike *ike);

static void on_listed(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	struct ike_peer *peer, *next;
	struct sa *sa, *next_sa;

	ike->listing = false;
	if (!reply)
		return;
	sa_table_end_list(&ike->sas);
	HASH_ITER(hh, ike->sas.sas, sa, next_sa)
	{
		on_sa(ike, sa);
	}
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		// Whoever had an SA before charon ended does not know that it is gone.
		if (!ike->known && peer->state == PEER_UP && !best_sa(ike, peer))
			peer->recall = true;
		judge(ike, peer);
		if (ike->known && peer->state == PEER_CALLING && mono_before(peer->called, ike->list_begun) &&
			!is_under_way(ike, peer))
			on_call_failed(ike, peer);
	}
	ike->known = true;
	ike->listed = ike->handler.now();
	if (ike->relist)
		list(ike);
	act_for_all(ike);
}

static void list(struct ike *ike)
{
	struct vici_writer writer;

	ike->relist = ike->listing;
	if (ike->listing)
		return;
	ike->listing = true;
	ike->list_begun = ike->handler.now();
	sa_table_begin_list(&ike->sas);
	writer = vici_writer_make(VICI_REQUEST, "list-sas");
	vici_conn_send(ike->conn, &writer, on_listed, ike);
}

/// The administrator's connection: its child is what is to be initiated.
static void on_connection_listed(struct ike *ike, struct vici_section message)
{
	struct vici_element connection, children, child;

	for (unsigned i = 0; i < ike->tunnel_count; i++) {
		struct tunnel_entry *entry = &ike->tunnels[i];

		if (entry->tunnel.foreign && vici_find(message, VICI_SECTION, entry->base, &connection) &&
			vici_find(connection.body, VICI_SECTION, "children", &children) &&
			vici_next(&children.body, &child))
			vici_text_copy(child.name, entry->child, sizeof(entry->child));
	}
}

static void on_event(void *owner, const struct vici_packet *event)
{
	struct ike *ike = owner;
	struct mono now = ike->handler.now();

	if (vici_text_is(event->name, "list-sa")) {
		sa_table_on_listed(&ike->sas, event->message, now);
	} else if (vici_text_is(event->name, "list-conn")) {
		on_connection_listed(ike, event->message);
	} else if (vici_text_is(event->name, "child-updown")) {
		struct sa *sa = sa_table_on_child(&ike->sas, event->message, now);

		if (sa)
			on_sa(ike, sa);
		act_for_all(ike);
	} else {
		list(ike);
	}
}

static void load_tunnel(struct ike *ike, struct tunnel_entry *entry)
{
	struct vici_writer writer;

	if (!vici_conn_is_up(ike->conn) || entry->loaded || !addr_is_set(entry->tunnel.local))
		return;
	entry->loaded = true;
	if (!entry->tunnel.foreign) {
		load_connection(ike, entry, entry->base, (struct addr) { 0 });
		return;
	}
	writer = vici_writer_make(VICI_REQUEST, "list-conns");
	vici_put(&writer, "ike", entry->base);
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

static void load_all(struct ike *ike)
{
	struct err err;

	if (!profile_load_credentials(ike->crypto, send_command, ike, &err))
		log_error("%s", err.text);
	for (unsigned i = 0; i < ike->tunnel_count; i++)
		load_tunnel(ike, &ike->tunnels[i]);
}

/// Charon tells of itself: which plugins it has.
static void on_stats(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	struct vici_element plugins, plugin;

	if (!reply)
		return;
	ike->user_space = false;
	if (vici_find(reply->message, VICI_LIST, "plugins", &plugins)) {
		while (vici_next(&plugins.body, &plugin))
			ike->user_space |= vici_text_is(plugin.value, "kernel-libipsec");
	}
	load_all(ike);
	list(ike);
}

static void on_up(void *owner)
{
	struct ike *ike = owner;
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "stats");

	log_notice("connected to strongSwan");
	ike->told_absent = false;
	ike->listing = ike->relist = false;
	vici_conn_send(ike->conn, &writer, on_stats, ike);
}

/// The SAs in the kernel outlive charon, so nothing is told of them until it is back.
static void on_down(void *owner, const char *why)
{
	struct ike *ike = owner;
	struct ike_peer *peer, *next;

	log_warning("lost strongSwan: %s; existing SAs stay, and nothing goes in clear text", why);
	ike->known = ike->listing = false;
	ike->told_absent = true;
	for (unsigned i = 0; i < ike->tunnel_count; i++)
		ike->tunnels[i].loaded = false;
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		peer->loaded = false;
		if (peer->state == PEER_CALLING || peer->state == PEER_WAITING)
			set_state(ike, peer, PEER_DOWN);
	}
}

/* Two SAs with one peer. */

/// Which of two SAs with the same peer is to go? Of two that were begun at once from either side, the one
/// that was begun by the side with the greater identity: both sides come to the same end. Else the older one.
static struct sa *loser(struct sa *a, struct sa *b)
{
	struct sa *ours = a->initiator ? a : b, *theirs = a->initiator ? b : a;
	int64_t apart = mono_between(a->since, b->since);

	if (a->initiator == b->initiator || apart > RACE || apart < -RACE)
		return a->id < b->id ? a : b;
	return strcmp(ours->local_id, ours->remote_id) < 0 ? theirs : ours;
}

static void end_double(struct ike *ike, struct sa *a, struct sa *b)
{
	struct sa *sa = loser(a, b), *other = sa == a ? b : a;
	struct mono now = ike->handler.now();
	int64_t age = mono_between(sa->since, now), other_age = mono_between(other->since, now);
	int64_t both = age < other_age ? age : other_age;
	bool is_race = sa->initiator != other->initiator;

	// In a race its initiator ends it, if it knows how to.
	if (both >= (is_race && sa->initiator ? ENDED_GRACE : DOUBLE_GRACE))
		terminate(ike, sa, !is_race);
}

/// The kernel tells SAs by addresses, so that of two peers behind one only the last one gets packets.
static void warn_shared(struct sa *a, struct sa *b)
{
	char text[ADDR_TEXT_SIZE];

	if (a->told_shared && b->told_shared)
		return;
	a->told_shared = b->told_shared = true;
	log_warning(
		"%s and %s have the same address %s, where NAT put them: only the last one can be sent to; give "
		"each an address of its own",
		a->remote_id, b->remote_id, addr_format(a->remote, text));
}

static void compare(struct ike *ike, struct sa *a, struct sa *b)
{
	const struct tunnel_entry *entry = entry_of(ike, a);

	if (!addr_equal(a->remote, b->remote) || a->terminating || b->terminating || !sa_is_up(a) ||
		!sa_is_up(b) || !entry || entry != entry_of(ike, b))
		return;
	if (strcmp(a->remote_id, b->remote_id) == 0)
		end_double(ike, a, b);
	else
		warn_shared(a, b);
}

static void end_doubles(struct ike *ike)
{
	struct sa *a, *b;

	for (a = ike->sas.sas; a; a = a->hh.next) {
		for (b = a->hh.next; b; b = b->hh.next)
			compare(ike, a, b);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct ike *ike = timer->data;
	struct mono now = ike->handler.now();

	if (!vici_conn_is_up(ike->conn)) {
		if (!ike->told_absent && mono_between(ike->started, now) > 2 * MONO_SECOND) {
			ike->told_absent = true;
			log_warning(
				"strongSwan does not answer on its VICI socket; protected tunnels wait for it");
		}
		return;
	}
	if (ike->known && mono_between(ike->listed, now) > (ike->calling > 0 ? CALL_CHECK : RELIST))
		list(ike);
	end_doubles(ike);
	act_for_all(ike);
}

/* The outside. */

struct ike *ike_new(struct uv_loop_s *loop, const char *socket, const struct crypto_config *crypto,
	const struct ike_handler *handler)
{
	static const char *const events[] = { "list-sa", "list-conn", "child-updown", "child-rekey",
		"ike-updown", "ike-rekey", NULL };
	struct ike *ike = alloc_zeroed(1, sizeof(*ike));
	const struct vici_conn_handler conn = {
		.on_up = on_up, .on_down = on_down, .on_event = on_event, .owner = ike
	};

	ike->timers = 2;
	ike->crypto = crypto;
	ike->handler = *handler;
	ike->started = handler->now();
	ike->log = ratelimit_make(10, 60 * MONO_SECOND);
	ike->conn = vici_conn_new(loop, socket, events, &conn);
	uv_timer_init(loop, &ike->timer);
	uv_timer_init(loop, &ike->settle);
	ike->timer.data = ike->settle.data = ike;
	uv_timer_start(&ike->timer, on_tick, TICK, TICK);
	return ike;
}

void ike_configure(struct ike *ike, const struct crypto_config *crypto)
{
	struct ike_peer *peer, *next;

	ike->crypto = crypto;
	for (unsigned i = 0; i < ike->tunnel_count; i++)
		ike->tunnels[i].loaded = false;
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		peer->loaded = false;
	}
	if (vici_conn_is_up(ike->conn))
		load_all(ike);
}

static void remove_tunnel(struct ike *ike, unsigned index)
{
	struct tunnel_entry entry = ike->tunnels[index];
	struct mono now = ike->handler.now();
	struct ike_peer *peer, *next;

	ike->tunnels[index] = ike->tunnels[--ike->tunnel_count];
	if (entry_by_base(ike, entry.base))
		return;
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		if (strcmp(peer->key.base, entry.base) != 0)
			continue;
		if (ike_peer_set_want(peer, entry.tunnel.iface, IKE_UNWANTED, now))
			forget(ike, peer);
	}
	if (!entry.tunnel.foreign)
		unload_connection(ike, entry.base);
}

/// Ends the SAs that no tunnel but this one uses.
static void end_sas_of(struct ike *ike, const struct tunnel_entry *entry)
{
	struct sa *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (entry_of(ike, sa) == entry && !sa->terminating)
			terminate(ike, sa, false);
	}
}

void ike_keep_tunnels(struct ike *ike, const uint32_t *ifaces, size_t count)
{
	for (unsigned i = ike->tunnel_count; i-- > 0;) {
		bool keep = false, shared = false;

		for (size_t j = 0; j < count; j++)
			keep |= ifaces[j] == ike->tunnels[i].tunnel.iface;
		if (keep)
			continue;
		for (unsigned j = 0; j < ike->tunnel_count; j++)
			shared |= j != i && strcmp(ike->tunnels[j].base, ike->tunnels[i].base) == 0;
		if (!shared)
			end_sas_of(ike, &ike->tunnels[i]);
		remove_tunnel(ike, i);
	}
}

/// The tunnel's source moved: what was wanted with the old one is wanted with the new one.
static void move_wants(struct ike *ike, uint32_t iface, const char *from, const char *to)
{
	struct mono now = ike->handler.now();
	struct ike_peer *peer, *next;

	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		struct addr nbma = peer->key.nbma;

		if (strcmp(peer->key.base, from) != 0)
			continue;
		for (unsigned i = 0; i < peer->want_count; i++) {
			if (peer->wants[i].iface != iface)
				continue;
			if (ike_peer_set_want(ike_peer_get(&ike->peers, to, nbma, now), iface,
				    peer->wants[i].want, now) &&
				ike_peer_set_want(peer, iface, IKE_UNWANTED, now))
				break;
		}
		ike->handler.on_sa(ike->handler.owner, iface, nbma, SA_DOWN, NULL);
	}
}

void ike_set_tunnel(struct ike *ike, const struct ike_tunnel *tunnel)
{
	struct tunnel_entry *entry = entry_by_iface(ike, tunnel->iface);
	char base[SA_NAME_SIZE], before[SA_NAME_SIZE] = "", local[ADDR_TEXT_SIZE];

	if (!addr_is_set(tunnel->local) || (!entry && ike->tunnel_count == TUNNELS_MAX))
		return;
	if (tunnel->foreign)
		snprintf(base, sizeof(base), "%s", tunnel->profile);
	else
		snprintf(base, sizeof(base), "dmvpn-%.48s-%s", tunnel->profile,
			addr_format(tunnel->local, local));
	if (!entry)
		entry = &ike->tunnels[ike->tunnel_count++];
	else
		memcpy(before, entry->base, sizeof(before));
	if (strcmp(before, base) == 0)
		return;
	*entry = (struct tunnel_entry) { .tunnel = *tunnel };
	memcpy(entry->base, base, sizeof(base));
	if (before[0] != '\0') {
		if (!entry_by_base(ike, before) && !tunnel->foreign)
			unload_connection(ike, before);
		move_wants(ike, tunnel->iface, before, base);
	}
	load_tunnel(ike, entry);
	list(ike);
}

void ike_want(struct ike *ike, uint32_t iface, struct addr nbma, enum ike_want want)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface);
	struct mono now = ike->handler.now();
	struct ike_peer *peer;

	if (!entry)
		return;
	peer = want == IKE_UNWANTED ? ike_peer_find(&ike->peers, entry->base, nbma)
				    : ike_peer_get(&ike->peers, entry->base, nbma, now);
	if (peer && ike_peer_set_want(peer, iface, want, now))
		act(ike, peer);
}

void ike_renew(struct ike *ike, uint32_t iface, struct addr nbma)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface);
	struct ike_peer *peer = entry ? ike_peer_find(&ike->peers, entry->base, nbma) : NULL;

	if (!peer || end_sas(ike, peer, true, RENEW_AGE) == 0)
		return;
	judge(ike, peer);
	act(ike, peer);
}

size_t ike_clear(struct ike *ike, struct addr nbma)
{
	size_t count = 0;
	struct sa *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (!entry_of(ike, sa) || (addr_is_set(nbma) && !addr_equal(sa->remote, nbma)) ||
			sa->terminating)
			continue;
		terminate(ike, sa, false);
		count++;
	}
	return count;
}

bool ike_is_connected(const struct ike *ike)
{
	return vici_conn_is_up(ike->conn);
}

bool ike_is_user_space(const struct ike *ike)
{
	return ike->user_space;
}

bool ike_is_of(const struct ike *ike, const struct sa *sa, uint32_t iface)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface), *of = entry_of(ike, sa);

	return entry && of && strcmp(entry->base, of->base) == 0;
}

const char *ike_peer_state(const struct ike *ike, uint32_t iface, struct addr nbma)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface);
	const struct ike_peer *peer = entry ? ike_peer_find(&ike->peers, entry->base, nbma) : NULL;

	switch (peer ? peer->state : PEER_DOWN) {
	case PEER_DOWN:
		return "down";
	case PEER_CALLING:
		return "calling";
	case PEER_WAITING:
		return "waiting";
	case PEER_UP:
		return "up";
	}
	return "down";
}

const struct sa_table *ike_sas(const struct ike *ike)
{
	return &ike->sas;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct ike *ike = handle->data;

	if (--ike->timers == 0)
		free(ike);
}

void ike_close(struct ike *ike, bool keep)
{
	struct ike_peer *peer, *next;

	if (!ike)
		return;
	if (!keep)
		ike_clear(ike, (struct addr) { 0 });
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		if (keep)
			ike_peer_free(&ike->peers, peer);
		else
			forget(ike, peer);
	}
	for (unsigned i = 0; !keep && i < ike->tunnel_count; i++) {
		if (!ike->tunnels[i].tunnel.foreign)
			unload_connection(ike, ike->tunnels[i].base);
	}
	vici_conn_close(ike->conn);
	sa_table_done(&ike->sas);
	uv_close((uv_handle_t *)&ike->settle, on_timer_closed);
	uv_close((uv_handle_t *)&ike->timer, on_timer_closed);
}
