// SPDX-License-Identifier: GPL-2.0-or-later
//
// The user link: a TAP device above, a GRE socket below, and threads between that carry the data (see
// user_datapath.h). Here is what the event loop's thread does: NHRP, by a socket of its own, so that no
// amount of data keeps it waiting; and the peers.
#include "link/link.h"

#include <stdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "link/admission.h"
#include "link/kernel_device.h"
#include "link/nhrp_socket.h"
#include "link/socket.h"
#include "link/user_datapath.h"
#include "link/user_fast.h"
#include "link/user_gre.h"
#include "link/user_peers.h"
#include "link/user_tap.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

struct user_link {
	struct link link;
	struct link_config config;
	struct link_handler handler;
	int gre; ///< socket for NHRP
	struct nhrp_socket *nhrp;
	struct groups groups; ///< that the datapath has a copy of
	struct user_datapath path;
	struct user_fast *fast;                     ///< NULL: the threads carry all
	char no_fast_path[sizeof(struct err) + 32]; ///< why, where `fast` is NULL
	bool told_recursion;                        ///< the log said that packets come back into the device
	bool told_gone;                             ///< the log said that the device is gone
};

static struct user_link *user_link_of(struct link *link)
{
	return container_of(link, struct user_link, link);
}

/* NHRP */

static void receive_nhrp(struct link *link, const struct nhrp_arrival *arrival)
{
	struct user_link *user = user_link_of(link);
	struct gre_header header;
	struct addr from;
	size_t outer = user_gre_read(arrival->packet, arrival->length, &header, &from);

	if (!outer) {
		atomic_fetch_add(&user->path.drops.not_wanted, 1);
		return;
	}
	if (header.protocol == NHRP_ETHERTYPE && user_gre_is_for(&user->config, &header, from))
		user->handler.on_nhrp(user->handler.owner, from, arrival->mark, arrival->packet + outer,
			arrival->length - outer);
}

/* The operations */

static bool check_nbma(const char *what, struct addr nbma, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	if (nbma.family == ADDR_IPV6)
		return err_set(err,
			"the %s %s is IPv6, which this version's user link cannot use; take an IPv4 one",
			what, addr_format(nbma, text));
	if (!user_peers_number(nbma))
		return err_set(
			err, "the %s %s is not usable; give an IPv4 address", what, addr_format(nbma, text));
	return true;
}

static void close_sockets(struct user_datapath *path)
{
	while (path->socket_count)
		close(path->sockets[--path->socket_count]);
}

/// Those for data.
static bool open_sockets(struct user_link *user, struct err *err)
{
	struct user_datapath *path = &user->path;
	unsigned wanted = user_tap_queues(&user->config);

	for (; path->socket_count < wanted; path->socket_count++) {
		int fd = user_gre_open(&user->config, USER_GRE_DATA, path->socket_count, wanted, err);

		if (fd < 0)
			return false;
		path->sockets[path->socket_count] = fd;
	}
	return true;
}

/// Opens what the link stands on: the device and the sockets. On failure nothing stays open.
static bool open_files(struct user_link *user, bool *ret_adopted, struct err *err)
{
	user->gre = user_gre_open(&user->config, USER_GRE_NHRP, 0, 1, err);
	if (user->gre < 0)
		return false;
	if (open_sockets(user, err)) {
		/* An earlier run may have had the other kind of link. */
		kernel_device_remove_stale(user->config.name);
		if (user_tap_open(&user->config, &user->path.tap, ret_adopted, err))
			return true;
	}
	close_sockets(&user->path);
	close(user->gre);
	return false;
}

static void close_files(struct user_link *user, bool keep_device)
{
	user_tap_close(&user->path.tap, keep_device);
	close_sockets(&user->path);
	close(user->gre);
}

static bool start_datapath(struct user_link *user, struct err *err)
{
	struct user_datapath *path = &user->path;

	path->config = &user->config;
	path->nbma = htonl(addr_to_ipv4(user->config.nbma));
	path->mtu = user->config.mtu;
	if (addr_is_set(user->config.destination)) {
		path->destination = user_peers_get(&path->peers, user->config.destination);
		path->destination->destination = true;
	}
	return user_datapath_start(path, err);
}

static const char *user_data_path(struct link *link)
{
	const struct user_link *user = user_link_of(link);

	return user->fast ? user_fast_text(user->fast) : user->no_fast_path;
}

static void start_fast_path(struct user_link *user)
{
	struct err err = { "it is switched off" };

	user_fast_remove_stale(user->config.name);
	if (!user->config.no_fast_path)
		user->fast = user_fast_open(&user->config, &err);
	if (!user->fast)
		snprintf(user->no_fast_path, sizeof(user->no_fast_path), "threads (no eBPF: %s)", err.text);
	log_info("%s: data goes by %s", user->config.name, user_data_path(&user->link));
}

