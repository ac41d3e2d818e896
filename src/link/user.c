// SPDX-License-Identifier: GPL-2.0-or-later
//
// The user link: a TAP device above, a GRE socket below. Frames lose their Ethernet header and get a GRE
// header in its place, and back, in the buffer they were read into; packets move in batches. Everything
// happens in the event loop's thread, so a frame in a batch and its peer stay valid until the batch is sent.
#include "link/link.h"

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "link/kernel_device.h"
#include "link/user_gre.h"
#include "link/user_offload.h"
#include "link/user_peers.h"
#include "link/user_tap.h"
#include "wire/gre.h"

#define BATCH           16          ///< packets per wake-up and direction, so that the loop stays fair
#define SLOT_SIZE       (64 * 1024) ///< the largest IP packet, which GRO makes of many; more than any frame read
#define ETHERTYPE_NHRP  0x2001
#define ETHERTYPE_TEB   0x6558 ///< Ethernet in GRE: nothing for a device without an Ethernet of its own
#define ETHERTYPE_FIRST 0x0600 ///< lower values are lengths
#define TOS_NETWORK     0xc0   ///< internetwork control, for NHRP
#define TOS_DSCP        0xfc   ///< what the outer header takes over from the inner one

struct outgoing {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in to[BATCH];
	_Alignas(size_t) uint8_t control[BATCH][USER_GRE_TOS_SIZE];
	struct user_peer *peers[BATCH];
	unsigned count;
};

struct user_link {
	struct link link;
	struct link_config config;
	struct link_handler handler;
	int tap;
	int gre;
	uv_poll_t tap_poll;
	uv_poll_t gre_poll;
	unsigned polls_open; ///< handles that libuv still knows
	struct user_peers peers;
	struct user_peer *destination; ///< NULL: multipoint
	struct link_drops drops;
	bool told_recursion; ///< the log said that packets come back into the device
	struct outgoing out;
	uint8_t *slots; ///< BATCH buffers of SLOT_SIZE bytes
};

static struct user_link *user_link_of(struct link *link)
{
	return container_of(link, struct user_link, link);
}

static uint8_t *slot(struct user_link *user, unsigned index)
{
	return user->slots + (size_t)index * SLOT_SIZE;
}

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static struct sockaddr_in underlay_address(struct addr nbma)
{
	return (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr_to_ipv4(nbma)) };
}

static size_t write_gre(
	const struct user_link *user, uint16_t protocol, uint8_t buffer[static GRE_MAX_HEADER])
{
	struct gre_header header = {
		.has_key = user->config.has_key,
		.key = user->config.key,
		.protocol = protocol,
	};

	return gre_write(&header, buffer);
}

/* From the device to the underlay */

static void flush(struct user_link *user)
{
	struct outgoing *out = &user->out;
	unsigned done = 0;

	while (done < out->count) {
		int sent = sendmmsg(user->gre, out->messages + done, out->count - done, MSG_DONTWAIT);

		/* The underlay's errors (no route, full queue, firewall) are those of one packet: as on any
		 * link, it is lost, and counted. */
		if (sent <= 0) {
			user->drops.send_failed++;
			done++;
			continue;
		}
		for (unsigned end = done + (unsigned)sent; done < end; done++)
			user_peers_count_sent(&user->peers, out->peers[done], out->iov[done].iov_len);
	}
	out->count = 0;
}

static void enqueue(
	struct user_link *user, struct user_peer *peer, uint8_t *packet, size_t length, uint8_t tos)
{
	struct outgoing *out = &user->out;
	unsigned i;

	if (out->count == BATCH)
		flush(user);
	i = out->count++;
	out->peers[i] = peer;
	out->to[i] = underlay_address(peer->nbma);
	out->iov[i] = (struct iovec) { .iov_base = packet, .iov_len = length };
	out->messages[i].msg_hdr = (struct msghdr) {
		.msg_name = &out->to[i],
		.msg_namelen = sizeof(out->to[i]),
		.msg_iov = &out->iov[i],
		.msg_iovlen = 1,
	};
	if (tos)
		user_gre_set_tos(&out->messages[i].msg_hdr, out->control[i], tos);
}

