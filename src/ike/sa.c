// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/sa.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"

struct sa *sa_find(const struct sa_table *table, uint32_t id)
{
	struct sa *sa;

	HASH_FIND(hh, table->sas, &id, sizeof(id), sa);
	return sa;
}

/* Remote addresses: a hub has an SA with each of thousands of them, and looks for those of one. */

struct sa_remote {
	struct addr remote;
	struct sa *sas;
	UT_hash_handle hh;
};

static struct sa_remote *find_remote(const struct sa_table *table, struct addr remote)
{
	struct sa_remote *found;

	HASH_FIND(hh, table->remotes, &remote, sizeof(remote), found);
	return found;
}

struct sa *sa_first_with(const struct sa_table *table, struct addr remote)
{
	const struct sa_remote *found = find_remote(table, remote);

	return found ? found->sas : NULL;
}

static void leave_remote(struct sa_table *table, struct sa *sa)
{
	struct sa_remote *remote = find_remote(table, sa->remote);

	if (!remote)
		return;
	DL_DELETE2(remote->sas, sa, prev_there, next_there);
	if (remote->sas)
		return;
	HASH_DEL(table->remotes, remote);
	free(remote);
}

void sa_table_set_remote(struct sa_table *table, struct sa *sa, struct addr addr)
{
	struct sa_remote *remote;

	if (addr_equal(sa->remote, addr))
		return;
	leave_remote(table, sa);
	sa->remote = addr;
	remote = find_remote(table, addr);
	if (!remote) {
		remote = alloc_zeroed(1, sizeof(*remote));
		remote->remote = addr;
		HASH_ADD(hh, table->remotes, remote, sizeof(remote->remote), remote);
	}
	DL_APPEND2(remote->sas, sa, prev_there, next_there);
}

bool sa_is_up(const struct sa *sa)
{
	return sa_sending_child(sa) != NULL;
}

const struct sa_child *sa_sending_child(const struct sa *sa)
{
	const struct sa_child *best = NULL;

	for (unsigned i = 0; i < sa->child_count; i++) {
		const struct sa_child *child = &sa->children[i];

		if (child->installed && (!best || (child->id < best->id) == (child->mark != 0)))
			best = child;
	}
	return best;
}

static void copy(struct vici_section section, const char *key, char *buffer, size_t size)
{
	vici_text_copy(vici_value(section, key), buffer, size);
}

static bool is_yes(struct vici_section section, const char *key)
{
	return vici_text_is(vici_value(section, key), "yes");
}

/// A number written in hexadecimal, as SPIs and marks are; marks may have "/MASK" behind.
static uint32_t hex(struct vici_section section, const char *key)
{
	char text[SA_WORD_SIZE];

	copy(section, key, text, sizeof(text));
	return (uint32_t)strtoul(text, NULL, 16);
}

static struct addr address(struct vici_section section, const char *key)
{
	char text[ADDR_TEXT_SIZE];
	struct addr addr = { 0 };

	copy(section, key, text, sizeof(text));
	return addr_parse(text, &addr) ? addr : (struct addr) { 0 };
}

/* Children. */

static struct sa_child *find_child(struct sa *sa, uint32_t id)
{
	for (unsigned i = 0; i < sa->child_count; i++) {
		if (sa->children[i].id == id)
			return &sa->children[i];
	}
	return NULL;
}

static void remove_child(struct sa *sa, uint32_t id)
{
	struct sa_child *child = find_child(sa, id);

	if (child)
		*child = sa->children[--sa->child_count];
}

/// Charon's number of an SA or of a child; 0 where there is none.
static uint32_t id_of(struct vici_section section)
{
	return (uint32_t)vici_number(section, "uniqueid", 0);
}

