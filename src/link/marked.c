// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/marked.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

struct place {
	struct addr nbma;  ///< the key
	struct addr outer; ///< the other key
	UT_hash_handle hh, hh_outer;
};

struct marked {
	struct link link;
	struct link *inner;
	struct place *by_nbma, *by_outer;
};

static struct marked *marked_of(struct link *link)
{
	return container_of(link, struct marked, link);
}

static const struct link_ops *inner_ops(struct link *link)
{
	return marked_of(link)->inner->ops;
}

/* Places */

/// Where packets for the peer go; unset for one that shares its address and has no SA.
static struct addr outer_of(struct link *link, struct addr nbma)
{
	struct place *place;

	HASH_FIND(hh, marked_of(link)->by_nbma, &nbma, sizeof(nbma), place);
	if (place)
		return place->outer;
	return nbma.behind == 0 ? nbma : (struct addr) { 0 };
}

static struct addr nbma_of(const struct marked *marked, struct addr outer)
{
	struct place *place;

	HASH_FIND(hh_outer, marked->by_outer, &outer, sizeof(outer), place);
	return place ? place->nbma : outer;
}

static void forget_place(struct marked *marked, struct place *place)
{
	HASH_DELETE(hh_outer, marked->by_outer, place);
	HASH_DELETE(hh, marked->by_nbma, place);
	free(place);
}

void marked_set(struct link *link, struct addr nbma, struct addr outer, uint32_t mark)
{
	struct marked *marked = marked_of(link);
	struct place *place;

	HASH_FIND(hh, marked->by_nbma, &nbma, sizeof(nbma), place);
	if (inner_ops(link)->set_mark && (place || addr_is_set(outer)))
		inner_ops(link)->set_mark(marked->inner, addr_is_set(outer) ? outer : place->outer, mark);
	if (place && !addr_equal(place->outer, outer)) {
		forget_place(marked, place);
		place = NULL;
	}
	if (place || !addr_is_set(outer))
		return;
	place = alloc_zeroed(1, sizeof(*place));
	place->nbma = nbma;
	place->outer = outer;
	HASH_ADD(hh, marked->by_nbma, nbma, sizeof(place->nbma), place);
	HASH_ADD(hh_outer, marked->by_outer, outer, sizeof(place->outer), place);
}

/* The operations: those of the inner link, with the addresses that it knows */

static struct link *marked_link_open(struct uv_loop_s *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	(void)loop, (void)config, (void)handler, (void)ret_adopted;
	err_set(err, "a marked link is made of another one");
	return NULL;
}

static void marked_close(struct link *link, bool keep_device)
{
	struct marked *marked = marked_of(link);
	struct place *place, *next;

	inner_ops(link)->close(marked->inner, keep_device);
	HASH_ITER(hh, marked->by_nbma, place, next)
	{
		forget_place(marked, place);
	}
	free(marked);
}

static bool is_reachable(struct addr nbma, struct addr outer, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	return addr_is_set(outer) ||
	       err_set(err, "one of several peers behind %s has no SA now", addr_format(nbma, text));
}

static bool marked_send_nhrp(
	struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err)
{
	struct addr outer = outer_of(link, nbma);

	return is_reachable(nbma, outer, err) &&
	       inner_ops(link)->send_nhrp(marked_of(link)->inner, outer, packet, length, err);
}

static void marked_flush_nhrp(struct link *link)
{
	inner_ops(link)->flush_nhrp(marked_of(link)->inner);
}

static bool marked_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	struct addr outer = outer_of(link, nbma);

	return is_reachable(nbma, outer, err) &&
	       inner_ops(link)->lladdr(marked_of(link)->inner, outer, ret, err);
}

static void marked_forget(struct link *link, struct addr nbma)
{
	struct addr outer = outer_of(link, nbma);

	if (addr_is_set(outer))
		inner_ops(link)->forget(marked_of(link)->inner, outer);
}

static void marked_multicast_add(struct link *link, struct prefix group, struct addr nbma)
{
	struct addr outer = outer_of(link, nbma);

	if (addr_is_set(outer) || !addr_is_set(nbma))
		inner_ops(link)->multicast_add(marked_of(link)->inner, group, outer);
}

static void marked_multicast_remove(struct link *link, struct prefix group, struct addr nbma)
{
	struct addr outer = outer_of(link, nbma);

	if (addr_is_set(outer) || !addr_is_set(nbma))
		inner_ops(link)->multicast_remove(marked_of(link)->inner, group, outer);
}

static bool marked_set_nbma(struct link *link, struct addr nbma, struct err *err)
{
	return inner_ops(link)->set_nbma(marked_of(link)->inner, nbma, err);
}

static void marked_configure(struct link *link, const struct link_config *config)
{
	inner_ops(link)->configure(marked_of(link)->inner, config);
}

struct visitor {
	const struct marked *marked;
	void (*visit)(void *context, struct addr nbma, bool sent, bool received);
	void *context;
};

static void visit(void *context, struct addr outer, bool sent, bool received)
{
	const struct visitor *visitor = context;

	visitor->visit(visitor->context, nbma_of(visitor->marked, outer), sent, received);
}

static void marked_each_active(struct link *link,
	void (*visit_peer)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct visitor visitor = { marked_of(link), visit_peer, context };

	inner_ops(link)->each_active(marked_of(link)->inner, visit, &visitor);
}

static bool marked_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	struct addr outer = outer_of(link, nbma);

	return addr_is_set(outer) && inner_ops(link)->counters(marked_of(link)->inner, outer, ret);
}

static void marked_drops(struct link *link, struct link_drops *ret)
{
	inner_ops(link)->drops(marked_of(link)->inner, ret);
}

static const char *marked_data_path(struct link *link)
{
	return inner_ops(link)->data_path(marked_of(link)->inner);
}

#define MARKED_OPS(NAME)                                                                                     \
	{                                                                                                    \
		.name = NAME, .open = marked_link_open, .close = marked_close,                               \
		.send_nhrp = marked_send_nhrp, .flush_nhrp = marked_flush_nhrp, .lladdr = marked_lladdr,     \
		.forget = marked_forget, .multicast_add = marked_multicast_add,                              \
		.multicast_remove = marked_multicast_remove, .set_nbma = marked_set_nbma,                    \
		.configure = marked_configure, .each_active = marked_each_active,                            \
		.counters = marked_counters, .drops = marked_drops, .data_path = marked_data_path,           \
	}

static const struct link_ops marked_kernel = MARKED_OPS("kernel"), marked_user = MARKED_OPS("user");

struct link *marked_open(const struct link_ops *ops, struct uv_loop_s *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	struct link *inner = ops->open(loop, config, handler, ret_adopted, err);
	struct marked *marked;

	if (!inner)
		return NULL;
	marked = alloc_zeroed(1, sizeof(*marked));
	marked->link.ops = ops == &link_kernel ? &marked_kernel : &marked_user;
	marked->inner = inner;
	memcpy(marked->link.filter, inner->filter, sizeof(inner->filter));
	return &marked->link;
}
