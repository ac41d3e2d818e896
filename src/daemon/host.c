// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/host.h"

#include "base/log.h"
#include "core/node.h"
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/protection.h"
#include "daemon/statics.h"
#include "daemon/tunnel.h"
#include "linux/apply.h"
#include "linux/guard.h"
#include "linux/monitor.h"
#include "linux/neigh.h"
#include "linux/nflog.h"
#include "linux/override.h"
#include "linux/priv.h"
#include "linux/rtnl.h"

static struct tunnel *tunnel_by_device(struct daemon *daemon, uint32_t device)
{
	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		if (device != 0 && daemon->tunnels[i]->device == device)
			return daemon->tunnels[i];
	}
	return NULL;
}

/* What the kernel tells. */

static void on_route(void *owner, const struct rib_route *route, bool added)
{
	struct daemon *daemon = owner;

	node_on_route(daemon->node, route, added, daemon_now());
}

static void on_link(void *owner, const struct device_info *device, bool exists)
{
	struct daemon *daemon = owner;

	if (!exists || !device->up)
		statics_on_device_gone(daemon->statics);
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		tunnel_on_device(daemon->tunnels[i], device, exists);
	statics_update(daemon->statics);
	daemon_drain(daemon);
}

static void on_address(void *owner, uint32_t device, struct prefix address, bool added)
{
	struct daemon *daemon = owner;

	(void)device;
	(void)address;
	(void)added;
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		tunnel_update(daemon->tunnels[i]);
	statics_update(daemon->statics);
	daemon_drain(daemon);
}

static void on_neighbour_miss(void *owner, uint32_t device, struct addr next_hop)
{
	struct daemon *daemon = owner;
	const struct tunnel *tunnel = tunnel_by_device(daemon, device);

	if (!tunnel)
		return;
	node_on_neigh_miss(daemon->node, tunnel->nhrp->id, next_hop, daemon_now());
}

static void on_end(void *owner)
{
	daemon_drain(owner);
}

static void on_disturbed(void *owner)
{
	struct daemon *daemon = owner;

	apply_resync_soon(daemon->apply);
}

static void on_forwarded(void *owner, uint32_t in, uint32_t out, const uint8_t *packet, size_t length)
{
	struct daemon *daemon = owner;
	const struct tunnel *from = tunnel_by_device(daemon, in);
	const struct tunnel *to = tunnel_by_device(daemon, out);

	if (!from || !to)
		return;
	node_on_traffic(daemon->node, from->nhrp->id, to->nhrp->id, packet, length, daemon_now());
	daemon_drain(daemon);
}

static bool find_target(void *owner, uint32_t iface, struct apply_target *ret)
{
	const struct tunnel *tunnel = daemon_tunnel(owner, iface);

	if (!tunnel)
		return false;
	*ret = (struct apply_target) { .device = tunnel->link ? tunnel->device : 0, .link = tunnel->link };
	return true;
}

static void on_sa_wanted(void *owner, const struct desired_item *item)
{
	protection_want(owner, item);
}

/* Start and end. */

bool host_open(struct daemon *daemon, struct err *err)
{
	const struct monitor_handler monitor = {
		.on_route = on_route,
		.on_link = on_link,
		.on_address = on_address,
		.on_neighbour_miss = on_neighbour_miss,
		.on_end = on_end,
		.on_disturbed = on_disturbed,
		.owner = daemon,
	};
	const struct apply_handler apply = { .target = find_target, .sa = on_sa_wanted, .owner = daemon };
	bool existed;

	if (!priv_check(err))
		return false;
	daemon->rtnl = rtnl_open(err);
	if (!daemon->rtnl)
		return false;
	daemon->apply = apply_new(daemon->loop, daemon->rtnl, &daemon->node->desired, &apply);
	daemon->statics = statics_new(daemon);
	daemon->names = names_new(daemon);
	daemon->monitor = monitor_open(daemon->loop, daemon->rtnl, &monitor, err);
	daemon->guard = daemon->monitor ? guard_open(err) : NULL;
	if (!daemon->guard || !guard_watch(daemon->guard, daemon->loop, err) ||
		!override_rule_add(daemon->rtnl, &existed, err))
		return false;
	if (existed)
		log_notice("adopted the policy rule that an earlier run left");
	daemon->nflog = nflog_open(daemon->loop, GUARD_NFLOG_GROUP, on_forwarded, daemon, err);
	return daemon->nflog && monitor_sync(daemon->monitor, err);
}

static void on_old_neighbour(void *context, const struct neighbour *neighbour)
{
	struct daemon *daemon = context;
	const struct tunnel *tunnel = tunnel_by_device(daemon, neighbour->device);

	if (tunnel)
		node_restore_neighbour(daemon->node, tunnel->nhrp->id, neighbour->address);
}

void host_take_stock(struct daemon *daemon)
{
	struct apply_report report = { 0 };
	struct err err;

	if (!neigh_dump(daemon->rtnl, on_old_neighbour, daemon, &err))
		log_warning("%s", err.text);
	if (!apply_resync(daemon->apply, &report, &err))
		log_warning("%s", err.text);
	if (report.adopted > 0)
		log_notice("adopted %u neighbours and shortcuts that an earlier run left", report.adopted);
	if (report.removed > 0)
		log_notice("removed %u neighbours and shortcuts that an earlier run left", report.removed);
}

void host_withdraw(struct daemon *daemon)
{
	struct err err;

	if (daemon->apply)
		apply_withdraw(daemon->apply);
	if (daemon->statics)
		statics_withdraw(daemon->statics);
	if (daemon->guard && !guard_remove(daemon->guard, &err))
		log_warning("%s", err.text);
}