static void update_child(struct sa *sa, struct vici_section section)
{
	uint32_t id = id_of(section);
	struct sa_child *child = find_child(sa, id);
	struct vici_text state = vici_value(section, "state");

	if (id == 0 || (!child && sa->child_count == SA_CHILDREN_MAX))
		return;
	if (!child)
		child = &sa->children[sa->child_count++];
	*child = (struct sa_child) {
		.id = id,
		// One that is being rekeyed carries packets until the next one does.
		.installed = vici_text_is(state, "INSTALLED") || vici_text_is(state, "REKEYING"),
		.spi_in = hex(section, "spi-in"),
		.spi_out = hex(section, "spi-out"),
		.mark = hex(section, "mark-out"),
		.mark_mask = UINT32_MAX,
		.encapsulated = is_yes(section, "encap"),
		.key_bits = (uint32_t)vici_number(section, "encr-keysize", 0),
		.bytes_in = vici_number(section, "bytes-in", 0),
		.bytes_out = vici_number(section, "bytes-out", 0),
		.packets_in = vici_number(section, "packets-in", 0),
		.packets_out = vici_number(section, "packets-out", 0),
		.rekey_seconds = (uint32_t)vici_number(section, "rekey-time", 0),
	};
	// It is told only where it is not everything.
	if (hex(section, "mark-mask-out") != 0)
		child->mark_mask = hex(section, "mark-mask-out");
	copy(section, "mode", child->mode, sizeof(child->mode));
	copy(section, "encr-alg", child->encryption, sizeof(child->encryption));
	copy(section, "integ-alg", child->integrity, sizeof(child->integrity));
}

/* IKE SAs. */

static struct sa *get(struct sa_table *table, uint32_t id, struct mono now)
{
	struct sa *sa = sa_find(table, id);

	if (sa)
		return sa;
	sa = alloc_zeroed(1, sizeof(*sa));
	sa->id = id;
	sa->since = sa->single = now;
	HASH_ADD(hh, table->sas, id, sizeof(sa->id), sa);
	return sa;
}

static void read_ike(
	struct sa_table *table, struct sa *sa, const struct vici_element *section, struct mono now)
{
	struct vici_section body = section->body;
	struct vici_text state = vici_value(body, "state");

	vici_text_copy(section->name, sa->connection, sizeof(sa->connection));
	sa->established = vici_text_is(state, "ESTABLISHED") || vici_text_is(state, "REKEYING");
	sa->initiator = is_yes(body, "initiator");
	sa->version = (uint8_t)vici_number(body, "version", 0);
	sa->local = address(body, "local-host");
	if (!addr_equal(addr_plain(sa->remote), address(body, "remote-host"))) {
		sa_table_set_remote(table, sa, address(body, "remote-host"));
		sa->placed = false;
	}
	sa->remote_port = (uint16_t)vici_number(body, "remote-port", 0);
	sa->nat = is_yes(body, "nat-any");
	sa->key_bits = (uint32_t)vici_number(body, "encr-keysize", 0);
	sa->rekey_seconds = (uint32_t)vici_number(body, "rekey-time", 0);
	// Charon tells whole seconds: what was seen before is nearer to the truth.
	if (mono_between(sa->since, now) < (int64_t)vici_number(body, "established", 0) * MONO_SECOND)
		sa->since = mono_add(now, -(int64_t)vici_number(body, "established", 0) * MONO_SECOND);
	copy(body, "local-id", sa->local_id, sizeof(sa->local_id));
	copy(body, "remote-id", sa->remote_id, sizeof(sa->remote_id));
	copy(body, "initiator-spi", sa->spi_initiator, sizeof(sa->spi_initiator));
	copy(body, "responder-spi", sa->spi_responder, sizeof(sa->spi_responder));
	copy(body, "encr-alg", sa->encryption, sizeof(sa->encryption));
	copy(body, "integ-alg", sa->integrity, sizeof(sa->integrity));
	copy(body, "prf-alg", sa->prf, sizeof(sa->prf));
	copy(body, "dh-group", sa->group, sizeof(sa->group));
}

