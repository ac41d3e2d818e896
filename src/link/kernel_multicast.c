// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/kernel_multicast.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "link/groups.h"
#include "link/kernel_device.h"
#include "link/kernel_packet.h"
#include "link/socket.h"
#include "wire/gre.h"

#define BATCH     64          ///< copies with one system call
#define PACKETS   8           ///< per wake-up, each of which may be sent many times
#define SLOT_SIZE (64 * 1024) ///< the largest IP packet

/// Of all groups that have none of their own.
struct receiver {
	struct addr nbma; ///< the key
	UT_hash_handle hh;
};

struct kernel_multicast {
	struct link_config config;
	uint32_t device;
	int packet; ///< the link's; what is copied goes out by it
	int fd;     ///< raw socket on lo; -1: point-to-point, whose kernel needs no help
	uv_poll_t poll;
	struct receiver *receivers; ///< hash
	struct groups groups;
	uint64_t refused;
	uint8_t *slots; ///< PACKETS of SLOT_SIZE bytes
};

/* Copying */

/// Copies of one packet that are on their way.
struct copies {
	struct kernel_multicast *multicast;
	uint16_t protocol;
	struct iovec iov;
	struct sockaddr_ll to[BATCH];
	struct mmsghdr messages[BATCH];
	unsigned count;
};

static void flush_copies(struct copies *copies)
{
	copies->multicast->refused +=
		socket_send_all(copies->multicast->packet, copies->messages, copies->count);
	copies->count = 0;
}

static void copy_to(struct copies *copies, struct addr nbma)
{
	unsigned i = copies->count++;

	copies->to[i] = kernel_packet_address(copies->multicast->device, copies->protocol, nbma);
	copies->messages[i] = (struct mmsghdr) {
		.msg_hdr = {
			.msg_name = &copies->to[i],
			.msg_namelen = sizeof(copies->to[i]),
			.msg_iov = &copies->iov,
			.msg_iovlen = 1,
		},
	};
	if (copies->count == BATCH)
		flush_copies(copies);
}

/// To the receivers of its group, where that has its own, or to those of all groups.
static void copy_to_receivers(
	struct kernel_multicast *multicast, uint16_t protocol, uint8_t *packet, size_t length)
{
	struct copies copies = { .multicast = multicast, .protocol = protocol, .iov = { packet, length } };
	struct addr destination = groups_destination(protocol, packet, length);
	const struct group_receiver *of_group;
	size_t count = groups_find(&multicast->groups, destination, &of_group);

	for (size_t i = 0; i < count; i++)
		if (addr_is_set(of_group[i].nbma))
			copy_to(&copies, of_group[i].nbma);
	for (const struct receiver *one = count ? NULL : multicast->receivers; one; one = one->hh.next)
		copy_to(&copies, one->nbma);
	flush_copies(&copies);
}

