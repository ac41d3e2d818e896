// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel puts off two things until a packet meets hardware: to complete its checksum, and to split TCP. A
// peer whose tunnel ends on this very host, across a veth, sends such packets, and GRO of the receiving
// interface makes them of finished ones. A raw socket does not tell. But all of them have the sum of the
// pseudo-header, not inverted, in their checksum field: which the kernel is to complete, says this.
#include "link/user_offload.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define FRAGMENT_MASK 0x3fff ///< More Fragments and the offset

/// The TCP or UDP inside a packet.
struct transport {
	uint8_t protocol;
	size_t start; ///< bytes of IP header before it
	size_t length;
	size_t checksum_offset;
	uint32_t addresses; ///< sum of the addresses in 16-bit words
};

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t sum(const uint8_t *bytes, size_t words)
{
	uint32_t result = 0;

	for (size_t i = 0; i < words; i++)
		result += read_u16(bytes + 2 * i);
	return result;
}

static bool skip_ipv4(const uint8_t *packet, size_t length, struct transport *ret)
{
	if (length < sizeof(struct iphdr) || packet[0] >> 4 != 4 ||
		read_u16(packet + offsetof(struct iphdr, tot_len)) != length ||
		read_u16(packet + offsetof(struct iphdr, frag_off)) & FRAGMENT_MASK)
		return false;
	ret->protocol = packet[offsetof(struct iphdr, protocol)];
	ret->start = (size_t)(packet[0] & 0xf) * 4;
	ret->addresses = sum(packet + offsetof(struct iphdr, saddr), 4);
	return ret->start >= sizeof(struct iphdr);
}

static bool skip_ipv6(const uint8_t *packet, size_t length, struct transport *ret)
{
	if (length < sizeof(struct ip6_hdr) || packet[0] >> 4 != 6 ||
		read_u16(packet + offsetof(struct ip6_hdr, ip6_plen)) + sizeof(struct ip6_hdr) != length)
		return false;
	ret->protocol = packet[offsetof(struct ip6_hdr, ip6_nxt)];
	ret->start = sizeof(struct ip6_hdr);
	ret->addresses = sum(packet + offsetof(struct ip6_hdr, ip6_src), 16);
	return true;
}

static bool find_transport(uint16_t ethertype, const uint8_t *packet, size_t length, struct transport *ret)
{
	size_t header;

	if (!(ethertype == ETH_P_IP ? skip_ipv4(packet, length, ret)
				    : ethertype == ETH_P_IPV6 && skip_ipv6(packet, length, ret)))
		return false;
	if (ret->protocol == IPPROTO_TCP) {
		ret->checksum_offset = offsetof(struct tcphdr, check);
		header = sizeof(struct tcphdr);
	} else if (ret->protocol == IPPROTO_UDP) {
		ret->checksum_offset = offsetof(struct udphdr, check);
		header = sizeof(struct udphdr);
	} else {
		return false;
	}
	if (ret->start + header > length)
		return false;
	ret->length = length - ret->start;
	return true;
}

/// A complete checksum has this value by chance once in 65,536 packets; to compute it again does no harm.
static bool is_unfinished(const uint8_t *packet, const struct transport *transport)
{
	uint32_t pseudo = transport->addresses + transport->protocol + (uint32_t)transport->length;

	while (pseudo >> 16)
		pseudo = (pseudo & 0xffff) + (pseudo >> 16);
	return read_u16(packet + transport->start + transport->checksum_offset) == pseudo;
}

/// How long the segments were is not known; TCP takes any.
static bool split(uint16_t ethertype, const uint8_t *packet, const struct transport *transport, uint16_t mtu,
	struct virtio_net_hdr *ret)
{
	const uint8_t *tcp = packet + transport->start;
	size_t tcp_header = (size_t)(tcp[12] >> 4) * 4;
	size_t headers = transport->start + tcp_header;

	if (tcp_header < sizeof(struct tcphdr) || tcp_header > transport->length || headers >= mtu)
		return false;
	ret->gso_type = ethertype == ETH_P_IP ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	if (tcp[13] & 0x80) /* CWR, which is for the first segment alone */
		ret->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	ret->gso_size = (uint16_t)(mtu - headers);
	ret->hdr_len = (uint16_t)(ETH_HLEN + headers);
	return true;
}

bool user_offload(
	uint16_t ethertype, const uint8_t *packet, size_t length, uint16_t mtu, struct virtio_net_hdr *ret)
{
	struct transport transport;

	*ret = (struct virtio_net_hdr) { 0 };
	/* One that is too long but complete was a single packet on the wire: its sender has a larger MTU. */
	if (!find_transport(ethertype, packet, length, &transport) || !is_unfinished(packet, &transport))
		return true;
	if (length > mtu) {
		if (transport.protocol == IPPROTO_UDP)
			return false;
		if (!split(ethertype, packet, &transport, mtu, ret))
			return true;
	}
	ret->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	ret->csum_start = (uint16_t)(ETH_HLEN + transport.start);
	ret->csum_offset = (uint16_t)transport.checksum_offset;
	return true;
}