/// Has anybody else this place, `ret_same` telling whether it is the same identity? One that can have another
/// place and is not there yet does not count.
static bool is_taken(const struct sa_table *table, const struct sa *sa, struct addr addr, bool *ret_same)
{
	bool taken = false;

	for (const struct sa *other = sa_first_with(table, addr); other; other = other->next_there) {
		const struct sa_child *child = sa_sending_child(other);

		if (other == sa || (!other->placed && (!child || child->mark != 0)))
			continue;
		taken = true;
		if (strcmp(other->remote_id, sa->remote_id) == 0)
			*ret_same = true;
	}
	return taken;
}

/// The place of the same identity; else the first that is free.
static struct addr find_place(const struct sa_table *table, const struct sa *sa)
{
	struct addr addr = addr_plain(sa->remote), vacant = addr;
	bool found = false, same = false;
	uint16_t known = 0;

	for (unsigned i = 0; i <= (unsigned)table->most_behind + 1 && i <= UINT16_MAX; i++) {
		addr.behind = (uint16_t)i;
		if (is_taken(table, sa, addr, &same) && !same)
			continue;
		if (same)
			return addr;
		if (!found)
			vacant = addr;
		found = true;
	}
	if (!table->known_place || !table->known_place(table->owner, addr_plain(addr), sa->remote_id, &known))
		return vacant;
	addr.behind = known;
	return is_taken(table, sa, addr, &same) ? vacant : addr;
}

/// With marks the kernel can tell SAs with one address apart, and so do we: each identity behind it has a
/// place of its own.
static void place(struct sa_table *table, struct sa *sa)
{
	const struct sa_child *child = sa_sending_child(sa);

	if (sa->placed || !child || child->mark == 0 || sa->remote_id[0] == '\0')
		return;
	sa->placed = true;
	sa_table_set_remote(table, sa, find_place(table, sa));
	if (sa->remote.behind > table->most_behind)
		table->most_behind = sa->remote.behind;
}

/// Reads the section of an IKE SA, as the events `list-sa` and `child-updown` have it; its children are those
/// in the section (`complete`), or beside those known before. NULL where it has no ID or address.
static struct sa *update(
	struct sa_table *table, const struct vici_element *section, bool complete, struct mono now)
{
	uint32_t id = id_of(section->body);
	struct vici_element children, child;
	struct sa *sa;

	if (id == 0 || !addr_is_set(address(section->body, "remote-host")))
		return NULL;
	sa = get(table, id, now);
	read_ike(table, sa, section, now);
	sa->seen = true;
	if (complete)
		sa->child_count = 0;
	if (!vici_find(section->body, VICI_SECTION, "child-sas", &children))
		return sa;
	while (vici_next(&children.body, &child)) {
		if (child.kind == VICI_SECTION)
			update_child(sa, child.body);
	}
	// What is listed is placed in order, when all of it is known.
	if (!complete)
		place(table, sa);
	return sa;
}

/// The first section of a message: the IKE SA that an event is about.
static bool first_section(struct vici_section message, struct vici_element *ret)
{
	while (vici_next(&message, ret)) {
		if (ret->kind == VICI_SECTION)
			return true;
	}
	return false;
}

struct sa *sa_table_on_child(struct sa_table *table, struct vici_section message, struct mono now)
{
	struct vici_element ike, children, child;
	struct sa *sa;

	if (!first_section(message, &ike))
		return NULL;
	if (is_yes(message, "up"))
		return update(table, &ike, false, now);
	sa = sa_find(table, id_of(ike.body));
	if (!sa || !vici_find(ike.body, VICI_SECTION, "child-sas", &children))
		return sa;
	while (vici_next(&children.body, &child)) {
		if (child.kind == VICI_SECTION)
			remove_child(sa, id_of(child.body));
	}
	return sa;
}

/// "old" or "new" in the section of what was rekeyed.
static bool find_part(const struct vici_element *section, const char *which, struct vici_element *ret)
{
	if (!vici_find(section->body, VICI_SECTION, which, ret))
		return false;
	ret->name = section->name;
	return true;
}

