// SPDX-License-Identifier: GPL-2.0-or-later
//
// As the kernel's own software segmentation does it: each segment has the headers of the super-packet with
// its own lengths, IPv4 identification, TCP sequence number and flags, and checksums.
#include "link/user_segment.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "link/checksum.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define TCP_FLAGS_OFFSET 13
#define TCP_FIN          0x01
#define TCP_PSH          0x08
#define TCP_CWR          0x80
#define TCP_CHECKSUM     offsetof(struct tcphdr, check)
#define UDP_CHECKSUM     offsetof(struct udphdr, check)

static bool complete(const struct virtio_net_hdr *header, size_t before, uint8_t *packet, size_t length)
{
	size_t start = header->csum_start, field = start + header->csum_offset;
	uint16_t checksum;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (start < before || field + 2 > before + length)
		return false;
	start -= before;
	field -= before;
	checksum = checksum_finish(checksum_add(0, packet + start, length - start));
	/* For UDP a sum of zero means none. */
	checksum_write(packet + field, checksum || header->csum_offset != UDP_CHECKSUM ? checksum : 0xffff);
	return true;
}

/// Bytes before the TCP or UDP header, by the IP header itself.
static bool check_ip(struct user_segments *segments)
{
	size_t least = segments->ipv6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr);

	if (segments->transport < least || segments->transport >= segments->length)
		return false;
	return segments->ipv6 ? segments->packet[0] >> 4 == 6
			      : (size_t)(segments->packet[0] & 0xf) * 4 == segments->transport &&
					segments->packet[0] >> 4 == 4;
}

static bool prepare(struct user_segments *segments)
{
	const uint8_t *transport = segments->packet + segments->transport;
	size_t room = segments->length - segments->transport, header;

	if (!check_ip(segments))
		return false;
	if (segments->udp) {
		header = sizeof(struct udphdr);
	} else {
		if (room < sizeof(struct tcphdr))
			return false;
		header = (size_t)(transport[12] >> 4) * 4;
		if (header < sizeof(struct tcphdr))
			return false;
	}
	segments->headers = segments->transport + header;
	segments->at = segments->headers;
	return header <= room && segments->headers <= USER_SEGMENT_HEADERS;
}

bool user_segments_start(struct user_segments *segments, const struct virtio_net_hdr *header, size_t before,
	uint8_t *packet, size_t length)
{
	uint8_t type = header->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

	*segments = (struct user_segments) { .packet = packet, .length = length };
	if (type == VIRTIO_NET_HDR_GSO_NONE)
		return complete(header, before, packet, length);
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !header->gso_size ||
		header->csum_start < before || length < sizeof(struct iphdr))
		return false;
	segments->size = header->gso_size;
	segments->transport = header->csum_start - before;
	segments->ipv6 = packet[0] >> 4 == 6;
	segments->udp = type == VIRTIO_NET_HDR_GSO_UDP_L4;
	if (!segments->udp && type != VIRTIO_NET_HDR_GSO_TCPV4 && type != VIRTIO_NET_HDR_GSO_TCPV6)
		return false;
	return segments->transport < length && prepare(segments);
}

static void finish_ip(const struct user_segments *segments, uint8_t *ip, size_t length)
{
	if (segments->ipv6) {
		checksum_write(
			ip + offsetof(struct ip6_hdr, ip6_plen), (uint16_t)(length - sizeof(struct ip6_hdr)));
		return;
	}
	checksum_write(ip + offsetof(struct iphdr, tot_len), (uint16_t)length);
	checksum_write(ip + offsetof(struct iphdr, id),
		(uint16_t)(checksum_read(ip + offsetof(struct iphdr, id)) + segments->index));
	checksum_write(ip + offsetof(struct iphdr, check), 0);
	checksum_write(ip + offsetof(struct iphdr, check),
		checksum_finish(checksum_add(0, ip, segments->transport)));
}

static void finish_tcp(const struct user_segments *segments, uint8_t *tcp, bool last)
{
	uint32_t sequence = (uint32_t)checksum_read(tcp + 4) << 16 | checksum_read(tcp + 6);

	sequence += (uint32_t)(segments->index * segments->size);
	checksum_write(tcp + 4, (uint16_t)(sequence >> 16));
	checksum_write(tcp + 6, (uint16_t)sequence);
	if (!last)
		tcp[TCP_FLAGS_OFFSET] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (segments->index)
		tcp[TCP_FLAGS_OFFSET] &= (uint8_t)~TCP_CWR;
}

static void finish_transport(const struct user_segments *segments, struct user_segment *ret, bool last)
{
	uint8_t *transport = ret->headers + segments->transport;
	size_t header = ret->headers_length - segments->transport, length = header + ret->payload_length;
	size_t field = segments->udp ? UDP_CHECKSUM : TCP_CHECKSUM;
	uint64_t sum;

	if (segments->udp)
		checksum_write(transport + offsetof(struct udphdr, len), (uint16_t)length);
	else
		finish_tcp(segments, transport, last);
	checksum_write(transport + field, 0);
	sum = segments->ipv6 ? checksum_add(0, ret->headers + offsetof(struct ip6_hdr, ip6_src), 32)
			     : checksum_add(0, ret->headers + offsetof(struct iphdr, saddr), 8);
	sum = checksum_add_u16(sum, (uint16_t)length);
	sum = checksum_add_u16(sum, segments->udp ? IPPROTO_UDP : IPPROTO_TCP);
	sum = checksum_add(sum, transport, header);
	sum = checksum_add(sum, ret->payload, ret->payload_length);
	uint16_t checksum = checksum_finish(sum);
	checksum_write(transport + field, checksum || !segments->udp ? checksum : 0xffff);
}

bool user_segments_next(struct user_segments *segments, struct user_segment *ret)
{
	size_t left = segments->length - segments->at;
	bool last;

	if (segments->index && (!segments->size || !left))
		return false;
	last = !segments->size || left <= segments->size;
	ret->headers_length = segments->headers;
	ret->payload = segments->packet + segments->at;
	ret->payload_length = last ? left : segments->size;
	if (segments->size) {
		memcpy(ret->headers, segments->packet, segments->headers);
		finish_ip(segments, ret->headers, segments->headers + ret->payload_length);
		finish_transport(segments, ret, last);
	}
	segments->at += ret->payload_length;
	segments->index++;
	return true;
}
