// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel link: a GRE device of the kernel carries the data; we send and receive NHRP by a packet socket
// on it, and copy multicast. On a multipoint device the kernel sends what has a multicast or broadcast
// destination to the device's broadcast address, which is one of lo (see KERNEL_BROADCAST): a raw socket
// there gets it, whole and after all filters, and none of it ever leaves the host uncopied.
#include "link/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "link/groups.h"
#include "link/kernel_device.h"
#include "link/kernel_traffic.h"
#include "link/mark.h"
#include "link/user_fast.h"
#include "link/user_tap.h"
#include "linux/rtnl.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

#define BATCH          64                ///< NHRP packets with one system call
#define ROUNDS         16                ///< of such packets per wake-up, so that the loop stays fair
#define COPY_BATCH     8                 ///< multicast packets per wake-up, each sent many times
#define SLOT_SIZE      (64 * 1024)       ///< the largest IP packet
#define NHRP_SLOT_SIZE 2048              ///< the largest NHRP packet
#define SOCKET_BUFFER  (8 * 1024 * 1024) ///< bytes: what arrives in the tens of milliseconds we may be busy
#define ETHERTYPE_NHRP 0x2001
#define NBMA_SIZE      4

/// NHRP packets that wait for the others that belong to the same wake-up.
struct outgoing_nhrp {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_ll to[BATCH];
	uint8_t packets[BATCH][NHRP_MAX_PACKET];
	unsigned count;
};

/// Of multicast.
struct receiver {
	struct addr nbma; ///< the key
	UT_hash_handle hh;
};

_Static_assert(BATCH *NHRP_SLOT_SIZE <= COPY_BATCH * SLOT_SIZE, "one set of buffers serves both");

struct kernel_link {
	struct link link;
	struct link_config config;
	struct link_handler handler;
	struct rtnl *rtnl;
	struct kernel_device device;
	struct kernel_traffic *traffic;
	int packet;    ///< packet socket on the device: NHRP both ways, copies of multicast
	int multicast; ///< raw socket on lo; -1: point-to-point, whose kernel needs no help
	uv_poll_t packet_poll;
	uv_poll_t multicast_poll;
	unsigned polls_open;        ///< handles that libuv still knows
	struct receiver *receivers; ///< hash: of multicast that is in no group of its own
	struct groups groups;
	uint64_t send_failed;
	struct outgoing_nhrp nhrp;
	_Alignas(struct cmsghdr) uint8_t control[BATCH][MARK_CONTROL_SIZE];
	uint8_t *slots; ///< COPY_BATCH buffers of SLOT_SIZE bytes, or BATCH of NHRP_SLOT_SIZE
};

static struct kernel_link *kernel_link_of(struct link *link)
{
	return container_of(link, struct kernel_link, link);
}

static bool is_multipoint(const struct kernel_link *kernel)
{
	return !addr_is_set(kernel->config.destination);
}

static uint8_t *slot(struct kernel_link *kernel, unsigned index, size_t size)
{
	return kernel->slots + index * size;
}

static struct sockaddr_ll link_address(const struct kernel_link *kernel, uint16_t protocol, struct addr nbma)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int)kernel->device.index,
	};

	if (addr_is_set(nbma)) {
		address.sll_halen = NBMA_SIZE;
		memcpy(address.sll_addr, nbma.bytes, NBMA_SIZE);
	}
	return address;
}

/* NHRP */

static void receive_nhrp(
	struct kernel_link *kernel, const struct sockaddr_ll *from, unsigned index, struct mmsghdr *message)
{
	struct addr nbma = kernel->config.destination;

	if (is_multipoint(kernel))
		nbma = addr_from_bytes(from->sll_addr, from->sll_halen == NBMA_SIZE ? NBMA_SIZE : 0);
	if (addr_is_set(nbma))
		kernel->handler.on_nhrp(kernel->handler.owner, nbma, mark_read(&message->msg_hdr),
			slot(kernel, index, NHRP_SLOT_SIZE), message->msg_len);
}

