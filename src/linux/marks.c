// SPDX-License-Identifier: GPL-2.0-or-later
/// The mark of an SA says which IPsec policy takes a packet. It is set where the GRE packet leaves, which has
/// the kernel route it again and look for the policy again. The bits of the mark that are not the SA's are
/// those of the link's own mark, so that no shortcut captures the underlay. Inside the tunnel no packet has a
/// mark of ours.
#include "linux/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "link/link.h"

#define STAND_INS     0x7fd40000U ///< 127.212.0.0
#define STAND_INS_MAX 65000U

/// All bytes count as the hash key.
struct mark_key {
	struct addr local, nbma;
};

struct entry {
	struct mark_key key;
	struct addr outer;
	uint32_t mark, sa_mark; ///< as packets have it; as the SA has it. 0: none
	uint32_t placed;        ///< the mark in the table; 0: it is not there
	bool dirty, forgotten;
	struct entry *prev, *next; ///< of those that are not in the table as they shall be
	UT_hash_handle hh, hh_outer, hh_mark;
};

struct marks {
	struct entry *entries, *by_outer, *by_mark, *dirty;
	struct marks_tunnel *tunnels;
	size_t tunnel_count;
	bool written; ///< the table is there, and of ours
};

struct marks *marks_new(void)
{
	return alloc_zeroed(1, sizeof(struct marks));
}

static struct entry *find(const struct marks *marks, struct addr local, struct addr nbma)
{
	struct mark_key key = { .local = local, .nbma = nbma };
	struct entry *entry;

	HASH_FIND(hh, marks->entries, &key, sizeof(key), entry);
	return entry;
}

static void drop(struct marks *marks, struct entry *entry)
{
	if (entry->dirty)
		DL_DELETE(marks->dirty, entry);
	if (entry->sa_mark)
		HASH_DELETE(hh_mark, marks->by_mark, entry);
	if (entry->key.nbma.behind > 0)
		HASH_DELETE(hh_outer, marks->by_outer, entry);
	HASH_DELETE(hh, marks->entries, entry);
	free(entry);
}

void marks_free(struct marks *marks)
{
	struct entry *entry, *next;

	if (!marks)
		return;
	HASH_ITER(hh, marks->entries, entry, next)
	{
		drop(marks, entry);
	}
	free(marks->tunnels);
	free(marks);
}

static uint32_t jenkins(struct addr addr)
{
	uint32_t hash;

	HASH_JEN(&addr, sizeof(addr), hash);
	return hash;
}

static bool is_source(const struct marks *marks, struct addr local)
{
	for (size_t i = 0; i < marks->tunnel_count; i++) {
		if (addr_equal(marks->tunnels[i].nbma, local))
			return true;
	}
	return false;
}

void marks_set_tunnels(struct marks *marks, const struct marks_tunnel *tunnels, size_t count)
{
	struct entry *entry, *next;

	if (count == marks->tunnel_count &&
		(count == 0 || memcmp(marks->tunnels, tunnels, count * sizeof(*tunnels)) == 0))
		return;
	free(marks->tunnels);
	marks->tunnels = alloc_zeroed(count + 1, sizeof(*tunnels));
	if (count > 0)
		memcpy(marks->tunnels, tunnels, count * sizeof(*tunnels));
	marks->tunnel_count = count;
	HASH_ITER(hh, marks->entries, entry, next)
	{
		if (!is_source(marks, entry->key.local))
			drop(marks, entry);
	}
	marks->written = false;
}

/// A stand-in that is free; unset where there is none. The same peer has the same one, as well as can be (so
/// no secret is in the hash): the kernel's neighbours have it while a daemon's successor learns who is there.
static struct addr take_stand_in(const struct marks *marks, struct addr nbma)
{
	uint32_t next = jenkins(nbma);
	struct entry *taken;
	struct addr outer;

