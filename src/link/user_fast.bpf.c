// SPDX-License-Identifier: GPL-2.0-or-later
//
// The fast path of a user link. At the egress of the TAP device a frame for a peer becomes GRE and leaves by
// the interface that the routing table says; at the ingress of that interface GRE of our tunnel becomes a
// frame of the device, or, where the tunnel may, goes on to the next peer at once. Packets stay in the
// kernel, super-packets whole. Whatever is not plain data of a known peer goes on as if nothing were here, to
// the threads of dmvpnd: TC_ACT_UNSPEC.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "link/user_fast_maps.h"

#define AF_INET         2
#define GRE_KEY_PRESENT 0x2000
#define OUTER_TTL       64
#define FRAGMENT_MASK   0x3fff
#define FRAGMENT_OFFSET 0x1fff
#define LOOPBACK        1 ///< index of lo: what we send is routed as the host's own
#define TCP_SYN         0x02
#define ECN_MASK        0x03
#define TOS_ROUTED      0x1c
#define MARK            0xd4000000U ///< LINK_MARK: the override rule leaves it alone
#define LOOKUP_MARK     (1u << 5)   ///< BPF_FIB_LOOKUP_MARK, Linux 6.10
#define SLOW            TC_ACT_UNSPEC
#define WAYS            1024 ///< kept for each processor; a power of two

struct gre {
	__be16 flags;
	__be16 protocol;
	__be32 key;
};

struct outer {
	struct iphdr ip;
	struct gre gre;
};

/// The first bytes of a packet that is carried.
union inner {
	struct iphdr ip;
	__u8 bytes[sizeof(struct iphdr)];
};

struct fast_tunnel tunnel;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FAST_PEERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct fast_peer);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, FAST_ACTIVE);
	__uint(key_size, 0);
	__uint(value_size, sizeof(struct fast_use));
} active SEC(".maps");

/// Interfaces by which we send; the value is 1 where the other program is attached.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FAST_UNDERLAYS);
	__type(key, __u32);
	__type(value, __u32);
} underlays SEC(".maps");

/// The way to a peer, as this processor found it last. It is asked for anew with each tick of the kernel's
/// coarse clock: a change of the routing table is followed within milliseconds, and a fast flow pays nothing
/// for it.
struct way {
	__u64 tick;
	__be32 nbma, next_hop;
	__u32 ifindex, mtu;
	__u64 tos; ///< so long that nothing is left between it and the end
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WAYS);
	__type(key, __u32);
	__type(value, struct way);
} ways SEC(".maps");

/// Whom a packet that came by the tunnel goes on to by the tunnel; kept like a way.
struct hop {
	__u64 tick;
	__be32 source, destination, nbma;
	__u32 tos;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WAYS);
	__type(key, __u32);
	__type(value, struct hop);
} hops SEC(".maps");

static __always_inline __u32 gre_length(void)
{
	return tunnel.has_key ? 8 : 4;
}

static __always_inline void tell_use(__u32 nbma, __u32 *epoch, __u32 direction)
{
	struct fast_use use = { .nbma = nbma, .direction = direction };

	if (*epoch != tunnel.epoch && bpf_map_push_elem(&active, &use, 0) == 0)
		*epoch = tunnel.epoch;
}

/// Sum of the words of a header without options.
static __always_inline __u16 ip_checksum(const struct iphdr *ip)
{
	const __u32 *words = (const __u32 *)ip;
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < 5; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16) ~(sum + (sum >> 16));
}

static __always_inline __u8 protocol_of(const union inner *inner, __u16 ethertype)
{
	return ethertype == ETH_P_IP ? inner->ip.protocol : inner->bytes[offsetof(struct ipv6hdr, nexthdr)];
}

/// Bytes before the payload of TCP or UDP, for the count of a super-packet. 0 where it cannot be told.
static __always_inline __u32 headers_of(
	struct __sk_buff *skb, __u32 at, __u16 ethertype, const union inner *inner)
{
	__u32 ip = ethertype == ETH_P_IP ? inner->ip.ihl * 4 : sizeof(struct ipv6hdr);
	__u8 offset;

	if (protocol_of(inner, ethertype) == 17)
		return ip + 8;
	if (bpf_skb_load_bytes(skb, at + ip + 12, &offset, 1) < 0)
		return 0;
	return ip + (offset >> 4) * 4;
}