/// Receives what a socket has, at most `limit` packets into slots of `size` bytes. `from` may be NULL.
static unsigned receive_batch(struct kernel_link *kernel, int fd, unsigned limit, size_t size,
	struct sockaddr_ll *from, struct mmsghdr *messages)
{
	struct iovec iov[BATCH];
	int count;

	memset(messages, 0, limit * sizeof(*messages));
	for (unsigned i = 0; i < limit; i++) {
		iov[i] = (struct iovec) { .iov_base = slot(kernel, i, size), .iov_len = size };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		if (from) {
			messages[i].msg_hdr.msg_name = &from[i];
			messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
			messages[i].msg_hdr.msg_control = kernel->control[i];
			messages[i].msg_hdr.msg_controllen = sizeof(kernel->control[i]);
		}
	}
	count = recvmmsg(fd, messages, limit, MSG_DONTWAIT, NULL);
	return count < 0 ? 0 : (unsigned)count;
}

static void on_packet(uv_poll_t *poll, int status, int events)
{
	struct kernel_link *kernel = poll->data;
	struct sockaddr_ll from[BATCH] = { 0 };
	struct mmsghdr messages[BATCH];
	unsigned count = 0;

	(void)events;
	/* libuv stops at a pending error of the socket (the device went down); reading is all that it needs.
	 */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_packet);
	// Who is behind a flood in the queue should not have to wait for it.
	for (unsigned round = 0; round < ROUNDS && (round == 0 || count == BATCH); round++) {
		count = receive_batch(kernel, kernel->packet, BATCH, NHRP_SLOT_SIZE, from, messages);
		for (unsigned i = 0; i < count; i++)
			receive_nhrp(kernel, &from[i], i, &messages[i]);
		if (count > 0)
			kernel->handler.on_nhrp_end(kernel->handler.owner);
	}
}

static void send_batch(struct kernel_link *kernel, struct mmsghdr *messages, unsigned count)
{
	unsigned done = 0;
	bool told_down = false;

	while (done < count) {
		int sent = sendmmsg(kernel->packet, messages + done, count - done, MSG_DONTWAIT);

		/* That the device was down, as it was when the socket was bound, is told to the next call,
		 * once, which may be this one. */
		if (sent < 0 && errno == ENETDOWN && !told_down) {
			told_down = true;
			continue;
		}
		/* What the device refuses is lost, as on any link, and counted. */
		if (sent <= 0) {
			kernel->send_failed++;
			sent = 1;
		}
		done += (unsigned)sent;
	}
}

static void kernel_flush_nhrp(struct link *link)
{
	struct kernel_link *kernel = kernel_link_of(link);

	send_batch(kernel, kernel->nhrp.messages, kernel->nhrp.count);
	kernel->nhrp.count = 0;
}

static bool kernel_send_nhrp(
	struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);
	struct outgoing_nhrp *out = &kernel->nhrp;
	char text[ADDR_TEXT_SIZE];
	unsigned i;

	if (nbma.family != ADDR_IPV4)
		return err_set(err, "the NBMA address %s is not IPv4, which alone the kernel link can use",
			addr_format(nbma, text));
	if (length > NHRP_MAX_PACKET)
		return err_set(
			err, "an NHRP packet of %zu bytes is too large for %s", length, kernel->config.name);
	if (out->count == BATCH)
		kernel_flush_nhrp(link);
	i = out->count++;
	memcpy(out->packets[i], packet, length);
	out->to[i] = link_address(kernel, ETHERTYPE_NHRP, nbma);
	out->iov[i] = (struct iovec) { out->packets[i], length };
	out->messages[i].msg_hdr = (struct msghdr) {
		.msg_name = &out->to[i],
		.msg_namelen = sizeof(out->to[i]),
		.msg_iov = &out->iov[i],
		.msg_iovlen = 1,
	};
	return true;
}

/* Multicast */

/// Copies of one packet that are on their way.
struct copies {
	struct kernel_link *kernel;
	uint16_t protocol;
	struct iovec iov;
	struct sockaddr_ll to[BATCH];
	struct mmsghdr messages[BATCH];
	unsigned count;
};