static uint8_t inner_tos(uint16_t ethertype, const uint8_t *packet, size_t length)
{
	if (length < 2)
		return 0;
	if (ethertype == ETHERTYPE_IP)
		return packet[1] & TOS_DSCP;
	if (ethertype == ETHERTYPE_IPV6)
		return (uint8_t)(read_u16(packet) >> 4) & TOS_DSCP;
	return 0;
}

/// Is this a packet that the link itself sent, which the routing table led back into the device? Sent again,
/// it would go round for ever. Whoever can choose an NBMA address can bring that about, and so can a route.
static bool is_own_gre(const struct user_link *user, uint16_t ethertype, const uint8_t *packet, size_t length)
{
	struct iphdr ip;

	if (ethertype != ETHERTYPE_IP || length < sizeof(ip))
		return false;
	memcpy(&ip, packet, sizeof(ip));
	return ip.protocol == IPPROTO_GRE && ntohl(ip.saddr) == addr_to_ipv4(user->config.nbma);
}

static void drop_own_gre(struct user_link *user)
{
	user->drops.not_wanted++;
	if (!user->told_recursion)
		log_warning(
			"%s: the route to the NBMA address of a peer leads into the tunnel itself; its packets "
			"are dropped (check the routes that were learned by the tunnel)",
			user->config.name);
	user->told_recursion = true;
}

static void forward_frame(struct user_link *user, uint8_t *frame, size_t length)
{
	uint8_t gre[GRE_MAX_HEADER];
	uint16_t ethertype;
	struct user_peer *peer;
	size_t gre_length;
	uint8_t *packet;
	uint8_t tos;

	if (length <= ETHER_HDR_LEN)
		return;
	ethertype = read_u16(frame + 2 * USER_MAC_SIZE);
	if (ethertype == ETHERTYPE_ARP) /* NHRP is the ARP of this link */
		return;
	if (ethertype < ETHERTYPE_FIRST) {
		user->drops.not_wanted++;
		return;
	}
	if (is_own_gre(user, ethertype, frame + ETHER_HDR_LEN, length - ETHER_HDR_LEN)) {
		drop_own_gre(user);
		return;
	}
	tos = inner_tos(ethertype, frame + ETHER_HDR_LEN, length - ETHER_HDR_LEN);
	peer = user->destination;
	if (!peer && !(frame[0] & 1)) {
		peer = user_peers_find(&user->peers, user_peers_read_mac(frame));
		if (!peer) {
			user->drops.unknown_peer++;
			return;
		}
	}
	bool multicast = !peer;

	/* The GRE header takes the place of the Ethernet header, which is longer. */
	gre_length = write_gre(user, ethertype, gre);
	packet = frame + ETHER_HDR_LEN - gre_length;
	memcpy(packet, gre, gre_length);
	length = length - ETHER_HDR_LEN + gre_length;
	if (!multicast) {
		enqueue(user, peer, packet, length, tos);
		return;
	}
	for (peer = user->peers.receivers; peer; peer = peer->receiver_next)
		enqueue(user, peer, packet, length, tos);
}

static void on_tap(uv_poll_t *poll, int status, int events)
{
	struct user_link *user = poll->data;

	(void)status;
	(void)events;
	for (unsigned i = 0; i < BATCH; i++) {
		struct virtio_net_hdr done; /* of no interest: nothing is left to us */
		struct iovec iov[] = { { &done, sizeof(done) }, { slot(user, i), SLOT_SIZE } };
		ssize_t length = readv(user->tap, iov, ARRAY_SIZE(iov));

		if (length < 0) {
			if (errno == EAGAIN || errno == EINTR)
				break;
			/* Somebody deleted the device; asking again would only spin. */
			log_error("the device %s is gone: %s", user->config.name, strerror(errno));
			uv_poll_stop(poll);
			break;
		}
		if ((size_t)length > sizeof(done))
			forward_frame(user, slot(user, i), (size_t)length - sizeof(done));
	}
	flush(user);
}

/* From the underlay to the device */