/// Packets and bytes (of the inner packets) that a super-packet stands for.
static __always_inline void count(struct __sk_buff *skb, __u32 at, __u16 ethertype, const union inner *inner,
	__u32 length, __u64 *packets, __u64 *bytes)
{
	__u32 segments = 1, headers = 0, size = skb->gso_size;

	if (size)
		headers = headers_of(skb, at, ethertype, inner);
	if (headers && length > headers)
		segments = (length - headers + size - 1) / size;
	__sync_fetch_and_add(packets, segments);
	__sync_fetch_and_add(bytes, length + (__u64)(segments - 1) * headers);
}

/// The type of service of the packet; false where it is none that we carry, or one that came out of the
/// threads and was led back into the device.
static __always_inline bool inner_tos(const union inner *inner, __u16 ethertype, __u8 *ret)
{
	if (ethertype == ETH_P_IP) {
		*ret = inner->ip.tos;
		return inner->ip.version == 4 &&
		       !(inner->ip.protocol == 47 && inner->ip.saddr == tunnel.nbma);
	}
	*ret = (__u8)(inner->bytes[0] << 4 | inner->bytes[1] >> 4);
	return ethertype == ETH_P_IPV6;
}

/// Asks the routing table without our overrides. False where the packet is too long for the way, the next
/// hop's link-layer address is not known, or the way leads back into the tunnel.
static __always_inline bool look_up(struct __sk_buff *skb, __u32 length, struct way *ret)
{
	struct bpf_fib_lookup way, marked;
	long result;

	/* Every byte: without CAP_PERFMON the kernel lets nothing be copied that was not set. */
	__builtin_memset(&way, 0, sizeof(way));
	way.family = AF_INET;
	way.tot_len = length > 0xffff ? 0xffff : length;
	way.l4_protocol = 47;
	way.tos = (__u8)ret->tos;
	way.ipv4_src = tunnel.nbma;
	way.ipv4_dst = ret->nbma;
	way.ifindex = LOOPBACK;
	marked = way;
	*(__u32 *)marked.smac = MARK; /* a union with `mark` in newer headers */
	result = bpf_fib_lookup(skb, &marked, sizeof(marked), LOOKUP_MARK);
	if (result == -22) /* EINVAL: an older kernel */
		result = bpf_fib_lookup(skb, &way, sizeof(way), 0);
	else
		way = marked;
	if (result != BPF_FIB_LKUP_RET_SUCCESS || way.ifindex == tunnel.device || way.family != AF_INET)
		return false;
	ret->next_hop = way.ipv4_dst;
	ret->ifindex = way.ifindex;
	ret->mtu = way.tot_len; /* the way's MTU now; before Linux 5.12, what we gave */
	return true;
}

static __always_inline __u32 slot_of(__u32 number)
{
	return (number ^ number >> 10) & (WAYS - 1);
}

/// NULL where there is none for a packet of this length.
static __always_inline const struct way *find_way(struct __sk_buff *skb, __u32 nbma, __u32 length, __u8 tos)
{
	__u32 slot = slot_of(bpf_ntohl(nbma));
	__u64 now = bpf_ktime_get_coarse_ns();
	struct way *kept = bpf_map_lookup_elem(&ways, &slot), way;
	__u32 not_attached = 0;

	tos &= TOS_ROUTED;
	if (!kept)
		return NULL;
	if (kept->tick == now && kept->nbma == nbma && kept->tos == tos && length <= kept->mtu)
		return kept;
	way = (struct way) { .tick = now, .nbma = nbma, .tos = tos };
	if (!look_up(skb, length, &way))
		return NULL;
	/* dmvpnd learns of it where it is new; one that is there stays as it is. */
	bpf_map_update_elem(&underlays, &way.ifindex, &not_attached, BPF_NOEXIST);
	*kept = way;
	return kept;
}

/// Makes room between the Ethernet header and the packet.
static __always_inline bool make_room(struct __sk_buff *skb, __u32 length, __u16 ethertype)
{
	__u64 flags = BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_FIXED_GSO;

	if (bpf_skb_adjust_room(skb, (__s32)length, BPF_ADJ_ROOM_MAC, flags) == 0)
		return true;
	/* One that came by our tunnel is still marked as encapsulated, and the marks fit again. Those of
	 * others, as VXLAN, would not: the threads carry them. */
	return ethertype == ETH_P_IP && skb->ingress_ifindex == tunnel.device &&
	       bpf_skb_adjust_room(skb, (__s32)length, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) == 0;
}

