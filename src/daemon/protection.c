// SPDX-License-Identifier: GPL-2.0-or-later
/// The seal is there before a device is, and while a source changes it holds for every source. It outlives
/// the process, whose devices may do so too; only after a clean end which leaves no device is it removed.
#include "daemon/protection.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/node.h"
#include "daemon/daemon.h"
#include "daemon/marking.h"
#include "daemon/tunnel.h"
#include "ike/ike.h"
#include "linux/device.h"
#include "linux/guard.h"

static bool is_protected(const struct tunnel *tunnel)
{
	return tunnel->config->protection.kind != PROTECTION_NONE;
}

/// Seals all protected tunnels; `moving` (may be NULL) for every source.
static bool seal(struct daemon *daemon, const struct tunnel *moving, struct err *err)
{
	struct seal *seals = alloc_zeroed(daemon->tunnel_count + 1, sizeof(*seals));
	size_t count = 0;
	bool ok;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		const struct tunnel *tunnel = daemon->tunnels[i];

		if (is_protected(tunnel))
			seals[count++] = (struct seal) {
				.nbma = tunnel == moving ? (struct addr) { 0 } : tunnel->nbma,
				.has_key = tunnel->config->has_key,
				.key = tunnel->config->key,
			};
	}
	ok = guard_seal(daemon->guard, seals, count, err);
	free(seals);
	return ok;
}

bool protection_before_source(struct tunnel *tunnel, struct err *err)
{
	struct daemon *daemon = tunnel->daemon;

	if (!is_protected(tunnel))
		return true;
	// A reload may have failed at it.
	return (daemon->ike || protection_configure(daemon, err)) && seal(daemon, tunnel, err);
}

void protection_on_source(struct tunnel *tunnel)
{
	struct daemon *daemon = tunnel->daemon;
	const struct desired_entry *cursor = NULL;
	struct desired_item item;
	struct err err;

	if (!is_protected(tunnel) || !addr_is_set(tunnel->nbma))
		return;
	if (!seal(daemon, NULL, &err))
		log_warning("%s", err.text);
	struct ike_tunnel protected = {
		.iface = tunnel->nhrp->id,
		.foreign = tunnel->config->protection.kind == PROTECTION_VICI,
		.marks = marking_is_for(tunnel),
		.local = tunnel->nbma,
	};
	snprintf(protected.profile, sizeof(protected.profile), "%s", tunnel->config->protection.profile);
	ike_set_tunnel(daemon->ike, &protected);
	// What was wanted before there was a source.
	while (desired_next(&daemon->node->desired, DESIRED_SA, &cursor, &item)) {
		if (item.iface == tunnel->nhrp->id)
			protection_want(daemon, &item);
	}
}

static void on_sa(void *owner, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity)
{
	struct daemon *daemon = owner;
	char text[ADDR_TEXT_SIZE];

	if (daemon->stopping)
		return;
	if (state == SA_UP)
		log_info("tunnel%u: SA with %s (%s) is up", iface, addr_format(nbma, text), identity);
	else
		log_info("tunnel%u: SA with %s %s", iface, addr_format(nbma, text),
			state == SA_FAILED ? "cannot be had now; trying again" : "is down");
	guard_apply_marks(daemon->guard);
	node_on_sa(daemon->node, iface, nbma, state, identity, daemon_now());
	daemon_drain(daemon);
}

bool protection_configure(struct daemon *daemon, struct err *err)
{
	const struct ike_handler handler = { .on_sa = on_sa,
		.on_mark = marking_on_mark,
		.on_forgotten = marking_on_forgotten,
		.place = marking_place,
		.now = daemon_now,
		.owner = daemon };
	const struct crypto_config *crypto = &daemon->config->crypto;
	uint32_t *ifaces = alloc_zeroed(daemon->tunnel_count + 1, sizeof(*ifaces));
	size_t count = 0;
	bool ok = true;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		if (is_protected(daemon->tunnels[i]))
			ifaces[count++] = daemon->tunnels[i]->nhrp->id;
	}
	// Where nothing is protected and nothing was, a table of an earlier run may be all that keeps a
	// device of that run from talking in clear text.
	if (count > 0 || daemon->ike)
		ok = seal(daemon, NULL, err);
	if (ok && count > 0 && !daemon->ike)
		daemon->ike = ike_new(daemon->loop,
			crypto->vici_socket ? crypto->vici_socket : CRYPTO_VICI_SOCKET, crypto, &handler);
	else if (daemon->ike)
		ike_configure(daemon->ike, crypto);
	if (daemon->ike)
		ike_keep_tunnels(daemon->ike, ifaces, count);
	marking_configure(daemon);
	daemon->context.ike = daemon->ike;
	free(ifaces);
	return ok;
}

void protection_heard(const struct tunnel *tunnel, struct addr from)
{
	if (tunnel->daemon->ike)
		ike_heard(tunnel->daemon->ike, tunnel->nhrp->id, from);
}

void protection_want(struct daemon *daemon, const struct desired_item *item)
{
	if (daemon->ike)
		ike_want(daemon->ike, item->iface, item->nbma,
			!item->present ? IKE_UNWANTED
			: item->call   ? IKE_CALL
				       : IKE_KEEP);
}

void protection_renew(struct daemon *daemon, const struct action *action)
{
	if (daemon->ike)
		ike_renew(daemon->ike, action->iface, action->renew);
}

/// Is there a device left that could send by itself?
static bool has_device(struct daemon *daemon)
{
	struct device_info info;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		if (is_protected(daemon->tunnels[i]) &&
			device_get(daemon->rtnl, daemon->tunnels[i]->nhrp->name, &info, NULL))
			return true;
	}
	return false;
}

void protection_stop(struct daemon *daemon)
{
	struct err err;

	if (!daemon->ike)
		return;
	ike_close(daemon->ike, daemon->handing_over);
	daemon->ike = daemon->context.ike = NULL;
	marking_done(daemon);
	if (!daemon->handing_over)
		guard_remove_marks(daemon->guard);
	if (!daemon->handing_over && !has_device(daemon) && !guard_seal(daemon->guard, NULL, 0, &err))
		log_warning("%s", err.text);
}