static void copy_multicast(struct kernel_multicast *multicast, uint8_t *packet, size_t length)
{
	size_t ip_length = length >= sizeof(struct iphdr) ? (size_t)(packet[0] & 0xf) * 4 : 0;
	struct gre_header header;
	size_t gre_length = 0;

	if (ip_length >= sizeof(struct iphdr) && ip_length < length)
		gre_length = gre_read(packet + ip_length, length - ip_length, &header);
	/* The other tunnels of the host send here too. */
	if (!gre_length || header.has_key != multicast->config.has_key ||
		(header.has_key && header.key != multicast->config.key) ||
		memcmp(packet + offsetof(struct iphdr, saddr), multicast->config.nbma.bytes,
			KERNEL_NBMA_SIZE) != 0)
		return;
	copy_to_receivers(
		multicast, header.protocol, packet + ip_length + gre_length, length - ip_length - gre_length);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct kernel_multicast *multicast = poll->data;
	struct iovec iov[PACKETS];
	struct mmsghdr messages[PACKETS] = { 0 };
	int count;

	(void)events;
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	for (unsigned i = 0; i < PACKETS; i++) {
		iov[i] = (struct iovec) { multicast->slots + i * SLOT_SIZE, SLOT_SIZE };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(multicast->fd, messages, PACKETS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		copy_multicast(multicast, iov[i].iov_base, messages[i].msg_len);
}

/* Receivers */

static struct receiver *find_receiver(const struct kernel_multicast *multicast, struct addr nbma)
{
	struct receiver *receiver;

	HASH_FIND(hh, multicast->receivers, &nbma, sizeof(nbma), receiver);
	return receiver;
}

bool kernel_multicast_add(struct kernel_multicast *multicast, struct prefix group, struct addr nbma)
{
	struct receiver *receiver;

	if (addr_is_set(group.addr)) {
		groups_add(&multicast->groups, group, nbma);
		return false;
	}
	if (nbma.family != ADDR_IPV4 || find_receiver(multicast, nbma))
		return false;
	receiver = alloc_zeroed(1, sizeof(*receiver));
	receiver->nbma = nbma;
	HASH_ADD(hh, multicast->receivers, nbma, sizeof(receiver->nbma), receiver);
	return true;
}

static void forget_receiver(struct kernel_multicast *multicast, struct receiver *receiver)
{
	HASH_DEL(multicast->receivers, receiver);
	free(receiver);
}

bool kernel_multicast_remove(struct kernel_multicast *multicast, struct prefix group, struct addr nbma)
{
	struct receiver *receiver = find_receiver(multicast, nbma);

	if (addr_is_set(group.addr))
		groups_remove(&multicast->groups, group, nbma);
	if (addr_is_set(group.addr) || !receiver)
		return false;
	forget_receiver(multicast, receiver);
	return true;
}

void kernel_multicast_set_nbma(struct kernel_multicast *multicast, struct addr nbma)
{
	multicast->config.nbma = nbma;
}

uint64_t kernel_multicast_refused(const struct kernel_multicast *multicast)
{
	return multicast->refused;
}

/* Opening and closing */

static bool open_socket(struct kernel_multicast *multicast, struct err *err)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(KERNEL_BROADCAST) };
	const char *name = multicast->config.name;

	multicast->fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_GRE);
	if (multicast->fd < 0)
		return err_set_errno(err, errno,
			"cannot open a GRE socket for %s; run as root or with the capability CAP_NET_RAW",
			name);
	kernel_packet_set_buffers(multicast->fd);
	if (bind(multicast->fd, (struct sockaddr *)&local, sizeof(local)) == 0)
		return true;
	if (errno == EADDRNOTAVAIL)
		return err_set(err,
			"cannot get the multicast packets of %s, which come by lo: give lo its address 127.0.0.1/8 "
			"and set it up",
			name);
	return err_set_errno(err, errno, "cannot get the multicast packets of %s", name);
}

static void free_multicast(struct kernel_multicast *multicast)
{
	struct receiver *receiver, *next;

	HASH_ITER(hh, multicast->receivers, receiver, next)
	{
		forget_receiver(multicast, receiver);
	}
	groups_done(&multicast->groups);
	free(multicast->slots);
	free(multicast);
}

static void on_closed(uv_handle_t *handle)
{
	free_multicast(handle->data);
}

struct kernel_multicast *kernel_multicast_open(
	uv_loop_t *loop, const struct link_config *config, uint32_t device, int packet, struct err *err)
{
	struct kernel_multicast *multicast = alloc_zeroed(1, sizeof(*multicast));

	*multicast =
		(struct kernel_multicast) { .config = *config, .device = device, .packet = packet, .fd = -1 };
	if (addr_is_set(config->destination))
		return multicast;
	if (!open_socket(multicast, err)) {
		if (multicast->fd >= 0)
			close(multicast->fd);
		free_multicast(multicast);
		return NULL;
	}
	multicast->slots = alloc_zeroed(PACKETS, SLOT_SIZE);
	uv_poll_init(loop, &multicast->poll, multicast->fd);
	multicast->poll.data = multicast;
	uv_poll_start(&multicast->poll, UV_READABLE, on_readable);
	return multicast;
}

void kernel_multicast_close(struct kernel_multicast *multicast)
{
	if (!multicast)
		return;
	if (multicast->fd < 0) {
		free_multicast(multicast);
		return;
	}
	uv_close((uv_handle_t *)&multicast->poll, on_closed);
	close(multicast->fd);
}