static __always_inline struct iphdr outer_header(struct __sk_buff *skb, __u32 nbma, __u8 tos)
{
	struct iphdr ret = {
		.version = 4,
		.ihl = 5,
		.tos = tos,
		.tot_len = bpf_htons((__u16)(skb->len - ETH_HLEN)),
		.id = (__u16)bpf_get_prandom_u32(),
		.ttl = OUTER_TTL,
		.protocol = 47,
		.saddr = tunnel.nbma,
		.daddr = nbma,
	};

	ret.check = ip_checksum(&ret);
	return ret;
}

static __always_inline bool write_outer(
	struct __sk_buff *skb, __u32 nbma, __u16 ethertype, __u8 tos, __u32 room)
{
	struct {
		__be16 unused, ethertype; /* the latter is the end of the Ethernet header */
		struct outer outer;
	} start = {
		.ethertype = bpf_htons(ETH_P_IP),
		.outer = {
			.ip = outer_header(skb, nbma, tos),
			.gre = {
				.flags = tunnel.has_key ? bpf_htons(GRE_KEY_PRESENT) : 0,
				.protocol = bpf_htons(ethertype),
				.key = tunnel.key,
			},
		},
	};
	__u32 at = offsetof(struct ethhdr, h_proto), length = sizeof(start) - sizeof(start.unused);

	return room == sizeof(struct outer)
		       ? bpf_skb_store_bytes(skb, at, &start.ethertype, length, 0) == 0
		       : bpf_skb_store_bytes(skb, at, &start.ethertype, length - 4, 0) == 0;
}

/// The packet is ready for the peer: out by the underlay.
static __always_inline int leave(
	struct __sk_buff *skb, __be32 nbma, struct fast_peer *peer, const struct way *way)
{
	struct bpf_redir_neigh next_hop = { .nh_family = AF_INET };

	/* Not in the initializer, which would leave the rest of its union unset: see look_up(). */
	next_hop.ipv4_nh = way->next_hop;
	tell_use(nbma, &peer->sent_epoch, FAST_SENT);
	skb->mark = MARK;
	return (int)bpf_redirect_neigh(way->ifindex, &next_hop, sizeof(next_hop), 0);
}

SEC("tc")
int to_underlay(struct __sk_buff *skb)
{
	__u32 room = sizeof(struct iphdr) + gre_length(), length = skb->len - ETH_HLEN, nbma;
	struct {
		__u16 unused; /* the packet is aligned then */
		struct ethhdr frame;
		union inner inner;
	} start;
	const struct way *way;
	struct fast_peer *peer;
	__u16 ethertype;
	__u8 tos;

	if (tunnel.paused || skb->vlan_present ||
		bpf_skb_load_bytes(skb, 0, &start.frame, sizeof(start) - sizeof(start.unused)) < 0)
		return SLOW;
	/* Multicast is the threads': redirected, it did not reach even the one peer of a point-to-point
	 * tunnel. */
	if (start.frame.h_dest[0] & 1)
		return SLOW;
	__builtin_memcpy(&nbma, start.frame.h_dest + 2, sizeof(nbma));
	if (tunnel.destination)
		nbma = tunnel.destination;
	else if (start.frame.h_dest[0] != 0x02 || start.frame.h_dest[1] != 0)
		return SLOW;
	peer = bpf_map_lookup_elem(&peers, &nbma);
	ethertype = bpf_ntohs(start.frame.h_proto);
	if (!peer || !inner_tos(&start.inner, ethertype, &tos))
		return SLOW;
	way = find_way(skb, nbma, (skb->gso_size ? tunnel.mtu : length) + room, tos);
	if (!way || !make_room(skb, room, ethertype))
		return SLOW;
	count(skb, ETH_HLEN + room, ethertype, &start.inner, length, &peer->sent_packets, &peer->sent_bytes);
	if (!write_outer(skb, nbma, ethertype, tos, room))
		return TC_ACT_SHOT;
	return leave(skb, nbma, peer, way);
}

/// Is the frame one for this host and this interface, not for a VLAN on top of it?
static __always_inline bool is_for_us(const struct __sk_buff *skb)
{
	return !skb->vlan_present && skb->pkt_type == PACKET_HOST;
}

