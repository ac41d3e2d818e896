// SPDX-License-Identifier: GPL-2.0-or-later
//
// The rules are stricter than those of the kernel's GRO where those lose something: the window and the
// identification of each packet must be what segmentation gives back. Whatever ends a super-packet when it
// is cut (PSH, FIN, a short segment) ends it here.
#include "link/user_coalesce.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "link/checksum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define LONGEST       65535
#define FRAGMENT_MASK 0x3fff ///< More Fragments and the offset
#define PORTS_SIZE    4
#define TCP_FLAGS     13 ///< offset
#define TCP_ECE       0x40
#define TCP_END       (TH_FIN | TH_PUSH)

static const uint8_t *addresses(const struct user_coalesce_slot *slot, size_t *ret_size)
{
	bool ipv6 = slot->packet.ethertype == ETHERTYPE_IPV6;

	*ret_size = ipv6 ? 32 : 8;
	return slot->packet.bytes +
	       (ipv6 ? offsetof(struct ip6_hdr, ip6_src) : offsetof(struct iphdr, saddr));
}

static uint8_t *transport_of(const struct user_coalesce_slot *slot)
{
	return slot->packet.bytes + slot->transport;
}

static size_t payload_of(const struct user_coalesce_slot *slot)
{
	return slot->packet.length - slot->headers;
}

static uint32_t sequence_of(const struct user_coalesce_slot *slot)
{
	const uint8_t *field = transport_of(slot) + offsetof(struct tcphdr, seq);

	return (uint32_t)checksum_read(field) << 16 | checksum_read(field + 2);
}

/* What a packet is */

/// The protocol after the IP header; 0 where that is not plain, or the packet is a fragment.
static uint8_t read_ip(struct user_coalesce_slot *slot)
{
	const uint8_t *ip = slot->packet.bytes;
	size_t length = slot->packet.length;

	if (slot->packet.ethertype == ETHERTYPE_IP) {
		slot->transport = sizeof(struct iphdr);
		return length >= sizeof(struct iphdr) && ip[0] == 0x45 &&
				       checksum_read(ip + offsetof(struct iphdr, tot_len)) == length &&
				       !(checksum_read(ip + offsetof(struct iphdr, frag_off)) & FRAGMENT_MASK)
			       ? ip[offsetof(struct iphdr, protocol)]
			       : 0;
	}
	slot->transport = sizeof(struct ip6_hdr);
	return slot->packet.ethertype == ETHERTYPE_IPV6 && length >= sizeof(struct ip6_hdr) &&
			       ip[0] >> 4 == 6 &&
			       checksum_read(ip + offsetof(struct ip6_hdr, ip6_plen)) + slot->transport ==
				       length
		       ? ip[offsetof(struct ip6_hdr, ip6_nxt)]
		       : 0;
}

static void read_tcp(struct user_coalesce_slot *slot)
{
	const uint8_t *tcp = transport_of(slot);
	size_t size = (size_t)(tcp[12] >> 4) * 4;

	if (size < sizeof(struct tcphdr) || slot->transport + size > slot->packet.length)
		return;
	slot->headers = slot->transport + size;
	/* CWR is for one segment alone; a checksum of 0xffff is right, but not what segmentation writes. */
	slot->merges = payload_of(slot) > 0 && tcp[TCP_FLAGS] & TH_ACK &&
		       !(tcp[TCP_FLAGS] & ~(TH_ACK | TCP_ECE | TCP_END)) &&
		       checksum_read(tcp + offsetof(struct tcphdr, check)) != 0xffff;
}

static void read_udp(struct user_coalesce_slot *slot, bool merges)
{
	const uint8_t *udp = transport_of(slot);

	slot->udp = true;
	slot->headers = slot->transport + sizeof(struct udphdr);
	slot->merges =
		merges && payload_of(slot) > 0 && checksum_read(udp + offsetof(struct udphdr, check)) &&
		checksum_read(udp + offsetof(struct udphdr, len)) == slot->packet.length - slot->transport;
}

static void read_headers(struct user_coalesce_slot *slot, bool udp)
{
	uint8_t protocol = read_ip(slot);

	if (protocol == IPPROTO_TCP && slot->transport + sizeof(struct tcphdr) <= slot->packet.length)
		read_tcp(slot);
	else if (protocol == IPPROTO_UDP && slot->transport + sizeof(struct udphdr) <= slot->packet.length)
		read_udp(slot, udp);
	/* In an IPv4 header the checksum is not 0xffff unless somebody made it so. */
	if (slot->packet.ethertype == ETHERTYPE_IP && slot->merges)
		slot->merges = checksum_read(slot->packet.bytes + offsetof(struct iphdr, check)) != 0xffff;
}