static struct link *user_open(uv_loop_t *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	struct user_link *user;

	if (!check_nbma("tunnel source", config->nbma, err))
		return NULL;
	if (addr_is_set(config->destination) && !check_nbma("tunnel destination", config->destination, err))
		return NULL;
	user = alloc_zeroed(1, sizeof(*user));
	user->link.ops = &link_user;
	user->config = *config;
	user->handler = *handler;
	if (!open_files(user, ret_adopted, err)) {
		free(user);
		return NULL;
	}
	if (!start_datapath(user, err)) {
		close_files(user, *ret_adopted);
		user_peers_done(&user->path.peers);
		free(user);
		return NULL;
	}
	start_fast_path(user);
	admission_open(&user->link, &user->config, ADMISSION_UNDERLAY, user->gre);
	user->nhrp = nhrp_socket_open(loop, &user->link, user->gre, handler, receive_nhrp);
	return &user->link;
}

static void user_flush_nhrp(struct link *link)
{
	nhrp_socket_flush(user_link_of(link)->nhrp);
}

static void user_close(struct link *link, bool keep_device)
{
	struct user_link *user = user_link_of(link);

	nhrp_socket_close(user->nhrp);
	user_fast_close(user->fast, NULL, NULL);
	admission_close(user->link.admission);
	user_datapath_stop(&user->path);
	close_files(user, keep_device);
	groups_done(&user->groups);
	user_peers_done(&user->path.peers);
	free(user);
}

static bool user_send_nhrp(
	struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err)
{
	struct user_link *user = user_link_of(link);
	const struct gre_header header = {
		.has_key = user->config.has_key,
		.key = user->config.key,
		.protocol = NHRP_ETHERTYPE,
	};
	uint8_t gre[GRE_MAX_HEADER];

	if (!check_nbma("NBMA address", nbma, err))
		return false;
	if (length > NHRP_MAX_PACKET)
		return err_set(
			err, "an NHRP packet of %zu bytes is too large for %s", length, user->config.name);
	nhrp_socket_send(user->nhrp,
		&(struct nhrp_departure) {
			.to.ipv4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr_to_ipv4(nbma)) },
			.head = gre,
			.head_length = gre_write(&header, gre),
			.packet = packet,
			.length = length,
		});
	return true;
}

static bool user_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer;

	if (!check_nbma("NBMA address", nbma, err))
		return false;
	peer = user_peers_get(&user->path.peers, nbma);
	peer->neighbour = true;
	user_fast_add_peer(user->fast, nbma);
	*ret = (struct lladdr) { .length = USER_MAC_SIZE };
	user_peers_write_mac(peer->number, ret->bytes);
	return true;
}

static void settle(struct user_link *user, struct user_peer *peer)
{
	struct addr nbma = peer->nbma;

	if (user_peers_settle(&user->path.peers, peer))
		user_fast_remove_peer(user->fast, nbma);
}

static void user_forget(struct link *link, struct addr nbma)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer = user_peers_find(&user->path.peers, user_peers_number(nbma));

	if (!peer)
		return;
	peer->neighbour = false;
	settle(user, peer);
}

static void user_multicast_add(struct link *link, struct prefix group, struct addr nbma)
{
	struct user_link *user = user_link_of(link);

	if (addr_is_set(group.addr)) {
		groups_add(&user->groups, group, nbma);
		user_peers_set_groups(&user->path.peers, &user->groups);
		return;
	}
	if (!user_peers_number(nbma))
		return;
	user_peers_set_receiver(&user->path.peers, user_peers_get(&user->path.peers, nbma), true);
}

static void user_multicast_remove(struct link *link, struct prefix group, struct addr nbma)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer = user_peers_find(&user->path.peers, user_peers_number(nbma));

	if (addr_is_set(group.addr)) {
		groups_remove(&user->groups, group, nbma);
		user_peers_set_groups(&user->path.peers, &user->groups);
		return;
	}
	if (!peer)
		return;
	user_peers_set_receiver(&user->path.peers, peer, false);
	settle(user, peer);
}

static bool user_set_nbma(struct link *link, struct addr nbma, struct err *err)
{
	struct user_link *user = user_link_of(link);

	user_flush_nhrp(link);
	if (!check_nbma("tunnel source", nbma, err) || !user_gre_bind(user->gre, nbma, err))
		return false;
	for (unsigned i = 0; i < user->path.socket_count; i++)
		if (!user_gre_bind(user->path.sockets[i], nbma, err))
			return false;
	user->config.nbma = nbma;
	atomic_store(&user->path.nbma, htonl(addr_to_ipv4(nbma)));
	user_fast_set_nbma(user->fast, nbma);
	return true;
}