struct sa *sa_table_on_child_rekey(struct sa_table *table, struct vici_section message, struct mono now)
{
	struct vici_element ike, children, child, part;
	struct sa *sa;

	if (!first_section(message, &ike))
		return NULL;
	sa = sa_find(table, id_of(ike.body));
	if (!sa || !vici_find(ike.body, VICI_SECTION, "child-sas", &children))
		return NULL;
	read_ike(table, sa, &ike, now);
	while (vici_next(&children.body, &child)) {
		if (find_part(&child, "old", &part))
			remove_child(sa, id_of(part.body));
		if (find_part(&child, "new", &part))
			update_child(sa, part.body);
	}
	return sa;
}

void sa_table_forget(struct sa_table *table, struct sa *sa)
{
	leave_remote(table, sa);
	HASH_DELETE(hh, table->sas, sa);
	free(sa);
}

struct sa *sa_table_on_ike(struct sa_table *table, struct vici_section message, struct mono now)
{
	struct vici_element ike;
	struct sa *sa;

	if (!first_section(message, &ike))
		return NULL;
	if (is_yes(message, "up"))
		return update(table, &ike, false, now);
	sa = sa_find(table, id_of(ike.body));
	if (sa) {
		sa->gone = true;
		sa->child_count = 0;
	}
	return sa;
}

struct sa *sa_table_on_ike_rekey(struct sa_table *table, struct vici_section message, struct mono now)
{
	struct vici_element ike, part;
	struct sa *old, *sa;

	if (!first_section(message, &ike) || !find_part(&ike, "old", &part))
		return NULL;
	old = sa_find(table, id_of(part.body));
	sa = find_part(&ike, "new", &part) ? update(table, &part, false, now) : NULL;
	if (!old || !sa || old == sa)
		return sa;
	for (unsigned i = 0; i < old->child_count && sa->child_count < SA_CHILDREN_MAX; i++) {
		if (!find_child(sa, old->children[i].id))
			sa->children[sa->child_count++] = old->children[i];
	}
	place(table, sa);
	sa_table_forget(table, old);
	return sa;
}

/* Lists. */

void sa_table_on_listed(struct sa_table *table, struct vici_section message, struct mono now)
{
	struct vici_element ike;

	if (first_section(message, &ike))
		update(table, &ike, true, now);
}

void sa_table_begin_list(struct sa_table *table, const struct sa_scope *scope)
{
	struct sa *sa;

	if (!scope->connection) {
		for (sa = table->sas; sa; sa = sa->hh.next)
			sa->seen = false;
		return;
	}
	for (sa = sa_first_with(table, scope->remote); sa; sa = sa->next_there)
		sa->seen = sa->seen && strcmp(sa->connection, scope->connection) != 0;
}

static int older_first(const struct sa *a, const struct sa *b)
{
	return a->id < b->id ? -1 : 1;
}

/// In the order in which they came, so that a daemon's successor comes to the same places.
static void place_all(struct sa_table *table)
{
	struct sa *sa;

	HASH_SORT(table->sas, older_first);
	for (sa = table->sas; sa; sa = sa->hh.next)
		place(table, sa);
}

void sa_table_end_list(struct sa_table *table, const struct sa_scope *scope)
{
	struct sa *sa, *next;

	if (!scope->connection) {
		HASH_ITER(hh, table->sas, sa, next)
		{
			if (!sa->seen)
				sa_table_forget(table, sa);
		}
		place_all(table);
		return;
	}
	for (sa = sa_first_with(table, scope->remote); sa; sa = next) {
		next = sa->next_there;
		if (!sa->seen && strcmp(sa->connection, scope->connection) == 0)
			sa_table_forget(table, sa);
		else
			place(table, sa);
	}
}

void sa_table_done(struct sa_table *table)
{
	const struct sa_scope all = { 0 };

	sa_table_begin_list(table, &all);
	sa_table_end_list(table, &all);
}