/// Is it GRE of our tunnel, plain, with data that a congested underlay has nothing to say about?
static __always_inline bool is_ours(
	struct __sk_buff *skb, __u32 room, struct outer *outer, union inner *inner, __u16 *ret_ethertype)
{
	__u8 tos;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
		bpf_skb_load_bytes(skb, ETH_HLEN, outer, sizeof(*outer)) < 0 || outer->ip.protocol != 47 ||
		outer->ip.daddr != tunnel.nbma || outer->ip.version != 4 || outer->ip.ihl != 5 ||
		(outer->ip.frag_off & bpf_htons(FRAGMENT_MASK)) || ip_checksum(&outer->ip) != 0)
		return false;
	if (outer->gre.flags != (tunnel.has_key ? bpf_htons(GRE_KEY_PRESENT) : 0) ||
		(tunnel.has_key && outer->gre.key != tunnel.key) ||
		(tunnel.destination && outer->ip.saddr != tunnel.destination))
		return false;
	*ret_ethertype = bpf_ntohs(outer->gre.protocol);
	if (bpf_skb_load_bytes(skb, ETH_HLEN + room, inner, sizeof(*inner)) < 0 ||
		!inner_tos(inner, *ret_ethertype, &tos))
		return false;
	return !(outer->ip.tos & ECN_MASK) || (outer->ip.tos & ECN_MASK) == (tos & ECN_MASK);
}

/// Datagrams that the sender or GRO merged: only here it is known how long each of them is.
static __always_inline bool is_merged_udp(struct __sk_buff *skb, const union inner *inner, __u16 ethertype)
{
	return skb->gso_size && protocol_of(inner, ethertype) == 17;
}

/// Does the routing table lead what came by the tunnel back into it, to a neighbour that is known?
static __always_inline bool leads_back(
	struct __sk_buff *skb, const struct iphdr *inner, bool reverse, __u32 length, __be32 *ret_nbma)
{
	struct bpf_fib_lookup hop;

	__builtin_memset(&hop, 0, sizeof(hop));
	hop.family = AF_INET;
	hop.tot_len = (__u16)length;
	hop.tos = inner->tos & TOS_ROUTED;
	hop.ipv4_src = reverse ? inner->daddr : inner->saddr;
	hop.ipv4_dst = reverse ? inner->saddr : inner->daddr;
	hop.ifindex = tunnel.device;
	if (bpf_fib_lookup(skb, &hop, sizeof(hop), 0) != BPF_FIB_LKUP_RET_SUCCESS ||
		hop.ifindex != tunnel.device || hop.dmac[0] != 0x02 || hop.dmac[1] != 0)
		return false;
	__builtin_memcpy(ret_nbma, hop.dmac + 2, sizeof(*ret_nbma));
	return true;
}

/// The peer that a packet goes on to. Its source must be behind this tunnel, too: nothing that the kernel's
/// check of sources (rp_filter) refuses goes on.
static __always_inline bool find_hop(
	struct __sk_buff *skb, const struct iphdr *inner, __u32 length, __be32 *ret_nbma)
{
	/* The two directions of a flow have slots of their own. */
	__u32 slot = slot_of(3 * bpf_ntohl(inner->saddr) + bpf_ntohl(inner->daddr));
	__u64 now = bpf_ktime_get_coarse_ns();
	__u8 tos = inner->tos & TOS_ROUTED;
	struct hop *kept = bpf_map_lookup_elem(&hops, &slot);
	__be32 back;

	if (!kept)
		return false;
	if (kept->tick != now || kept->source != inner->saddr || kept->destination != inner->daddr ||
		kept->tos != tos) {
		if (!leads_back(skb, inner, false, length, ret_nbma) ||
			!leads_back(skb, inner, true, length, &back))
			return false;
		*kept = (struct hop) { now, inner->saddr, inner->daddr, *ret_nbma, tos };
	}
	*ret_nbma = kept->nbma;
	return true;
}

/// Addresses that no router passes on, whatever its table says: none, of this host, multicast, broadcast.
static __always_inline bool stays_here(__be32 address)
{
	__u8 first = (__u8)(bpf_ntohl(address) >> 24);

	return !address || first == 127 || first >> 4 == 14 || address == 0xffffffff;
}

/// What a router may pass on as it is: plain IPv4 which no answer by ICMP is due to, with nothing of TCP that
/// `ip tcp adjust-mss` would change. `longest` is the length of it, or of each packet in a super-packet.
static __always_inline bool may_pass(
	struct __sk_buff *skb, __u32 at, const union inner *inner, __u32 length, __u32 *ret_longest)
{
	const struct iphdr *ip = &inner->ip;
	__u8 flags;

