// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/actual.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "linux/rtnl.h"

struct neighbour_key {
	uint32_t device;
	struct addr address;
};

struct actual_neighbour {
	struct neighbour_key key; ///< zeroed before it is filled: it is compared as bytes
	struct lladdr lladdr;
	bool claimed;
	UT_hash_handle hh;
};

struct actual_override {
	struct prefix prefix;
	struct override_route route;
	bool claimed;
	UT_hash_handle hh;
};

static struct actual_neighbour *find_neighbour(
	const struct actual *actual, const struct neighbour *neighbour, struct neighbour_key *ret_key)
{
	struct actual_neighbour *found;

	memset(ret_key, 0, sizeof(*ret_key));
	ret_key->device = neighbour->device;
	ret_key->address = neighbour->address;
	HASH_FIND(hh, actual->neighbours, ret_key, sizeof(*ret_key), found);
	return found;
}

static void on_neighbour(void *context, const struct neighbour *neighbour)
{
	struct actual *actual = context;
	struct neighbour_key key;
	struct actual_neighbour *found = find_neighbour(actual, neighbour, &key);

	if (!found) {
		found = alloc_zeroed(1, sizeof(*found));
		memcpy(&found->key, &key, sizeof(key));
		HASH_ADD(hh, actual->neighbours, key, sizeof(found->key), found);
	}
	found->lladdr = neighbour->lladdr;
}

static void on_override(void *context, const struct override_route *route)
{
	struct actual *actual = context;
	struct actual_override *found;

	HASH_FIND(hh, actual->overrides, &route->prefix, sizeof(route->prefix), found);
	if (!found) {
		found = alloc_zeroed(1, sizeof(*found));
		found->prefix = route->prefix;
		HASH_ADD(hh, actual->overrides, prefix, sizeof(found->prefix), found);
	}
	found->route = *route;
}

bool actual_read(struct actual *actual, struct rtnl *rtnl, struct err *err)
{
	return neigh_dump(rtnl, on_neighbour, actual, err) && override_dump(rtnl, on_override, actual, err);
}

bool actual_claim_neighbour(struct actual *actual, const struct neighbour *neighbour)
{
	struct neighbour_key key;
	struct actual_neighbour *found = find_neighbour(actual, neighbour, &key);

	if (!found)
		return false;
	found->claimed = true;
	return found->lladdr.length == neighbour->lladdr.length &&
	       memcmp(found->lladdr.bytes, neighbour->lladdr.bytes, found->lladdr.length) == 0;
}

bool actual_claim_override(struct actual *actual, const struct override_route *route)
{
	struct actual_override *found;

	HASH_FIND(hh, actual->overrides, &route->prefix, sizeof(route->prefix), found);
	if (!found)
		return false;
	found->claimed = true;
	return found->route.device == route->device && found->route.mtu == route->mtu &&
	       addr_equal(found->route.next_hop, route->next_hop);
}

static bool remove_unclaimed(struct actual *actual, struct rtnl *rtnl, unsigned *ret_count, struct err *err)
{
	struct actual_neighbour *neighbour;
	struct actual_override *override;
	struct err ignored;
	bool ok = true;

	*ret_count = 0;
	/* Routes before the neighbours that they use. */
	for (override = actual->overrides; override; override = override->hh.next) {
		if (override->claimed)
			continue;
		++*ret_count;
		if (!override_delete(rtnl, override->prefix, override->route.device, ok ? err : &ignored))
			ok = false;
	}
	for (neighbour = actual->neighbours; neighbour; neighbour = neighbour->hh.next) {
		if (neighbour->claimed)
			continue;
		++*ret_count;
		if (!neigh_delete(rtnl, neighbour->key.device, neighbour->key.address, ok ? err : &ignored))
			ok = false;
	}
	return ok;
}

bool actual_remove_unclaimed(struct actual *actual, struct rtnl *rtnl, unsigned *ret_count, struct err *err)
{
	bool ok;

	rtnl_batch_begin(rtnl);
	ok = remove_unclaimed(actual, rtnl, ret_count, err);
	if (rtnl_batch_end(rtnl))
		return ok;
	/* Which of them did the kernel refuse? */
	return remove_unclaimed(actual, rtnl, ret_count, err);
}

void actual_done(struct actual *actual)
{
	struct actual_neighbour *neighbour, *next_neighbour;
	struct actual_override *override, *next_override;

	HASH_ITER(hh, actual->neighbours, neighbour, next_neighbour)
	{
		HASH_DEL(actual->neighbours, neighbour);
		free(neighbour);
	}
	HASH_ITER(hh, actual->overrides, override, next_override)
	{
		HASH_DEL(actual->overrides, override);
		free(override);
	}
}