static void flush_copies(struct copies *copies)
{
	send_batch(copies->kernel, copies->messages, copies->count);
	copies->count = 0;
}

static void copy_to(struct copies *copies, struct addr nbma)
{
	unsigned i = copies->count++;

	copies->to[i] = link_address(copies->kernel, copies->protocol, nbma);
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
static void copy_to_receivers(struct kernel_link *kernel, uint16_t protocol, uint8_t *packet, size_t length)
{
	struct copies copies = { .kernel = kernel, .protocol = protocol, .iov = { packet, length } };
	struct addr destination = groups_destination(protocol, packet, length);
	const struct group_receiver *of_group;
	size_t count = groups_find(&kernel->groups, destination, &of_group);

	for (size_t i = 0; i < count; i++)
		if (addr_is_set(of_group[i].nbma))
			copy_to(&copies, of_group[i].nbma);
	for (const struct receiver *one = count ? NULL : kernel->receivers; one; one = one->hh.next)
		copy_to(&copies, one->nbma);
	flush_copies(&copies);
}

static void copy_multicast(struct kernel_link *kernel, uint8_t *packet, size_t length)
{
	size_t ip_length = length >= sizeof(struct iphdr) ? (size_t)(packet[0] & 0xf) * 4 : 0;
	struct gre_header header;
	size_t gre_length = 0;

	if (ip_length >= sizeof(struct iphdr) && ip_length < length)
		gre_length = gre_read(packet + ip_length, length - ip_length, &header);
	/* The other tunnels of the host send here too. */
	if (!gre_length || header.has_key != kernel->config.has_key ||
		(header.has_key && header.key != kernel->config.key) ||
		memcmp(packet + offsetof(struct iphdr, saddr), kernel->config.nbma.bytes, NBMA_SIZE) != 0)
		return;
	copy_to_receivers(
		kernel, header.protocol, packet + ip_length + gre_length, length - ip_length - gre_length);
}

static void on_multicast(uv_poll_t *poll, int status, int events)
{
	struct kernel_link *kernel = poll->data;
	struct mmsghdr messages[COPY_BATCH];
	unsigned count;

	(void)events;
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_multicast);
	count = receive_batch(kernel, kernel->multicast, COPY_BATCH, SLOT_SIZE, NULL, messages);
	for (unsigned i = 0; i < count; i++)
		copy_multicast(kernel, slot(kernel, i, SLOT_SIZE), messages[i].msg_len);
}

static struct receiver *find_receiver(const struct kernel_link *kernel, struct addr nbma)
{
	struct receiver *receiver;

	HASH_FIND(hh, kernel->receivers, &nbma, sizeof(nbma), receiver);
	return receiver;
}

static void kernel_multicast_add(struct link *link, struct prefix group, struct addr nbma)
{
	struct kernel_link *kernel = kernel_link_of(link);
	struct receiver *receiver;

	if (addr_is_set(group.addr)) {
		groups_add(&kernel->groups, group, nbma);
		return;
	}
	if (nbma.family != ADDR_IPV4 || find_receiver(kernel, nbma))
		return;
	receiver = alloc_zeroed(1, sizeof(*receiver));
	receiver->nbma = nbma;
	HASH_ADD(hh, kernel->receivers, nbma, sizeof(receiver->nbma), receiver);
	kernel_traffic_add(kernel->traffic, nbma, KERNEL_RECEIVER);
}

static void forget_receiver(struct kernel_link *kernel, struct receiver *receiver)
{
	HASH_DEL(kernel->receivers, receiver);
	free(receiver);
}

static void kernel_multicast_remove(struct link *link, struct prefix group, struct addr nbma)
{
	struct kernel_link *kernel = kernel_link_of(link);
	struct receiver *receiver = find_receiver(kernel, nbma);

	if (addr_is_set(group.addr))
		groups_remove(&kernel->groups, group, nbma);
	if (addr_is_set(group.addr) || !receiver)
		return;
	forget_receiver(kernel, receiver);
	kernel_traffic_remove(kernel->traffic, nbma, KERNEL_RECEIVER);
}