static void deliver(
	struct user_link *user, struct addr from, uint16_t protocol, uint8_t *packet, size_t length)
{
	uint64_t number = user_peers_number(from);
	struct user_peer *peer = user_peers_find(&user->peers, number);
	uint8_t *frame = packet - ETHER_HDR_LEN; /* room that the outer headers had */
	struct virtio_net_hdr to_do;
	struct iovec iov[] = { { &to_do, sizeof(to_do) }, { frame, length + ETHER_HDR_LEN } };

	if (!user_offload(protocol, packet, length, user->config.mtu, &to_do)) {
		user->drops.not_wanted++;
		return;
	}
	user_peers_write_mac(0, frame);
	user_peers_write_mac(number, frame + USER_MAC_SIZE);
	frame[2 * USER_MAC_SIZE] = (uint8_t)(protocol >> 8);
	frame[2 * USER_MAC_SIZE + 1] = (uint8_t)protocol;
	if (writev(user->tap, iov, ARRAY_SIZE(iov)) < 0) {
		user->drops.device_full++;
		return;
	}
	if (peer)
		user_peers_count_received(&user->peers, peer, length);
}

static void receive_packet(struct user_link *user, uint8_t *packet, size_t length)
{
	size_t ip_length = length >= sizeof(struct iphdr) ? (size_t)(packet[0] & 0xf) * 4 : 0;
	struct gre_header header;
	size_t gre_length = 0;
	struct addr from;

	if (ip_length >= sizeof(struct iphdr) && ip_length < length)
		gre_length = gre_read(packet + ip_length, length - ip_length, &header);
	if (!gre_length) {
		user->drops.not_wanted++;
		return;
	}
	/* The socket's filter sees to both but for what came before it was set. */
	from = addr_from_bytes(packet + offsetof(struct iphdr, saddr), 4);
	if (header.has_key != user->config.has_key || (header.has_key && header.key != user->config.key) ||
		(user->destination && !addr_equal(from, user->destination->nbma)))
		return;
	packet += ip_length + gre_length;
	length -= ip_length + gre_length;
	if (header.protocol == ETHERTYPE_NHRP) {
		user->handler.on_nhrp(user->handler.owner, from, packet, length);
		return;
	}
	if (!length || header.protocol < ETHERTYPE_FIRST || header.protocol == ETHERTYPE_TEB ||
		header.protocol == ETHERTYPE_ARP) {
		user->drops.not_wanted++;
		return;
	}
	deliver(user, from, header.protocol, packet, length);
}

static void on_gre(uv_poll_t *poll, int status, int events)
{
	struct user_link *user = poll->data;
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec iov[BATCH];
	int count;

	(void)events;
	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec) { .iov_base = slot(user, i), .iov_len = SLOT_SIZE };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	/* libuv stops at a pending error of the socket, which is old news of a packet sent before; reading is
	 * all that it needs. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_gre);
	count = recvmmsg(user->gre, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		receive_packet(user, slot(user, (unsigned)i), messages[i].msg_len);
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

static void free_link(struct user_link *user)
{
	user_peers_done(&user->peers);
	free(user->slots);
	free(user);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct user_link *user = handle->data;

	if (--user->polls_open == 0)
		free_link(user);
}

static void start_poll(struct user_link *user, uv_loop_t *loop, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	uv_poll_init(loop, poll, fd);
	poll->data = user;
	uv_poll_start(poll, UV_READABLE, callback);
	user->polls_open++;
}

static struct link *user_open(uv_loop_t *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	struct user_link *user;
	int gre, tap;

	if (!check_nbma("tunnel source", config->nbma, err))
		return NULL;
	if (addr_is_set(config->destination) && !check_nbma("tunnel destination", config->destination, err))
		return NULL;
	gre = user_gre_open(config, err);
	if (gre < 0)
		return NULL;
	/* An earlier run may have had the other kind of link. */
	kernel_device_remove_stale(config->name);
	tap = user_tap_open(config->name, config->mtu, ret_adopted, err);
	if (tap < 0) {
		close(gre);
		return NULL;
	}
	user = alloc_zeroed(1, sizeof(*user));
	user->link.ops = &link_user;
	user->config = *config;
	user->handler = *handler;
	user->slots = alloc_zeroed(BATCH, SLOT_SIZE);
	user->gre = gre;
	user->tap = tap;
	if (addr_is_set(config->destination)) {
		user->destination = user_peers_get(&user->peers, config->destination);
		user->destination->destination = true;
	}
	start_poll(user, loop, &user->tap_poll, tap, on_tap);
	start_poll(user, loop, &user->gre_poll, gre, on_gre);
	return &user->link;
}

