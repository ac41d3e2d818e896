// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/conf.h"
#include "core/nhs.h"
#include "core/node.h"
#include "core/peer.h"
#include "ctl/packet.h"
#include "ctl/server.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/intake.h"
#include "daemon/marking.h"
#include "daemon/protection.h"
#include "daemon/tunnel.h"
#include "link/admission.h"
#include "link/link.h"
#include "link/marked.h"
#include "linux/apply.h"
#include "linux/device.h"

void tunnel_init(struct tunnel *tunnel, struct daemon *daemon, const struct iface_config *nhrp,
	const struct tunnel_config *config)
{
	tunnel->daemon = daemon;
	tunnel->nhrp = nhrp;
	tunnel->config = config;
}

void tunnel_tell_packet(
	const struct tunnel *tunnel, bool received, struct addr nbma, const uint8_t *packet, size_t length)
{
	const struct packet_report report = { tunnel->nhrp->name, received, nbma, packet, length };

	events_log_packet(tunnel->nhrp->name, received ? "from" : "to", nbma, packet, length);
	ctl_server_packet(tunnel->daemon->control, &report);
}

static void on_nhrp(void *owner, struct addr from, uint32_t mark, const uint8_t *packet, size_t length)
{
	marking_receive(owner, from, mark, packet, length);
}

static void on_nhrp_end(void *owner)
{
	const struct tunnel *tunnel = owner;

	intake_end(tunnel->daemon->intake);
}

static void tell_core(struct tunnel *tunnel)
{
	bool up = tunnel->link && !tunnel->config->shutdown && addr_is_set(tunnel->nbma);

	node_on_link(tunnel->daemon->node, tunnel->nhrp->id, up, tunnel->device, tunnel->nbma, daemon_now());
}

static bool find_source(struct tunnel *tunnel, struct addr *ret, struct err *err)
{
	const struct tunnel_config *config = tunnel->config;
	struct device_info source;

	if (config->source_interface[0] == '\0') {
		*ret = config->source_address;
		return true;
	}
	return device_get(tunnel->daemon->rtnl, config->source_interface, &source, err) &&
	       device_primary_address(tunnel->daemon->rtnl, source.index, ret, err);
}

static bool any_server_answers(const struct tunnel *tunnel)
{
	const struct iface *iface = node_iface(tunnel->daemon->node, tunnel->nhrp->id);

	for (size_t i = 0; iface && i < iface->nhs_count; i++) {
		if (nhs_is_up(&iface->nhs[i]))
			return true;
	}
	return false;
}

void tunnel_show_state(struct tunnel *tunnel)
{
	bool dormant = tunnel->config->if_state && tunnel->nhrp->nhs_count > 0 && !any_server_answers(tunnel);
	struct err err;

	if (!tunnel->link || dormant == tunnel->dormant)
		return;
	tunnel->dormant = dormant;
	if (!device_set_dormant(tunnel->daemon->rtnl, tunnel->device, dormant, &err))
		log_warning("%s: %s", tunnel->nhrp->name, err.text);
	else if (tunnel->config->if_state)
		log_notice("%s: shown as %s", tunnel->nhrp->name,
			dormant ? "down: no next hop server answers" : "up");
}

/// Makes the device what the configuration says. Its link is open.
static bool set_up_device(struct tunnel *tunnel, struct err *err)
{
	struct rtnl *rtnl = tunnel->daemon->rtnl;
	struct device_info info;

	if (!device_get(rtnl, tunnel->nhrp->name, &info, err))
		return false;
	tunnel->device = info.index;
	return device_prepare(rtnl, info.index, err) &&
	       device_set_mtu(rtnl, info.index, tunnel->config->ip_mtu, err) &&
	       device_set_address(rtnl, info.index, tunnel->nhrp->address, err) &&
	       device_set_up(rtnl, info.index, !tunnel->config->shutdown, err);
}