	if (HASH_CNT(hh_outer, marks->by_outer) >= STAND_INS_MAX)
		return (struct addr) { 0 };
	do {
		next = next % STAND_INS_MAX + 1;
		outer = addr_from_ipv4(STAND_INS + next);
		HASH_FIND(hh_outer, marks->by_outer, &outer, sizeof(outer), taken);
	} while (taken);
	return outer;
}

static struct entry *make(struct marks *marks, struct addr local, struct addr nbma)
{
	struct addr outer = nbma.behind > 0 ? take_stand_in(marks, nbma) : nbma;
	struct entry *entry;

	if (!addr_is_set(outer))
		return NULL;
	entry = alloc_zeroed(1, sizeof(*entry));
	entry->key = (struct mark_key) { .local = local, .nbma = nbma };
	entry->outer = outer;
	HASH_ADD(hh, marks->entries, key, sizeof(entry->key), entry);
	if (nbma.behind > 0)
		HASH_ADD(hh_outer, marks->by_outer, outer, sizeof(entry->outer), entry);
	return entry;
}

static void set_sa_mark(struct marks *marks, struct entry *entry, uint32_t mark)
{
	struct entry *other;

	if (entry->sa_mark)
		HASH_DELETE(hh_mark, marks->by_mark, entry);
	HASH_FIND(hh_mark, marks->by_mark, &mark, sizeof(mark), other);
	if (other) {
		// strongSwan began to count anew, and news of the other peer is on its way.
		HASH_DELETE(hh_mark, marks->by_mark, other);
		other->sa_mark = 0;
	}
	entry->sa_mark = mark;
	if (mark)
		HASH_ADD(hh_mark, marks->by_mark, sa_mark, sizeof(entry->sa_mark), entry);
}

static void set_dirty(struct marks *marks, struct entry *entry)
{
	if (entry->dirty)
		return;
	entry->dirty = true;
	DL_APPEND(marks->dirty, entry);
}

struct addr marks_set(struct marks *marks, struct addr local, struct addr nbma, uint32_t mark, uint32_t mask)
{
	struct entry *entry = find(marks, local, nbma);

	if (!entry && nbma.family != ADDR_IPV4)
		return nbma.behind > 0 ? (struct addr) { 0 } : nbma;
	if (!entry && mark == 0 && nbma.behind == 0)
		return nbma;
	if (!entry)
		entry = make(marks, local, nbma);
	if (!entry)
		return (struct addr) { 0 };
	entry->forgotten = false;
	set_sa_mark(marks, entry, mark);
	entry->mark = mark ? mark | (LINK_MARK & ~mask) : 0;
	if (entry->mark != entry->placed)
		set_dirty(marks, entry);
	return entry->outer;
}

void marks_forget(struct marks *marks, struct addr local, struct addr nbma)
{
	struct entry *entry = find(marks, local, nbma);

	if (!entry)
		return;
	set_sa_mark(marks, entry, 0);
	entry->mark = 0;
	entry->forgotten = true;
	set_dirty(marks, entry);
}

bool marks_find(const struct marks *marks, uint32_t mark, struct addr from, struct addr *ret)
{
	struct entry *entry;

	HASH_FIND(hh_mark, marks->by_mark, &mark, sizeof(mark), entry);
	if (!entry || !addr_equal(addr_plain(entry->key.nbma), from))
		return false;
	*ret = entry->key.nbma;
	return true;
}

void marks_each(const struct marks *marks, struct addr local,
	void (*visit)(void *context, struct addr nbma, struct addr outer, uint32_t mark), void *context)
{
	const struct entry *entry;

	for (entry = marks->entries; entry; entry = entry->hh.next) {
		if (addr_equal(entry->key.local, local) && !entry->forgotten)
			visit(context, entry->key.nbma, entry->outer, entry->sa_mark);
	}
}

/* The text. Set members stand on lines of their own: nft takes no "} }" on one line. */

static void write_pair(FILE *out, const struct entry *entry)
{
	char local[ADDR_TEXT_SIZE], outer[ADDR_TEXT_SIZE];

	fprintf(out, "%s . %s", addr_format(entry->key.local, local), addr_format(entry->outer, outer));
}

