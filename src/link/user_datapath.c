// SPDX-License-Identifier: GPL-2.0-or-later
//
// One thread for each queue of the device, and one for each socket. Packets move in batches, in the buffers
// that they were read into: the GRE header takes the place of the Ethernet header, and back. A batch is sent
// before its buffers are read into again. Super-packets from the device are cut, packets from the socket
// merged.
#include "link/user_datapath.h"

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "link/checksum.h"
#include "link/user_coalesce.h"
#include "link/user_ecn.h"
#include "link/user_gre.h"
#include "link/user_offload.h"
#include "link/user_segment.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

#define FRAMES          64          ///< buffers of a thread
#define BATCH           64          ///< packets in one system call
#define SLOT_SIZE       (66 * 1024) ///< the largest IP packet, which GRO makes of many, and headers before it
#define TIMER_SLACK     1000UL      ///< nanoseconds by which the kernel may be late
#define MOMENT          100000      ///< nanoseconds for more packets to come where several came together
#define ETHERTYPE_TEB   0x6558      ///< Ethernet in GRE: nothing for a device without an Ethernet of its own
#define ETHERTYPE_FIRST 0x0600      ///< lower values are lengths

_Static_assert(FRAMES <= USER_COALESCE_PACKETS && BATCH <= FRAMES, "a batch is merged as a whole");

struct outgoing {
	struct mmsghdr messages[BATCH];
	struct iovec iov[BATCH][2];
	struct sockaddr_in to[BATCH];
	_Alignas(size_t) uint8_t control[BATCH][USER_GRE_TOS_SIZE];
	uint8_t headers[BATCH][GRE_MAX_HEADER + USER_SEGMENT_HEADERS];
	struct user_peer *peers[BATCH];
	unsigned count;
};

struct user_worker {
	struct user_datapath *path;
	unsigned index; ///< as reader of the peers
	int fd;         ///< what it reads: a queue of the device, or a socket
	int to;         ///< what it writes: the other
	bool sends;     ///< from the device to the socket
	unsigned batch; ///< packets that it handles at once, BATCH or 1
	int came;       ///< packets that it last read together from its socket
	pthread_t thread;
	struct outgoing out;     ///< of one that sends
	struct user_coalesce in; ///< of the others
	uint8_t *slots;          ///< FRAMES buffers of SLOT_SIZE bytes
};

/// A frame of the device on its way out.
struct frame {
	uint16_t ethertype;
	uint8_t tos;
	uint8_t gre[GRE_MAX_HEADER];
	size_t gre_length;
	uint8_t *packet;
	size_t length;
	struct user_segments segments;
};