static void user_close(struct link *link, bool keep_device)
{
	struct user_link *user = user_link_of(link);

	uv_close((uv_handle_t *)&user->tap_poll, on_poll_closed);
	uv_close((uv_handle_t *)&user->gre_poll, on_poll_closed);
	user_tap_close(user->tap, keep_device);
	close(user->gre);
}

static bool user_send_nhrp(
	struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err)
{
	struct user_link *user = user_link_of(link);
	_Alignas(size_t) uint8_t control[USER_GRE_TOS_SIZE] = { 0 };
	uint8_t gre[GRE_MAX_HEADER];
	struct sockaddr_in to = underlay_address(nbma);
	struct iovec iov[] = {
		{ .iov_base = gre, .iov_len = write_gre(user, ETHERTYPE_NHRP, gre) },
		{ .iov_base = (uint8_t *)(uintptr_t)packet, .iov_len = length },
	};
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = iov,
		.msg_iovlen = ARRAY_SIZE(iov),
	};
	char text[ADDR_TEXT_SIZE];

	if (!check_nbma("NBMA address", nbma, err))
		return false;
	user_gre_set_tos(&message, control, TOS_NETWORK);
	if (sendmsg(user->gre, &message, MSG_DONTWAIT) < 0) {
		user->drops.send_failed++;
		return err_set_errno(err, errno, "cannot send an NHRP packet to %s by %s",
			addr_format(nbma, text), user->config.name);
	}
	return true;
}

static bool user_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer;

	if (!check_nbma("NBMA address", nbma, err))
		return false;
	peer = user_peers_get(&user->peers, nbma);
	peer->neighbour = true;
	*ret = (struct lladdr) { .length = USER_MAC_SIZE };
	user_peers_write_mac(peer->number, ret->bytes);
	return true;
}

static void user_forget(struct link *link, struct addr nbma)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer = user_peers_find(&user->peers, user_peers_number(nbma));

	if (!peer)
		return;
	peer->neighbour = false;
	user_peers_settle(&user->peers, peer);
}

static void user_multicast_add(struct link *link, struct addr nbma)
{
	struct user_link *user = user_link_of(link);

	if (user_peers_number(nbma))
		user_peers_set_receiver(&user->peers, user_peers_get(&user->peers, nbma), true);
}

static void user_multicast_remove(struct link *link, struct addr nbma)
{
	struct user_link *user = user_link_of(link);
	struct user_peer *peer = user_peers_find(&user->peers, user_peers_number(nbma));

	if (!peer)
		return;
	user_peers_set_receiver(&user->peers, peer, false);
	user_peers_settle(&user->peers, peer);
}

static bool user_set_nbma(struct link *link, struct addr nbma, struct err *err)
{
	struct user_link *user = user_link_of(link);

	if (!check_nbma("tunnel source", nbma, err) || !user_gre_bind(user->gre, nbma, err))
		return false;
	user->config.nbma = nbma;
	return true;
}

static void user_each_active(struct link *link,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct user_link *user = user_link_of(link);
	struct addr nbma;
	bool sent, received;

	while (user_peers_pop_active(&user->peers, &nbma, &sent, &received))
		visit(context, nbma, sent, received);
}

static bool user_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	struct user_peer *peer = user_peers_find(&user_link_of(link)->peers, user_peers_number(nbma));

	if (!peer)
		return false;
	*ret = peer->counters;
	return true;
}

static void user_drops(struct link *link, struct link_drops *ret)
{
	*ret = user_link_of(link)->drops;
}

const struct link_ops link_user = {
	.name = "user",
	.open = user_open,
	.close = user_close,
	.send_nhrp = user_send_nhrp,
	.lladdr = user_lladdr,
	.forget = user_forget,
	.multicast_add = user_multicast_add,
	.multicast_remove = user_multicast_remove,
	.set_nbma = user_set_nbma,
	.each_active = user_each_active,
	.counters = user_counters,
	.drops = user_drops,
};