/// The sum of the pseudo-header and of the transport's bytes; 0 is right.
static uint16_t transport_checksum(const struct user_coalesce_slot *slot, size_t length)
{
	size_t size;
	const uint8_t *both = addresses(slot, &size);
	uint64_t sum = checksum_add(0, both, size);

	sum = checksum_add_u16(sum, slot->udp ? IPPROTO_UDP : IPPROTO_TCP);
	sum = checksum_add_u16(sum, (uint16_t)(slot->packet.length - slot->transport));
	return checksum_finish(checksum_add(sum, transport_of(slot), length));
}

static bool verify(struct user_coalesce_slot *slot)
{
	slot->verified = slot->verified ||
			 ((slot->packet.ethertype != ETHERTYPE_IP ||
				  !checksum_finish(checksum_add(0, slot->packet.bytes, slot->transport))) &&
				 !transport_checksum(slot, slot->packet.length - slot->transport));
	return slot->verified;
}

/* What goes together */

static bool is_same_flow(const struct user_coalesce_slot *a, const struct user_coalesce_slot *b)
{
	const uint8_t *of_a, *of_b;
	size_t size;

	if (a->packet.peer != b->packet.peer || a->packet.ethertype != b->packet.ethertype ||
		a->udp != b->udp || memcmp(transport_of(a), transport_of(b), PORTS_SIZE) != 0)
		return false;
	of_a = addresses(a, &size);
	of_b = addresses(b, &size);
	return memcmp(of_a, of_b, size) == 0;
}

/// Is the IP header of `next`, the packet number `index`, what segmentation makes of that of `first`?
static bool ip_follows(
	const struct user_coalesce_slot *first, const struct user_coalesce_slot *next, unsigned index)
{
	const uint8_t *a = first->packet.bytes, *b = next->packet.bytes;
	const size_t id = offsetof(struct iphdr, id), flags = offsetof(struct iphdr, frag_off);

	if (first->packet.ethertype == ETHERTYPE_IPV6) /* class, flow label, hop limit */
		return memcmp(a, b, 4) == 0 &&
		       a[offsetof(struct ip6_hdr, ip6_hlim)] == b[offsetof(struct ip6_hdr, ip6_hlim)];
	return a[offsetof(struct iphdr, tos)] == b[offsetof(struct iphdr, tos)] &&
	       a[offsetof(struct iphdr, ttl)] == b[offsetof(struct iphdr, ttl)] &&
	       memcmp(a + flags, b + flags, 2) == 0 &&
	       (uint16_t)(checksum_read(a + id) + index) == checksum_read(b + id);
}

static bool tcp_follows(const struct user_coalesce_slot *first, const struct user_coalesce_slot *next)
{
	const uint8_t *a = transport_of(first), *b = transport_of(next);
	const size_t acknowledged = offsetof(struct tcphdr, ack_seq),
		     urgent = offsetof(struct tcphdr, urg_ptr);
	const size_t window = offsetof(struct tcphdr, window), options = sizeof(struct tcphdr);

	return sequence_of(first) + (uint32_t)first->payload == sequence_of(next) &&
	       first->headers == next->headers && memcmp(a + acknowledged, b + acknowledged, 5) == 0 &&
	       ((a[TCP_FLAGS] ^ b[TCP_FLAGS]) & ~TCP_END) == 0 && memcmp(a + window, b + window, 2) == 0 &&
	       memcmp(a + urgent, b + urgent, 2) == 0 &&
	       memcmp(a + options, b + options, first->headers - first->transport - options) == 0;
}

static bool follows(struct user_coalesce_slot *first, struct user_coalesce_slot *next)
{
	return next->merges && payload_of(next) <= payload_of(first) &&
	       first->headers + first->payload + payload_of(next) <= LONGEST &&
	       ip_follows(first, next, first->count) && (first->udp || tcp_follows(first, next)) &&
	       verify(first) && verify(next);
}

static bool is_end(const struct user_coalesce_slot *slot)
{
	return !slot->merges || (!slot->udp && transport_of(slot)[TCP_FLAGS] & TCP_END);
}