static void count(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint8_t *slot(struct user_worker *worker, unsigned index)
{
	return worker->slots + (size_t)index * SLOT_SIZE;
}

/* From the device to the underlay */

static void flush(struct user_worker *worker)
{
	size_t gre_length = worker->path->config->has_key ? 8 : 4; /* which the peers' counters leave out */
	struct outgoing *out = &worker->out;
	unsigned done = 0;

	while (done < out->count) {
		int sent = sendmmsg(worker->to, out->messages + done, out->count - done, MSG_DONTWAIT);

		/* The underlay's errors (no route, full queue, firewall) are those of one packet: as on any
		 * link, it is lost, and counted. */
		if (sent <= 0) {
			count(&worker->path->drops.send_failed);
			done++;
			continue;
		}
		for (unsigned end = done + (unsigned)sent; done < end; done++)
			user_peers_count_sent(&worker->path->peers, out->peers[done], 1,
				out->messages[done].msg_len - gre_length);
	}
	out->count = 0;
}

/// The place of the next packet; its two parts are yet to be given.
static struct iovec *enqueue(struct user_worker *worker, struct user_peer *peer, uint8_t tos)
{
	struct outgoing *out = &worker->out;
	unsigned i;

	if (out->count == worker->batch)
		flush(worker);
	i = out->count++;
	out->peers[i] = peer;
	out->to[i] = (struct sockaddr_in) { .sin_family = AF_INET, .sin_addr.s_addr = peer->underlay };
	out->messages[i].msg_hdr = (struct msghdr) {
		.msg_name = &out->to[i],
		.msg_namelen = sizeof(out->to[i]),
		.msg_iov = out->iov[i],
		.msg_iovlen = 2,
	};
	if (tos)
		user_gre_set_tos(&out->messages[i].msg_hdr, out->control[i], tos);
	return out->iov[i];
}

/// Cuts the packet where it is a super-packet, and sends the parts to one peer.
static void send_to(struct user_worker *worker, struct user_peer *peer, const struct frame *frame)
{
	struct user_segments segments = frame->segments;
	struct user_segment segment;

	while (user_segments_next(&segments, &segment)) {
		struct iovec *iov = enqueue(worker, peer, frame->tos);
		uint8_t *headers = worker->out.headers[worker->out.count - 1];

		memcpy(headers, frame->gre, frame->gre_length);
		memcpy(headers + frame->gre_length, segment.headers, segment.headers_length);
		iov[0] = (struct iovec) { headers, frame->gre_length + segment.headers_length };
		iov[1] = (struct iovec) { (uint8_t *)(uintptr_t)segment.payload, segment.payload_length };
	}
}

/// Is this a packet that the link itself sent, which the routing table led back into the device, straight or
/// by other tunnels of this host? Sent again, it would go round for ever. Whoever can choose an NBMA address
/// can bring that about, and so can a route.
static bool is_led_back(struct user_datapath *path, const struct frame *frame)
{
	uint32_t nbma = atomic_load_explicit(&path->nbma, memory_order_relaxed);

	if (frame->ethertype != ETHERTYPE_IP ||
		!user_gre_holds_own(frame->packet, frame->length, nbma, path->config->protected))
		return false;
	atomic_store(&path->recursion, true);
	return true;
}

static void read_frame(const struct user_datapath *path, uint8_t *bytes, size_t length, struct frame *ret)
{
	struct gre_header gre = { .has_key = path->config->has_key, .key = path->config->key };

	ret->ethertype = gre.protocol = checksum_read(bytes + 2 * USER_MAC_SIZE);
	ret->packet = bytes + ETHER_HDR_LEN;
	ret->length = length - ETHER_HDR_LEN;
	ret->tos = user_ecn_inner(ret->ethertype, ret->packet, ret->length);
	ret->gre_length = gre_write(&gre, ret->gre);
}

/// To the receivers of its group, where that has its own, or to those of all groups.
static void send_to_receivers(struct user_worker *worker, const struct frame *frame)
{
	struct user_peers *peers = &worker->path->peers;
	const struct groups *groups = user_peers_groups(peers);
	const struct group_receiver *receiver = NULL;
	struct user_peer *peer;
	size_t left = 0;

	if (groups)
		left = groups_find(groups, groups_destination(frame->ethertype, frame->packet, frame->length),
			&receiver);
	if (!left) {
		for (peer = user_peers_receivers(peers); peer; peer = peer->receiver_next)
			send_to(worker, peer, frame);
		return;
	}
	for (; left; left--, receiver++) {
		peer = addr_is_set(receiver->nbma) ? user_peers_find(peers, user_peers_number(receiver->nbma))
						   : NULL;
		if (peer)
			send_to(worker, peer, frame);
	}
}

static void forward_frame(
	struct user_worker *worker, const struct virtio_net_hdr *left, uint8_t *bytes, size_t length)
{
	struct user_datapath *path = worker->path;
	struct user_peer *peer = path->destination;
	struct frame frame;

	if (length <= ETHER_HDR_LEN)
		return;
	read_frame(path, bytes, length, &frame);
	if (frame.ethertype == ETHERTYPE_ARP) /* NHRP is the ARP of this link */
		return;
	if (frame.ethertype < ETHERTYPE_FIRST || is_led_back(path, &frame) ||
		!user_segments_start(&frame.segments, left, ETHER_HDR_LEN, frame.packet, frame.length)) {
		count(&path->drops.not_wanted);
		return;
	}
	if (!peer && (bytes[0] & 1)) {
		send_to_receivers(worker, &frame);
		return;
	}
	if (!peer)
		peer = user_peers_find(&path->peers, user_peers_read_mac(bytes));
	if (peer)
		send_to(worker, peer, &frame);
	else
		count(&path->drops.unknown_peer);
}

/// Takes what is there; false where the device is gone.
static bool work_on_device(struct user_worker *worker)
{
	for (unsigned i = 0; i < FRAMES; i++) {
		struct virtio_net_hdr left;
		struct iovec iov[] = { { &left, sizeof(left) }, { slot(worker, i), SLOT_SIZE } };
		ssize_t length = readv(worker->fd, iov, ARRAY_SIZE(iov));

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (length < 0) {
			flush(worker);
			atomic_store(&worker->path->device_gone, true);
			return false;
		}
		if ((size_t)length > sizeof(left))
			forward_frame(worker, &left, slot(worker, i), (size_t)length - sizeof(left));
	}
	flush(worker);
	return true;
}

/* From the underlay to the device */

/// Into the device: a packet as it came, or several as one.
static void deliver(struct user_worker *worker, struct user_coalesced *whole)
{
	struct user_datapath *path = worker->path;
	struct user_peer *peer = user_peers_find(&path->peers, whole->peer);
	uint8_t *packet = whole->parts[0].iov_base;
	uint8_t *frame = packet - ETHER_HDR_LEN; /* room that the outer headers had */
	struct iovec iov[1 + USER_COALESCE_PACKETS] = { { &whole->header, sizeof(whole->header) } };

	if (whole->count == 1 &&
		!user_offload(whole->ethertype, packet, whole->parts[0].iov_len,
			(uint16_t)atomic_load_explicit(&path->mtu, memory_order_relaxed), &whole->header)) {
		count(&path->drops.not_wanted);
		return;
	}
	user_peers_write_mac(0, frame);
	user_peers_write_mac(whole->peer, frame + USER_MAC_SIZE);
	checksum_write(frame + 2 * USER_MAC_SIZE, whole->ethertype);
	iov[1] = (struct iovec) { frame, whole->parts[0].iov_len + ETHER_HDR_LEN };
	memcpy(iov + 2, whole->parts + 1, (whole->count - 1) * sizeof(iov[0]));
	if (writev(worker->to, iov, (int)whole->count + 1) < 0)
		atomic_fetch_add_explicit(&path->drops.device_full, whole->count, memory_order_relaxed);
	else if (peer)
		user_peers_count_received(&path->peers, peer, whole->count, whole->original);
}

static bool is_for_device(uint16_t protocol)
{
	return protocol >= ETHERTYPE_FIRST && protocol != ETHERTYPE_TEB && protocol != ETHERTYPE_ARP &&
	       protocol != NHRP_ETHERTYPE;
}

static void receive_packet(struct user_worker *worker, uint8_t *packet, size_t length)
{
	struct user_datapath *path = worker->path;
	struct gre_header header;
	struct addr from;
	size_t outer = user_gre_read(packet, length, &header, &from);
	uint8_t tos;

	if (!outer) {
		count(&path->drops.not_wanted);
		return;
	}
	if (!user_gre_is_for(path->config, &header, from))
		return;
	tos = packet[offsetof(struct iphdr, tos)];
	packet += outer;
	length -= outer;
	if (!length || !is_for_device(header.protocol) ||
		!user_ecn_decapsulate(tos, header.protocol, packet, length) ||
		!user_coalesce_add(&worker->in,
			&(struct user_packet) { user_peers_number(from), header.protocol, packet, length }))
		count(&path->drops.not_wanted);
}

static bool work_on_socket(struct user_worker *worker)
{
	struct mmsghdr messages[FRAMES];
	struct iovec iov[FRAMES];
	struct user_coalesced whole;

	for (unsigned i = 0; i < worker->batch; i++) {
		iov[i] = (struct iovec) { .iov_base = slot(worker, i), .iov_len = SLOT_SIZE };
		messages[i].msg_hdr = (struct msghdr) { .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	/* An error is old news of a packet sent before. */
	worker->came = recvmmsg(worker->fd, messages, worker->batch, MSG_DONTWAIT, NULL);
	for (int i = 0; i < worker->came; i++)
		receive_packet(worker, slot(worker, (unsigned)i), messages[i].msg_len);
	while (user_coalesce_next(&worker->in, &whole))
		deliver(worker, &whole);
	return true;
}

/* The threads */

/// Where several packets came together, more of them are on their way: a moment later there are enough to be
/// merged, and to be worth a waking-up. After one that came alone, as an answer does, nobody waits.
static void let_gather(const struct user_worker *worker)
{
	const struct timespec moment = { .tv_nsec = MOMENT };

	if (worker->came > 1 && worker->came < (int)worker->batch)
		nanosleep(&moment, NULL);
}

static void *work(void *context)
{
	struct user_worker *worker = context;
	struct user_datapath *path = worker->path;
	struct pollfd polled[] = { { .fd = worker->fd, .events = POLLIN },
		{ .fd = path->stop, .events = POLLIN } };
	bool goes_on = true;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK, 0, 0, 0);
	while (goes_on) {
		if (poll(polled, ARRAY_SIZE(polled), -1) < 0)
			continue;
		if (polled[1].revents)
			break;
		let_gather(worker);
		user_readers_enter(&path->peers.readers, worker->index);
		goes_on = worker->sends ? work_on_device(worker) : work_on_socket(worker);
		user_readers_leave(&path->peers.readers, worker->index);
	}
	return NULL;
}

static void free_worker(struct user_worker *worker)
{
	free(worker->slots);
	free(worker);
}

static bool add_worker(struct user_datapath *path, int fd, int to, bool sends, struct err *err)
{
	struct user_worker *worker = alloc_zeroed(1, sizeof(*worker));
	int error;

	worker->path = path;
	worker->index = path->worker_count;
	worker->fd = fd;
	worker->to = to;
	worker->sends = sends;
	worker->batch = path->config->one_by_one ? 1 : BATCH;
	worker->in.udp = path->tap.takes_udp;
	worker->slots = alloc_zeroed(FRAMES, SLOT_SIZE);
	error = pthread_create(&worker->thread, NULL, work, worker);
	if (error) {
		free_worker(worker);
		return err_set_errno(err, error, "cannot start a thread for %s", path->config->name);
	}
	path->workers[path->worker_count++] = worker;
	return true;
}

bool user_datapath_start(struct user_datapath *path, struct err *err)
{
	sigset_t all, before;
	bool ok = true;

	path->stop = eventfd(0, EFD_CLOEXEC);
	if (path->stop < 0)
		return err_set_errno(err, errno, "cannot start the threads of %s", path->config->name);
	/* Signals are the control thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* An adopted device may have fewer queues than there are sockets. */
	for (unsigned i = 0; ok && i < path->socket_count; i++)
		ok = add_worker(path, path->sockets[i], path->tap.queues[i % path->tap.count], false, err);
	for (unsigned i = 0; ok && i < path->tap.count; i++)
		ok = add_worker(path, path->tap.queues[i], path->sockets[i], true, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!ok)
		user_datapath_stop(path);
	return ok;
}

void user_datapath_stop(struct user_datapath *path)
{
	uint64_t one = 1;

	if (write(path->stop, &one, sizeof(one)) < 0)
		abort(); /* an eventfd that is ours takes a one */
	for (unsigned i = 0; i < path->worker_count; i++) {
		pthread_join(path->workers[i]->thread, NULL);
		free_worker(path->workers[i]);
	}
	path->worker_count = 0;
	close(path->stop);
}