static void write_elements(FILE *out, const struct marks *marks, bool addresses)
{
	const char *separator = "\t\telements = {\n\t\t\t";
	char text[ADDR_TEXT_SIZE];
	const struct entry *entry;
	bool any = false;

	for (entry = marks->entries; entry; entry = entry->hh.next) {
		if (entry->mark == 0 || (addresses && entry->key.nbma.behind == 0))
			continue;
		fprintf(out, "%s", separator);
		write_pair(out, entry);
		if (addresses)
			fprintf(out, " : %s", addr_format(entry->key.nbma, text));
		else
			fprintf(out, " : 0x%08" PRIx32, entry->mark);
		separator = ",\n\t\t\t";
		any = true;
	}
	if (any)
		fprintf(out, "\n\t\t}\n");
}

static void write_table(FILE *out, const struct marks *marks)
{
	fprintf(out, "table inet " MARKS_TABLE "\n"
		     "delete table inet " MARKS_TABLE "\n"
		     "table inet " MARKS_TABLE " {\n"
		     "\tmap marks {\n"
		     "\t\ttype ipv4_addr . ipv4_addr : mark\n");
	write_elements(out, marks, false);
	fprintf(out, "\t}\n"
		     "\tmap addresses {\n"
		     "\t\ttype ipv4_addr . ipv4_addr : ipv4_addr\n");
	write_elements(out, marks, true);
	// Behind the link's counting, which is by what the link sends to.
	fprintf(out, "\t}\n"
		     "\tchain sent {\n"
		     "\t\ttype route hook output priority mangle + 1; policy accept;\n"
		     "\t\tip protocol gre meta mark set ip saddr . ip daddr map @marks\n"
		     "\t\tip protocol gre ip daddr set ip saddr . ip daddr map @addresses\n"
		     "\t}\n"
		     "\tchain inside {\n"
		     "\t\ttype filter hook prerouting priority raw - 10; policy accept;\n");
	for (size_t i = 0; i < marks->tunnel_count; i++)
		fprintf(out, "\t\tiifname \"%s\" meta mark set 0\n", marks->tunnels[i].name);
	fprintf(out, "\t}\n}\n");
}

static void write_change(FILE *out, const struct entry *entry, const char *verb, bool adds)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(out, "%s element inet " MARKS_TABLE " marks { ", verb);
	write_pair(out, entry);
	if (adds)
		fprintf(out, " : 0x%08" PRIx32, entry->mark);
	fprintf(out, " }\n");
	if (entry->key.nbma.behind == 0)
		return;
	fprintf(out, "%s element inet " MARKS_TABLE " addresses { ", verb);
	write_pair(out, entry);
	if (adds)
		fprintf(out, " : %s", addr_format(entry->key.nbma, text));
	fprintf(out, " }\n");
}

/// All changes are in the commands, and are not to be made again.
static void settle(struct marks *marks)
{
	struct entry *entry, *next;

	DL_FOREACH_SAFE(marks->dirty, entry, next)
	{
		DL_DELETE(marks->dirty, entry);
		entry->dirty = false;
		entry->placed = entry->mark;
		if (entry->forgotten)
			drop(marks, entry);
	}
}

char *marks_commands(struct marks *marks, bool whole)
{
	const struct entry *entry;
	size_t length = 0;
	char *text = NULL;
	FILE *out;

	if (!whole && !marks->dirty && (marks->written || !marks->by_mark))
		return NULL;
	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	if (whole || !marks->written)
		write_table(out, marks);
	DL_FOREACH(whole || !marks->written ? NULL : marks->dirty, entry)
	{
		if (entry->placed)
			write_change(out, entry, "delete", false);
		if (entry->mark)
			write_change(out, entry, "add", true);
	}
	fclose(out);
	marks->written = true;
	settle(marks);
	return text;
}

void marks_failed(struct marks *marks)
{
	marks->written = false;
}