static void close_link(struct tunnel *tunnel, bool keep_device)
{
	if (tunnel->link)
		tunnel->link->ops->close(tunnel->link, keep_device);
	tunnel->link = NULL;
	tunnel->device = 0;
	tunnel->dormant = false;
	tunnel->nbma = (struct addr) { 0 };
}

/// In the environment, for measurements and tests; 0: not given.
static unsigned pairs_wanted(void)
{
	const char *text = getenv("DMVPND_PAIRS");

	return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static struct link_config link_config_of(struct tunnel *tunnel, struct addr nbma)
{
	struct link_config ret = {
		.nbma = nbma,
		.destination = tunnel->nhrp->destination,
		.has_key = tunnel->config->has_key,
		.key = tunnel->config->key,
		.mtu = tunnel->config->ip_mtu,
		.no_fast_path = tunnel->config->link == TUNNEL_LINK_THREADS ||
				tunnel->config->protection.kind != PROTECTION_NONE,
		/* What a hub redirects, it must see. */
		.hairpin = tunnel->config->hairpin && !tunnel->nhrp->redirect,
		.one_by_one = getenv("DMVPND_ONE_BY_ONE") != NULL,
		.pairs = pairs_wanted(),
		.marks = marking_is_for(tunnel),
		.protected = tunnel->config->protection.kind != PROTECTION_NONE,
	};

	memcpy(ret.name, tunnel->nhrp->name, sizeof(ret.name));
	return ret;
}

static bool open_link(struct tunnel *tunnel, struct addr nbma, struct err *err)
{
	const struct link_ops *ops = link_by_kind(tunnel->config->link, err);
	const struct link_handler handler = {
		.on_nhrp = on_nhrp, .on_nhrp_end = on_nhrp_end, .owner = tunnel
	};
	const struct link_config link = link_config_of(tunnel, nbma);
	bool adopted = false;

	if (!protection_before_source(tunnel, err))
		return false;
	if (ops && link.marks)
		tunnel->link = marked_open(ops, tunnel->daemon->loop, &link, &handler, &adopted, err);
	else
		tunnel->link = ops ? ops->open(tunnel->daemon->loop, &link, &handler, &adopted, err) : NULL;
	if (!tunnel->link)
		return false;
	if (!set_up_device(tunnel, err)) {
		close_link(tunnel, adopted);
		return false;
	}
	tunnel->nbma = nbma;
	// An earlier run may have left it dormant.
	tunnel->dormant = adopted;
	tunnel_show_state(tunnel);
	if (adopted)
		log_notice("%s: adopted the device that an earlier run left", tunnel->nhrp->name);
	return true;
}

/// Those that were there before the link.
static void tell_peers(const struct tunnel *tunnel)
{
	const struct iface *iface = node_iface(tunnel->daemon->node, tunnel->nhrp->id);

	for (const struct peer *peer = iface ? iface->peers : NULL; peer; peer = peer->hh.next) {
		admission_know(tunnel->link->admission, peer->nbma, true);
		if (peer->receiver)
			tunnel->link->ops->multicast_add(tunnel->link, (struct prefix) { 0 }, peer->nbma);
	}
	admission_flush(tunnel->link->admission);
}

static void open_tunnel(struct tunnel *tunnel, struct addr nbma)
{
	char text[ADDR_TEXT_SIZE];
	struct err err;

	if (!open_link(tunnel, nbma, &err)) {
		if (!tunnel->told_waiting)
			log_warning(
				"%s: not up: %s; trying again until it works", tunnel->nhrp->name, err.text);
		tunnel->told_waiting = true;
		return;
	}
	tunnel->told_waiting = false;
	log_info("%s: up, source %s", tunnel->nhrp->name, addr_format(nbma, text));
	marking_on_link(tunnel);
	protection_on_source(tunnel);
	tell_peers(tunnel);
	tell_core(tunnel);
	apply_on_link(tunnel->daemon->apply);
}

static void follow_source(struct tunnel *tunnel, struct addr nbma)
{
	char before[ADDR_TEXT_SIZE], after[ADDR_TEXT_SIZE];
	struct err err;

	if (!protection_before_source(tunnel, &err) ||
		!tunnel->link->ops->set_nbma(tunnel->link, nbma, &err)) {
		log_warning("%s: cannot follow its source to %s: %s", tunnel->nhrp->name,
			addr_format(nbma, after), err.text);
		return;
	}
	log_notice("%s: source moved from %s to %s", tunnel->nhrp->name, addr_format(tunnel->nbma, before),
		addr_format(nbma, after));
	tunnel->told_waiting = false;
	tunnel->nbma = nbma;
	marking_on_link(tunnel);
	protection_on_source(tunnel);
	tell_core(tunnel);
}

static void lose_source(struct tunnel *tunnel, const char *why)
{
	if (!tunnel->told_waiting)
		log_warning("%s: waits for its source: %s", tunnel->nhrp->name, why);
	tunnel->told_waiting = true;
	if (!addr_is_set(tunnel->nbma))
		return;
	tunnel->nbma = (struct addr) { 0 };
	tell_core(tunnel);
}

void tunnel_update(struct tunnel *tunnel)
{
	struct addr nbma;
	struct err err;

	if (tunnel->daemon->stopping)
		return;
	if (!find_source(tunnel, &nbma, &err))
		lose_source(tunnel, err.text);
	else if (!tunnel->link)
		open_tunnel(tunnel, nbma);
	else if (!addr_equal(nbma, tunnel->nbma))
		follow_source(tunnel, nbma);
}

void tunnel_on_device(struct tunnel *tunnel, const struct device_info *device, bool exists)
{
	if (tunnel->link && device->index == tunnel->device && !exists) {
		log_warning("%s: somebody deleted the device; making it again", tunnel->nhrp->name);
		close_link(tunnel, false);
		tell_core(tunnel);
	}
	tunnel_update(tunnel);
}

static void on_active(void *context, struct addr nbma, bool sent, bool received)
{
	const struct tunnel *tunnel = context;

	node_on_use(tunnel->daemon->node, tunnel->nhrp->id, nbma, sent, received, daemon_now());
}

void tunnel_on_second(struct tunnel *tunnel)
{
	tunnel_show_state(tunnel);
	if (!tunnel->link) {
		tunnel_update(tunnel);
		return;
	}
	tunnel->link->ops->each_active(tunnel->link, on_active, tunnel);
	admission_on_second(tunnel->link->admission);
}

void tunnel_flush(struct tunnel *tunnel)
{
	if (tunnel->link)
		tunnel->link->ops->flush_nhrp(tunnel->link);
}

void tunnel_apply(struct tunnel *tunnel)
{
	struct err err;

	if (tunnel->link) {
		const struct link_config config = link_config_of(tunnel, tunnel->nbma);

		tunnel->link->ops->configure(tunnel->link, &config);
		if (!set_up_device(tunnel, &err))
			log_warning("%s: %s", tunnel->nhrp->name, err.text);
	}
	tunnel_update(tunnel);
	tell_core(tunnel);
	apply_resync_soon(tunnel->daemon->apply);
}

/// With or without its fast path, a user link is the same.
static bool is_same_link(const struct tunnel *tunnel)
{
	const struct link_ops *ops = link_by_kind(tunnel->config->link, NULL);

	return tunnel->link && ops && strcmp(ops->name, tunnel->link->ops->name) == 0;
}

void tunnel_reopen(struct tunnel *tunnel)
{
	if (is_same_link(tunnel)) {
		tunnel_apply(tunnel);
		return;
	}
	close_link(tunnel, true);
	tunnel_update(tunnel);
	tell_core(tunnel);
}

void tunnel_close(struct tunnel *tunnel, bool keep_device)
{
	close_link(tunnel, keep_device);
}