/* Opening and closing */

static void set_buffers(int fd)
{
	int size = SOCKET_BUFFER;

	/* Beyond the system's limit only with CAP_NET_ADMIN in the first user namespace. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static bool open_packet(struct kernel_link *kernel, struct err *err)
{
	struct sockaddr_ll local = link_address(kernel, ETHERTYPE_NHRP, (struct addr) { 0 });

	kernel->packet = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (kernel->packet < 0)
		return err_set_errno(err, errno,
			"cannot open a packet socket on %s; run as root or with the capability CAP_NET_RAW",
			kernel->config.name);
	if (kernel->config.marks && !mark_enable(kernel->packet))
		return err_set_errno(err, errno, "cannot tell the peers of %s apart", kernel->config.name);
	set_buffers(kernel->packet);
	return bind(kernel->packet, (struct sockaddr *)&local, sizeof(local)) == 0 ||
	       err_set_errno(err, errno, "cannot receive NHRP packets on %s", kernel->config.name);
}

static bool open_multicast(struct kernel_link *kernel, struct err *err)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(KERNEL_BROADCAST) };

	kernel->multicast = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_GRE);
	if (kernel->multicast < 0)
		return err_set_errno(err, errno,
			"cannot open a GRE socket for %s; run as root or with the capability CAP_NET_RAW",
			kernel->config.name);
	set_buffers(kernel->multicast);
	if (bind(kernel->multicast, (struct sockaddr *)&local, sizeof(local)) == 0)
		return true;
	if (errno == EADDRNOTAVAIL)
		return err_set(err,
			"cannot get the multicast packets of %s, which come by lo: give lo its address 127.0.0.1/8 "
			"and set it up",
			kernel->config.name);
	return err_set_errno(err, errno, "cannot get the multicast packets of %s", kernel->config.name);
}

static void free_link(struct kernel_link *kernel)
{
	struct receiver *receiver, *next;

	HASH_ITER(hh, kernel->receivers, receiver, next)
	{
		forget_receiver(kernel, receiver);
	}
	groups_done(&kernel->groups);
	free(kernel->slots);
	free(kernel);
}

/// All but the memory, which libuv may still need.
static void stop(struct kernel_link *kernel, bool keep_device)
{
	if (kernel->device.index && !keep_device)
		kernel_device_close(kernel->rtnl, &kernel->device);
	if (kernel->packet >= 0)
		close(kernel->packet);
	if (kernel->multicast >= 0)
		close(kernel->multicast);
	kernel_traffic_close(kernel->traffic);
	rtnl_close(kernel->rtnl);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct kernel_link *kernel = handle->data;

	if (--kernel->polls_open == 0)
		free_link(kernel);
}

static void start_poll(
	struct kernel_link *kernel, uv_loop_t *loop, uv_poll_t *poll, int fd, uv_poll_cb callback)
{
	uv_poll_init(loop, poll, fd);
	poll->data = kernel;
	uv_poll_start(poll, UV_READABLE, callback);
	kernel->polls_open++;
}

static bool check_ipv4(const char *what, struct addr nbma, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	return nbma.family == ADDR_IPV4 ||
	       err_set(err,
		       "the %s %s is not IPv4, which alone the kernel link can use; take an IPv4 address",
		       what, addr_format(nbma, text));
}

static bool set_up(struct kernel_link *kernel, struct err *err)
{
	const struct link_config *config = &kernel->config;

	if (!check_ipv4("tunnel source", config->nbma, err) ||
		(!is_multipoint(kernel) && !check_ipv4("tunnel destination", config->destination, err)))
		return false;
	if (kernel_traffic_in_use(config->name))
		return err_set(err, "the device %s is in use by another process; is a second daemon running?",
			config->name);
	/* An earlier run may have had the other kind of link. */
	user_fast_remove_stale(config->name);
	user_tap_remove_stale(config->name);
	kernel->rtnl = rtnl_open(err);
	if (!kernel->rtnl || !kernel_device_open(kernel->rtnl, config, &kernel->device, err) ||
		!open_packet(kernel, err) || (is_multipoint(kernel) && !open_multicast(kernel, err)))
		return false;
	kernel->traffic = kernel_traffic_open(config, err);
	return kernel->traffic != NULL;
}

