// SPDX-License-Identifier: GPL-2.0-or-later
/// One connection to charon. What charon has is in the table of SAs, what is wanted in that of peers; call.c
/// brings the two together.
#include "ike/ike.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ike/inside.h"
#include "ike/profile.h"

#define RELIST    (30 * MONO_SECOND) ///< in case that an event was missed; and for the counters
#define LIST_PART 20                 ///< lists take at most so much of the time: one part of so many
#define RENEW_AGE (5 * MONO_SECOND)  ///< an SA that is younger is not the reason for a silence

/* What charon tells. */

static const struct sa_scope everything = { 0 };

static void list(struct ike *ike);

static void on_listed(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	struct ike_peer *peer, *next;
	struct sa *sa, *next_sa;

	ike->listing = false;
	if (!reply)
		return;
	sa_table_end_list(&ike->sas, &everything);
	HASH_ITER(hh, ike->sas.sas, sa, next_sa)
	{
		call_tell_mark(ike, sa);
	}
	HASH_ITER(hh, ike->sas.sas, sa, next_sa)
	{
		call_on_sa(ike, sa);
	}
	HASH_ITER(hh, ike->peers.peers, peer, next)
	{
		// Whoever had an SA before charon ended does not know that it is gone.
		if (!ike->known && peer->state == PEER_UP && !call_best_sa(ike, peer))
			peer->recall = true;
		call_judge(ike, peer);
		if (ike->known && mono_before(peer->called, ike->list_begun))
			call_check(ike, peer);
	}
	ike->known = true;
	ike->listed = ike->handler.now();
	ike->list_took = mono_between(ike->list_begun, ike->listed);
	if (ike->relist)
		list(ike);
	call_act_for_all(ike);
}

static void list(struct ike *ike)
{
	struct vici_writer writer;

	ike->relist = ike->listing;
	if (ike->listing)
		return;
	ike->listing = true;
	ike->list_begun = ike->handler.now();
	sa_table_begin_list(&ike->sas, &everything);
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

/// What one SA became concerns its peer alone.
static void on_sa(struct ike *ike, struct sa *sa)
{
	struct ike_peer *peer = sa ? call_on_sa(ike, sa) : NULL;

	if (peer)
		call_act(ike, peer);
	call_waiting(ike);
}

static void on_ike(struct ike *ike, struct vici_section message)
{
	struct sa *sa = sa_table_on_ike(&ike->sas, message, ike->handler.now());

	on_sa(ike, sa);
	if (sa && sa->gone)
		sa_table_forget(&ike->sas, sa);
}

/// Where the event did not say all, a list does.
static void on_rekey(struct ike *ike, struct sa *sa)
{
	if (sa)
		on_sa(ike, sa);
	else
		list(ike);
}

static void on_event(void *owner, const struct vici_packet *event)
{
	struct ike *ike = owner;
	struct sa_table *sas = &ike->sas;
	struct mono now = ike->handler.now();

	if (vici_text_is(event->name, "list-sa"))
		sa_table_on_listed(sas, event->message, now);
	else if (vici_text_is(event->name, "list-conn"))
		on_connection_listed(ike, event->message);
	else if (vici_text_is(event->name, "child-updown"))
		on_sa(ike, sa_table_on_child(sas, event->message, now));
	else if (vici_text_is(event->name, "child-rekey"))
		on_rekey(ike, sa_table_on_child_rekey(sas, event->message, now));
	else if (vici_text_is(event->name, "ike-updown"))
		on_ike(ike, event->message);
	else if (vici_text_is(event->name, "ike-rekey"))
		on_rekey(ike, sa_table_on_ike_rekey(sas, event->message, now));
	else
		list(ike); // somebody's address is another one
}

static void load_tunnel(struct ike *ike, struct tunnel_entry *entry)
{
	struct vici_writer writer;

	if (!vici_conn_is_up(ike->conn) || entry->loaded || !addr_is_set(entry->tunnel.local))
		return;
	entry->loaded = true;
	if (!entry->tunnel.foreign) {
		command_load(ike, entry, entry->base, (struct addr) { 0 });
		return;
	}
	writer = vici_writer_make(VICI_REQUEST, "list-conns");
	vici_put(&writer, "ike", entry->base);
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

static void load_all(struct ike *ike)
{
	struct err err;

	if (!profile_load_credentials(ike->crypto, command_send, ike, &err))
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
	ike->listing = ike->relist = ike->checking = false;
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
			call_set_state(ike, peer, PEER_DOWN);
	}
}

/// Does what is due; every IKE_TICK.
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
	if (ike->known && mono_between(ike->listed, now) > RELIST &&
		mono_between(ike->listed, now) > LIST_PART * ike->list_took)
		list(ike);
	call_check_next(ike);
	if (ike->known && !ike->listing)
		double_end_all(ike);
	call_act_for_all(ike);
}