/// The super-packet that this packet belongs behind, of its flow; NULL where there is none. One that cannot
/// be told from a fragment ends them all: it may be a part of any flow.
static struct user_coalesce_slot *find_open(
	struct user_coalesce *batch, const struct user_coalesce_slot *slot)
{
	for (unsigned i = batch->count; i-- > 0;) {
		struct user_coalesce_slot *other = &batch->slots[i];

		if (!slot->headers)
			other->open = false;
		else if (other->open && is_same_flow(other, slot))
			return other;
	}
	return NULL;
}

bool user_coalesce_add(struct user_coalesce *batch, const struct user_packet *packet)
{
	struct user_coalesce_slot *slot, *first;
	unsigned index = batch->count;

	if (index == USER_COALESCE_PACKETS)
		return false;
	slot = &batch->slots[index];
	*slot = (struct user_coalesce_slot) { .packet = *packet, .last = index, .count = 1 };
	read_headers(slot, batch->udp);
	slot->payload = payload_of(slot);
	slot->original = packet->length;
	first = find_open(batch, slot);
	batch->count++;
	if (first && follows(first, slot)) {
		slot->continues = true;
		batch->slots[first->last].next = index;
		first->last = index;
		first->count++;
		first->payload += slot->payload;
		first->original += slot->original;
		first->open = !is_end(slot) && slot->payload == payload_of(first);
		return true;
	}
	if (first)
		first->open = false;
	slot->open = !is_end(slot);
	return true;
}

/* What comes out */

/// Makes the headers of the first packet those of the whole.
static void write_headers(struct user_coalesce_slot *first, const struct user_coalesce_slot *last)
{
	uint8_t *ip = first->packet.bytes, *transport = transport_of(first);
	const size_t check = first->udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check);

	first->packet.length = first->headers + first->payload;
	if (first->packet.ethertype == ETHERTYPE_IP) {
		checksum_write(ip + offsetof(struct iphdr, tot_len), (uint16_t)first->packet.length);
		checksum_write(ip + offsetof(struct iphdr, check), 0);
		checksum_write(ip + offsetof(struct iphdr, check),
			checksum_finish(checksum_add(0, ip, first->transport)));
	} else {
		checksum_write(ip + offsetof(struct ip6_hdr, ip6_plen),
			(uint16_t)(first->packet.length - first->transport));
	}
	if (first->udp)
		checksum_write(transport + offsetof(struct udphdr, len),
			(uint16_t)(first->packet.length - first->transport));
	else
		transport[TCP_FLAGS] |= transport_of(last)[TCP_FLAGS] & TCP_END;
	/* The kernel adds the rest to the sum of the pseudo-header, which stands there without inversion. */
	checksum_write(transport + check, (uint16_t)~transport_checksum(first, 0));
}

static struct virtio_net_hdr describe(const struct user_coalesce_slot *first, size_t size)
{
	bool ipv6 = first->packet.ethertype == ETHERTYPE_IPV6;

	return (struct virtio_net_hdr) {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = first->udp ? VIRTIO_NET_HDR_GSO_UDP_L4
			    : ipv6     ? VIRTIO_NET_HDR_GSO_TCPV6
				       : VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)(ETHER_HDR_LEN + first->headers),
		.gso_size = (uint16_t)size,
		.csum_start = (uint16_t)(ETHER_HDR_LEN + first->transport),
		.csum_offset = first->udp ? offsetof(struct udphdr, check) : offsetof(struct tcphdr, check),
	};
}

bool user_coalesce_next(struct user_coalesce *batch, struct user_coalesced *ret)
{
	struct user_coalesce_slot *first, *slot;
	unsigned parts = 0;

	while (batch->at < batch->count && batch->slots[batch->at].continues)
		batch->at++;
	if (batch->at == batch->count) {
		batch->at = batch->count = 0;
		return false;
	}
	first = slot = &batch->slots[batch->at++];
	ret->peer = first->packet.peer;
	ret->ethertype = first->packet.ethertype;
	ret->count = first->count;
	ret->original = first->original;
	ret->header = (struct virtio_net_hdr) { 0 };
	ret->parts[parts++] = (struct iovec) { first->packet.bytes, first->packet.length };
	while (slot->next) {
		slot = &batch->slots[slot->next];
		ret->parts[parts++] = (struct iovec) { slot->packet.bytes + slot->headers, slot->payload };
	}
	if (first->count > 1) {
		ret->header = describe(first, payload_of(first));
		write_headers(first, slot);
	}
	return true;
}
