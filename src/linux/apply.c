// SPDX-License-Identifier: GPL-2.0-or-later
//
// What links were told is remembered (linux/placed.h), since nobody can ask them; what is in the kernel is
// asked of the kernel.
#include "linux/apply.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/ratelimit.h"
#include "linux/actual.h"
#include "linux/neigh.h"
#include "linux/override.h"
#include "linux/placed.h"
#include "linux/rtnl.h"

#define RETRY_FIRST 1000  ///< ms
#define RETRY_LAST  32000 ///< ms
#define SOON        50    ///< ms in which wishes for a resync are gathered
#define BATCH       64    ///< changes that go to the kernel together
#define LOG_BURST   5
#define LOG_SPAN    (30 * MONO_SECOND)

struct apply {
	struct rtnl *rtnl;
	struct desired *desired;
	struct apply_handler handler;
	struct placed_table placed;
	uv_timer_t timer;
	unsigned retry; ///< ms; 0: the last resync went well
	bool new_links; ///< that were not told of receivers of multicast
	struct ratelimit log;
};

static struct apply_target target_of(const struct apply *apply, uint32_t iface)
{
	struct apply_target target = { 0 };

	if (!apply->handler.target(apply->handler.owner, iface, &target))
		return (struct apply_target) { 0 };
	return target;
}

/// A link need not keep what it has of an NBMA address that no neighbour uses.
static void forget(void *owner, uint32_t iface, struct addr nbma)
{
	struct apply_target target = target_of(owner, iface);

	if (target.link)
		target.link->ops->forget(target.link, nbma);
}

struct apply *apply_new(struct uv_loop_s *loop, struct rtnl *rtnl, struct desired *desired,
	const struct apply_handler *handler)
{
	struct apply *apply = alloc_zeroed(1, sizeof(*apply));

	apply->rtnl = rtnl;
	apply->desired = desired;
	apply->handler = *handler;
	apply->log = ratelimit_make(LOG_BURST, LOG_SPAN);
	apply->new_links = true;
	apply->placed = (struct placed_table) { .forget = forget, .owner = apply };
	apply->timer.data = apply;
	uv_timer_init(loop, &apply->timer);
	return apply;
}

/* One change */

/// What the kernel's neighbour table shall hold.
static bool neighbour_of(const struct apply_target *target, const struct desired_item *item,
	struct neighbour *ret, struct err *err)
{
	*ret = (struct neighbour) { .device = target->device, .address = item->prefix.addr };
	return target->link->ops->lladdr(target->link, item->nbma, &ret->lladdr, err);
}

static struct override_route override_of(const struct apply_target *target, const struct desired_item *item)
{
	return (struct override_route) {
		.prefix = item->prefix,
		.next_hop = item->next_hop,
		.device = target->device,
		.mtu = item->mtu,
	};
}

static bool tell_sa(const struct apply *apply, const struct desired_item *item)
{
	if (apply->handler.sa)
		apply->handler.sa(apply->handler.owner, item);
	return true;
}

static bool set_item(struct apply *apply, const struct desired_item *item, struct err *err)
{
	struct apply_target target = target_of(apply, item->iface);
	struct override_route route;
	struct neighbour neighbour;
	bool ok;

	if (item->kind == DESIRED_SA)
		return tell_sa(apply, item);
	if (!target.device || !target.link)
		return true;
	switch (item->kind) {
	case DESIRED_NEIGHBOUR:
		if (!neighbour_of(&target, item, &neighbour, err))
			return false;
		ok = neigh_set(apply->rtnl, &neighbour, err);
		/* Even where that failed: the link has given an address, and wants to be told when it is
		 * over. */
		placed_set(&apply->placed, item);
		return ok;
	case DESIRED_ROUTE:
		route = override_of(&target, item);
		return override_set(apply->rtnl, &route, err);
	case DESIRED_MULTICAST:
		target.link->ops->multicast_add(target.link, item->prefix, item->nbma);
		return true;
	case DESIRED_SA:
		break;
	}
	return true;
}