struct ike *ike_new(struct uv_loop_s *loop, const char *socket, const struct crypto_config *crypto,
	const struct ike_handler *handler)
{
	static const char *const events[] = { "list-sa", "list-conn", "child-updown", "child-rekey",
		"ike-updown", "ike-rekey", "ike-update", NULL };
	struct ike *ike = alloc_zeroed(1, sizeof(*ike));
	const struct vici_conn_handler conn = {
		.on_up = on_up, .on_down = on_down, .on_event = on_event, .owner = ike
	};

	ike->timers = 3;
	ike->crypto = crypto;
	ike->handler = *handler;
	ike->sas.known_place = handler->place;
	ike->sas.owner = handler->owner;
	ike->started = handler->now();
	ike->log = ratelimit_make(10, 60 * MONO_SECOND);
	ike->conn = vici_conn_new(loop, socket, events, &conn);
	uv_timer_init(loop, &ike->timer);
	uv_timer_init(loop, &ike->settle);
	uv_timer_init(loop, &ike->soon);
	ike->timer.data = ike->settle.data = ike->soon.data = ike;
	uv_timer_start(&ike->timer, on_tick, IKE_TICK, IKE_TICK);
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
			call_forget(ike, peer);
	}
	if (!entry.tunnel.foreign)
		command_unload(ike, entry.base);
}

/// Ends the SAs that no tunnel but this one uses.
static void end_sas_of(struct ike *ike, const struct tunnel_entry *entry)
{
	struct sa *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (entry_of(ike, sa) == entry && !sa->terminating)
			command_terminate(ike, sa, false);
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
		call_report(ike, iface, nbma, SA_DOWN, NULL);
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
			command_unload(ike, before);
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
		call_act_or_soon(ike, peer);
}

void ike_renew(struct ike *ike, uint32_t iface, struct addr nbma)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface);
	struct ike_peer *peer = entry ? ike_peer_find(&ike->peers, entry->base, nbma) : NULL;

	if (!peer || call_end_sas(ike, peer, true, RENEW_AGE) == 0)
		return;
	call_judge(ike, peer);
	call_act_or_soon(ike, peer);
}

size_t ike_clear(struct ike *ike, struct addr nbma)
{
	size_t count = 0;
	struct sa *sa;

	for (sa = ike->sas.sas; sa; sa = sa->hh.next) {
		if (!entry_of(ike, sa) ||
			(addr_is_set(nbma) && !addr_equal(addr_plain(sa->remote), addr_plain(nbma))) ||
			sa->terminating)
			continue;
		command_terminate(ike, sa, false);
		count++;
	}
	return count;
}

bool ike_has_marks(const struct ike *ike, uint32_t iface)
{
	const struct tunnel_entry *entry = entry_by_iface(ike, iface);

	return entry && entry->tunnel.marks && !entry->tunnel.foreign && !ike->user_space;
}

bool ike_is_connected(const struct ike *ike)
{
	return vici_conn_is_up(ike->conn);
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
			call_forget(ike, peer);
	}
	for (unsigned i = 0; !keep && i < ike->tunnel_count; i++) {
		if (!ike->tunnels[i].tunnel.foreign)
			command_unload(ike, ike->tunnels[i].base);
	}
	vici_conn_close(ike->conn);
	sa_table_done(&ike->sas);
	uv_close((uv_handle_t *)&ike->settle, on_timer_closed);
	uv_close((uv_handle_t *)&ike->soon, on_timer_closed);
	uv_close((uv_handle_t *)&ike->timer, on_timer_closed);
}