/// What the fast path counted, when it ends.
static void keep_counters(void *context, struct addr nbma, const struct link_counters *counted)
{
	struct user_peers *peers = context;
	struct user_peer *peer = user_peers_find(peers, user_peers_number(nbma));

	if (!peer)
		return;
	atomic_fetch_add(&peer->sent_packets, counted->sent_packets);
	atomic_fetch_add(&peer->sent_bytes, counted->sent_bytes);
	atomic_fetch_add(&peer->received_packets, counted->received_packets);
	atomic_fetch_add(&peer->received_bytes, counted->received_bytes);
}

static void user_configure(struct link *link, const struct link_config *config)
{
	struct user_link *user = user_link_of(link);

	user->config.mtu = config->mtu;
	user->config.hairpin = config->hairpin;
	atomic_store(&user->path.mtu, config->mtu);
	user_fast_configure(user->fast, config);
	if (user->config.no_fast_path == config->no_fast_path)
		return;
	/* Whatever comes in between is the threads'. */
	user->config.no_fast_path = config->no_fast_path;
	user_fast_close(user->fast, keep_counters, &user->path.peers);
	user->fast = NULL;
	start_fast_path(user);
}

/// What the threads saw and only this thread may log.
static void tell_troubles(struct user_link *user)
{
	if (atomic_load(&user->path.recursion) && !user->told_recursion)
		log_warning(
			"%s: the route to the NBMA address of a peer leads into the tunnel itself, or by "
			"another tunnel back into it; its packets are dropped (check the routes that were "
			"learned by tunnels)",
			user->config.name);
	user->told_recursion = atomic_load(&user->path.recursion);
	if (atomic_load(&user->path.device_gone) && !user->told_gone)
		log_error("the device %s is gone", user->config.name);
	user->told_gone = atomic_load(&user->path.device_gone);
}

/// Who is to be told of a walk over the active peers.
struct walk {
	struct user_fast *fast;
	void (*visit)(void *context, struct addr nbma, bool sent, bool received);
	void *context;
};

/// A receiver of multicast comes into the fast path once it sends data: a hub hears from few of its many
/// clients.
static void on_active(void *context, struct addr nbma, bool sent, bool received)
{
	const struct walk *walk = context;

	if (received)
		user_fast_add_peer(walk->fast, nbma);
	walk->visit(walk->context, nbma, sent, received);
}

static void user_each_active(struct link *link,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct user_link *user = user_link_of(link);
	struct walk walk = { user->fast, visit, context };

	tell_troubles(user);
	user_peers_each_active(&user->path.peers, on_active, &walk);
	user_fast_each_active(user->fast, visit, context);
}

static bool user_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	struct user_peer *peer = user_peers_find(&user_link_of(link)->path.peers, user_peers_number(nbma));

	if (!peer)
		return false;
	*ret = (struct link_counters) {
		.sent_packets = atomic_load(&peer->sent_packets),
		.sent_bytes = atomic_load(&peer->sent_bytes),
		.received_packets = atomic_load(&peer->received_packets),
		.received_bytes = atomic_load(&peer->received_bytes),
	};
	user_fast_add_counters(user_link_of(link)->fast, nbma, ret);
	return true;
}

static void user_drops(struct link *link, struct link_drops *ret)
{
	struct user_link *user = user_link_of(link);
	struct user_drops *drops = &user->path.drops;

	*ret = (struct link_drops) {
		.unknown_peer = atomic_load(&drops->unknown_peer),
		.not_wanted = atomic_load(&drops->not_wanted),
		.send_failed = atomic_load(&drops->send_failed) + nhrp_socket_refused(user->nhrp),
		.device_full = atomic_load(&drops->device_full),
		.socket_full = socket_dropped(user->gre),
	};
	for (unsigned i = 0; i < user->path.socket_count; i++)
		ret->socket_full += socket_dropped(user->path.sockets[i]);
}

const struct link_ops link_user = {
	.name = "user",
	.open = user_open,
	.close = user_close,
	.send_nhrp = user_send_nhrp,
	.flush_nhrp = user_flush_nhrp,
	.lladdr = user_lladdr,
	.forget = user_forget,
	.multicast_add = user_multicast_add,
	.multicast_remove = user_multicast_remove,
	.set_nbma = user_set_nbma,
	.configure = user_configure,
	.each_active = user_each_active,
	.counters = user_counters,
	.drops = user_drops,
	.data_path = user_data_path,
};