static bool clear_item(struct apply *apply, const struct desired_item *item, struct err *err)
{
	struct apply_target target = target_of(apply, item->iface);
	bool ok = true;

	if (item->kind == DESIRED_SA)
		return tell_sa(apply, item);
	/* Without a device its neighbours and routes are gone as well. */
	if (target.device && item->kind == DESIRED_NEIGHBOUR)
		ok = neigh_delete(apply->rtnl, target.device, item->prefix.addr, err);
	if (target.device && item->kind == DESIRED_ROUTE)
		ok = override_delete(apply->rtnl, item->prefix, target.device, err);
	if (target.link && item->kind == DESIRED_MULTICAST)
		target.link->ops->multicast_remove(target.link, item->prefix, item->nbma);
	if (item->kind == DESIRED_NEIGHBOUR)
		placed_remove(&apply->placed, item);
	return ok;
}

static void log_failure(struct apply *apply, const struct err *err)
{
	struct mono now = { (int64_t)uv_now(apply->timer.loop) * MONO_MILLISECOND };

	if (ratelimit_take(&apply->log, now))
		log_warning("%s; trying again later", err->text);
}

static void on_timer(uv_timer_t *timer)
{
	struct apply *apply = timer->data;
	struct err err;

	if (!apply_resync(apply, NULL, &err))
		log_failure(apply, &err);
}

static void retry_later(struct apply *apply)
{
	apply->retry = apply->retry ? apply->retry * 2 : RETRY_FIRST;
	if (apply->retry > RETRY_LAST)
		apply->retry = RETRY_LAST;
	uv_timer_start(&apply->timer, on_timer, apply->retry, 0);
}

static bool make_so(struct apply *apply, const struct desired_item *item, struct err *err)
{
	return (item->present ? set_item : clear_item)(apply, item, err);
}

static bool is_kernels(const struct desired_item *item)
{
	return item->kind == DESIRED_NEIGHBOUR || item->kind == DESIRED_ROUTE;
}

/// Makes the changes; what goes to the kernel goes there together. The error is the first one.
static bool make_all(struct apply *apply, const struct desired_item *items, unsigned count, struct err *err)
{
	struct err ignored;
	bool ok = true;

	rtnl_batch_begin(apply->rtnl);
	for (unsigned i = 0; i < count; i++)
		if (!make_so(apply, &items[i], ok ? err : &ignored))
			ok = false;
	if (rtnl_batch_end(apply->rtnl))
		return ok;
	/* Which of them did it refuse? */
	for (unsigned i = 0; i < count; i++)
		if (is_kernels(&items[i]) && !make_so(apply, &items[i], ok ? err : &ignored))
			ok = false;
	return ok;
}

/// Drains the changes; the error is the first one.
static bool drain(struct apply *apply, struct err *err)
{
	struct desired_item items[BATCH];
	struct err ignored;
	unsigned count;
	bool ok = true;

	do {
		for (count = 0; count < BATCH && desired_pop_change(apply->desired, &items[count]);)
			count++;
		if (!make_all(apply, items, count, ok ? err : &ignored))
			ok = false;
	} while (count == BATCH);
	return ok;
}

void apply_changes(struct apply *apply)
{
	struct err err;

	if (drain(apply, &err))
		return;
	log_failure(apply, &err);
	if (!uv_is_active((uv_handle_t *)&apply->timer))
		retry_later(apply);
}

void apply_resync_soon(struct apply *apply)
{
	uv_timer_t *timer = &apply->timer;

	if (!uv_is_active((uv_handle_t *)timer) || uv_timer_get_due_in(timer) > SOON)
		uv_timer_start(timer, on_timer, SOON, 0);
}

void apply_on_link(struct apply *apply)
{
	apply->new_links = true;
	apply_resync_soon(apply);
}

/* Everything */

static bool resync_item(struct apply *apply, struct actual *actual, const struct desired_item *item,
	struct apply_report *report, struct err *err)
{
	struct apply_target target = target_of(apply, item->iface);
	struct override_route route;
	struct neighbour neighbour;
	bool new = false, found, ok;