static struct link *kernel_open(uv_loop_t *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	struct kernel_link *kernel = alloc_zeroed(1, sizeof(*kernel));

	kernel->link.ops = &link_kernel;
	kernel->config = *config;
	kernel->handler = *handler;
	kernel->packet = kernel->multicast = -1;
	if (!set_up(kernel, err)) {
		stop(kernel, kernel->device.adopted && kernel->device.ours);
		free_link(kernel);
		return NULL;
	}
	kernel->slots = alloc_zeroed(COPY_BATCH, SLOT_SIZE);
	if (!is_multipoint(kernel))
		kernel_traffic_add(kernel->traffic, config->destination, KERNEL_DESTINATION);
	start_poll(kernel, loop, &kernel->packet_poll, kernel->packet, on_packet);
	if (kernel->multicast >= 0)
		start_poll(kernel, loop, &kernel->multicast_poll, kernel->multicast, on_multicast);
	*ret_adopted = kernel->device.adopted;
	return &kernel->link;
}

static void kernel_close(struct link *link, bool keep_device)
{
	struct kernel_link *kernel = kernel_link_of(link);

	kernel_flush_nhrp(link);
	uv_close((uv_handle_t *)&kernel->packet_poll, on_poll_closed);
	if (kernel->multicast >= 0)
		uv_close((uv_handle_t *)&kernel->multicast_poll, on_poll_closed);
	stop(kernel, keep_device);
}

/* The other operations */

static bool kernel_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (!check_ipv4("NBMA address", nbma, err))
		return false;
	kernel_traffic_add(kernel->traffic, nbma, KERNEL_NEIGHBOUR);
	*ret = (struct lladdr) { .length = NBMA_SIZE };
	memcpy(ret->bytes, nbma.bytes, NBMA_SIZE);
	return true;
}

static void kernel_forget(struct link *link, struct addr nbma)
{
	kernel_traffic_remove(kernel_link_of(link)->traffic, nbma, KERNEL_NEIGHBOUR);
}

static void kernel_set_mark(struct link *link, struct addr nbma, uint32_t mark)
{
	kernel_traffic_set_mark(kernel_link_of(link)->traffic, nbma, mark);
}

static bool kernel_set_nbma(struct link *link, struct addr nbma, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (!check_ipv4("tunnel source", nbma, err) ||
		!kernel_device_set_local(kernel->rtnl, &kernel->device, nbma, err))
		return false;
	kernel->config.nbma = nbma;
	return kernel_traffic_set_nbma(kernel->traffic, nbma, err);
}

static void kernel_each_active(struct link *link,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	kernel_traffic_walk(kernel_link_of(link)->traffic, visit, context);
}

static bool kernel_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	return kernel_traffic_counters(kernel_link_of(link)->traffic, nbma, ret);
}

static void kernel_drops(struct link *link, struct link_drops *ret)
{
	struct kernel_link *kernel = kernel_link_of(link);

	*ret = (struct link_drops) { .send_failed = kernel->send_failed };
	kernel_device_drops(kernel->rtnl, &kernel->device, ret);
}

static const char *kernel_data_path(struct link *link)
{
	(void)link;
	return "the kernel's GRE device";
}

const struct link_ops link_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.close = kernel_close,
	.send_nhrp = kernel_send_nhrp,
	.flush_nhrp = kernel_flush_nhrp,
	.lladdr = kernel_lladdr,
	.forget = kernel_forget,
	.multicast_add = kernel_multicast_add,
	.multicast_remove = kernel_multicast_remove,
	.set_mark = kernel_set_mark,
	.set_nbma = kernel_set_nbma,
	.each_active = kernel_each_active,
	.counters = kernel_counters,
	.drops = kernel_drops,
	.data_path = kernel_data_path,
};