	if (ip->ihl != 5 || ip->ttl <= 1 || ip_checksum(ip) != 0 || stays_here(ip->saddr) ||
		stays_here(ip->daddr))
		return false;
	*ret_longest = length;
	if (skb->gso_size)
		*ret_longest = skb->gso_size + headers_of(skb, at, ETH_P_IP, inner);
	else if (bpf_ntohs(ip->tot_len) != length)
		return false;
	if (ip->protocol == 6 && !(ip->frag_off & bpf_htons(FRAGMENT_OFFSET)) &&
		(bpf_skb_load_bytes(skb, at + sizeof(*ip) + 13, &flags, 1) < 0 || (flags & TCP_SYN)))
		return false;
	return *ret_longest <= tunnel.mtu;
}

/// One hop from peer to peer: other addresses outside, a TTL less inside, no detour by the device. SLOW where
/// it is not for us to say, and nothing is changed.
static __always_inline int pass_on(
	struct __sk_buff *skb, struct fast_peer *from, __be32 source, union inner *inner, __u32 room)
{
	__u32 at = ETH_HLEN + room, length = skb->len - at, longest, sum;
	const struct way *way;
	struct fast_peer *to;
	struct iphdr outer;
	__be32 nbma;

	if (!may_pass(skb, at, inner, length, &longest) || !find_hop(skb, &inner->ip, longest, &nbma))
		return SLOW;
	to = bpf_map_lookup_elem(&peers, &nbma);
	way = to ? find_way(skb, nbma, longest + room, inner->ip.tos) : NULL;
	if (!way)
		return SLOW;
	outer = outer_header(skb, nbma, inner->ip.tos);
	inner->ip.ttl--;
	sum = (__u32)inner->ip.check + bpf_htons(0x0100);
	inner->ip.check = (__u16)(sum + (sum >> 16));
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &outer, sizeof(outer), 0) < 0 ||
		bpf_skb_store_bytes(skb, at, inner, sizeof(*inner), 0) < 0)
		return TC_ACT_SHOT;
	count(skb, at, ETH_P_IP, inner, length, &from->received_packets, &from->received_bytes);
	count(skb, at, ETH_P_IP, inner, length, &to->sent_packets, &to->sent_bytes);
	tell_use(source, &from->received_epoch, FAST_RECEIVED);
	return leave(skb, nbma, to, way);
}

SEC("tc")
int from_underlay(struct __sk_buff *skb)
{
	__u32 room = sizeof(struct iphdr) + gre_length(), length;
	struct ethhdr frame = { .h_dest = { 0x02 }, .h_source = { 0x02 } };
	struct fast_peer *peer;
	struct outer outer;
	union inner inner;
	__u16 ethertype;
	int verdict;

	if (tunnel.paused || !is_for_us(skb) || !is_ours(skb, room, &outer, &inner, &ethertype))
		return SLOW;
	peer = bpf_map_lookup_elem(&peers, &outer.ip.saddr);
	/* The threads take data of peers that are not in use as well, but could not split this. */
	if (!peer && !is_merged_udp(skb, &inner, ethertype))
		return SLOW;
	/* What pads a short frame does not belong to the packet. A super-packet's length may not fit the
	 * field. */
	length = skb->len - ETH_HLEN;
	if (length <= room || (!skb->gso_size && length != bpf_ntohs(outer.ip.tot_len)))
		return SLOW;
	if (tunnel.hairpin && peer && ethertype == ETH_P_IP) {
		verdict = pass_on(skb, peer, outer.ip.saddr, &inner, room);
		if (verdict != SLOW)
			return verdict;
	}
	if (bpf_skb_adjust_room(skb, -(__s32)room, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) < 0)
		return SLOW;
	if (peer)
		count(skb, ETH_HLEN, ethertype, &inner, length - room, &peer->received_packets,
			&peer->received_bytes);
	__builtin_memcpy(frame.h_source + 2, &outer.ip.saddr, 4);
	frame.h_proto = outer.gre.protocol;
	if (bpf_skb_store_bytes(skb, 0, &frame, sizeof(frame), 0) < 0)
		return TC_ACT_SHOT;
	if (peer)
		tell_use(outer.ip.saddr, &peer->received_epoch, FAST_RECEIVED);
	return (int)bpf_redirect(tunnel.device, BPF_F_INGRESS);
}

const char LICENSE[] SEC("license") = "GPL";