	if (item->kind == DESIRED_SA || !target.device || !target.link)
		return true;
	switch (item->kind) {
	case DESIRED_NEIGHBOUR:
		if (!neighbour_of(&target, item, &neighbour, err))
			return false;
		found = actual_claim_neighbour(actual, &neighbour);
		ok = found || neigh_set(apply->rtnl, &neighbour, err);
		new = placed_set(&apply->placed, item);
		break;
	case DESIRED_ROUTE:
		route = override_of(&target, item);
		found = actual_claim_override(actual, &route);
		ok = found || override_set(apply->rtnl, &route, err);
		break;
	case DESIRED_MULTICAST:
	default:
		target.link->ops->multicast_add(target.link, item->prefix, item->nbma);
		return true;
	}
	report->adopted += found && new;
	report->repaired += ok && !found;
	return ok;
}

/// The error is the first one.
static bool resync_kind(struct apply *apply, enum desired_kind kind, struct actual *actual,
	struct apply_report *report, struct err *err)
{
	const struct desired_entry *cursor = NULL;
	struct desired_item item;
	struct err ignored;
	bool ok = true;

	while (desired_next(apply->desired, kind, &cursor, &item))
		if (!resync_item(apply, actual, &item, report, ok ? err : &ignored))
			ok = false;
	return ok;
}

static bool resync_each(
	struct apply *apply, struct actual *actual, struct apply_report *report, struct err *err)
{
	struct err ignored;
	bool ok = resync_kind(apply, DESIRED_NEIGHBOUR, actual, report, err);

	return resync_kind(apply, DESIRED_ROUTE, actual, report, ok ? err : &ignored) && ok;
}

static bool resync_items(
	struct apply *apply, struct actual *actual, struct apply_report *report, struct err *err)
{
	const struct apply_report before = *report;
	bool ok;

	rtnl_batch_begin(apply->rtnl);
	ok = resync_each(apply, actual, report, err);
	if (rtnl_batch_end(apply->rtnl))
		return ok;
	/* Which of them did the kernel refuse? */
	*report = before;
	return resync_each(apply, actual, report, err);
}

/// Nobody but us changes the receivers of multicast: they are for new links only.
static void tell_new_links(struct apply *apply, struct actual *actual, struct apply_report *report)
{
	struct err ignored;

	if (apply->new_links)
		(void)!resync_kind(apply, DESIRED_MULTICAST, actual, report, &ignored);
	apply->new_links = false;
}

bool apply_resync(struct apply *apply, struct apply_report *ret, struct err *err)
{
	struct apply_report report = { 0 };
	struct actual actual = { 0 };
	bool rule_existed, ok;
	struct err ignored;

	uv_timer_stop(&apply->timer);
	ok = drain(apply, err);
	if (!override_rule_add(apply->rtnl, &rule_existed, ok ? err : &ignored))
		ok = false;
	else
		report.repaired += !rule_existed;
	placed_want_none(&apply->placed);
	if (!actual_read(&actual, apply->rtnl, ok ? err : &ignored)) {
		actual_done(&actual);
		retry_later(apply);
		return false;
	}
	if (!resync_items(apply, &actual, &report, ok ? err : &ignored))
		ok = false;
	tell_new_links(apply, &actual, &report);
	if (!actual_remove_unclaimed(&actual, apply->rtnl, &report.removed, ok ? err : &ignored))
		ok = false;
	placed_remove_unwanted(&apply->placed);
	actual_done(&actual);
	if (ret)
		*ret = report;
	if (ok)
		apply->retry = 0;
	else
		retry_later(apply);
	return ok;
}

void apply_withdraw(struct apply *apply)
{
	struct actual actual = { 0 };
	unsigned removed;
	struct err err;

	uv_timer_stop(&apply->timer);
	if (!override_rule_delete(apply->rtnl, &err))
		log_warning("%s; it stays behind", err.text);
	if (!actual_read(&actual, apply->rtnl, &err) ||
		!actual_remove_unclaimed(&actual, apply->rtnl, &removed, &err))
		log_warning("%s; it stays behind", err.text);
	actual_done(&actual);
}

static void on_closed(uv_handle_t *handle)
{
	struct apply *apply = handle->data;

	placed_done(&apply->placed);
	free(apply);
}

void apply_free(struct apply *apply)
{
	if (apply)
		uv_close((uv_handle_t *)&apply->timer, on_closed);
}
