// SPDX-License-Identifier: GPL-2.0-or-later
//
// The filters of sockets for NHRP. What is not the tunnel's does not come in, what known peers send does, and
// of what strangers send as much as dmvpnd has room for. A known peer that sends without measure, or somebody
// who sends in its name, is treated as a stranger.
#include <linux/bpf.h>
#include <linux/ip.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "link/admission_maps.h"

#define ETHERTYPE_NHRP       0x2001
#define GRE_KEY_PRESENT      0x2000
#define GRE_CHECKSUM_PRESENT 0x8000
#define GRE_SIZE             4 ///< without what its flags announce
#define WORD                 4
#define SECOND_SHIFT         30 ///< of nanoseconds
#define ALL                  0xffff
#define NOTHING              0

struct gre {
	__be16 flags;
	__be16 protocol;
};

struct admission_rules rules;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ADMISSION_PEERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct admission_peer);
} known SEC(".maps");

static __always_inline bool is_within_rate(struct admission_peer *peer)
{
	__u32 second = (__u32)(bpf_ktime_get_coarse_ns() >> SECOND_SHIFT);

	if (peer->second != second) {
		peer->second = second;
		peer->packets = 0;
	}
	return peer->packets++ < ADMISSION_RATE;
}

/// Two processors at once may write the same place: then one sender counts for the other.
static __always_inline void refuse(__u32 source)
{
	volatile struct admission_rules *now = &rules;

	now->refused_from[now->refused % ADMISSION_NOTED] = source;
	__sync_fetch_and_add(&rules.refused, 1);
}

static __always_inline int admit(const struct __sk_buff *skb, __u32 source)
{
	const volatile struct admission_rules *now = &rules;
	struct admission_peer *peer = bpf_map_lookup_elem(&known, &source);

	if (peer && is_within_rate(peer))
		return ALL;
	if (skb->len > ADMISSION_SIZE || (__s32)(now->limit - now->admitted) <= 0) {
		refuse(source);
		return NOTHING;
	}
	__sync_fetch_and_add(&rules.admitted, 1);
	return ALL;
}

/// The key, if there is one, is the tunnel's.
static __always_inline bool has_our_key(struct __sk_buff *skb, __u32 at, __be16 flags)
{
	__u32 key;

	if (!(flags & bpf_htons(GRE_KEY_PRESENT)) || !rules.has_key)
		return !(flags & bpf_htons(GRE_KEY_PRESENT)) && !rules.has_key;
	if (flags & bpf_htons(GRE_CHECKSUM_PRESENT))
		at += WORD;
	return bpf_skb_load_bytes(skb, at + GRE_SIZE, &key, sizeof(key)) == 0 && key == rules.key;
}

/// Of a raw socket for GRE, whose packets begin with their IP header.
SEC("socket")
int from_underlay(struct __sk_buff *skb)
{
	struct gre gre;
	__u32 source, at;
	__u8 first;

	if (bpf_skb_load_bytes(skb, 0, &first, sizeof(first)) < 0 ||
		bpf_skb_load_bytes(skb, offsetof(struct iphdr, saddr), &source, sizeof(source)) < 0)
		return NOTHING;
	at = (first & 0xf) * WORD;
	if (bpf_skb_load_bytes(skb, at, &gre, sizeof(gre)) < 0 || gre.protocol != bpf_htons(ETHERTYPE_NHRP) ||
		!has_our_key(skb, at, gre.flags))
		return NOTHING;
	if (rules.destination)
		return rules.destination == source ? ALL : NOTHING;
	return admit(skb, source);
}

/// Of a packet socket at a GRE device, whose link-layer header is the outer IP header.
SEC("socket")
int from_device(struct __sk_buff *skb)
{
	__u32 source;

	if (rules.destination || bpf_skb_load_bytes_relative(skb, offsetof(struct iphdr, saddr), &source,
					 sizeof(source), BPF_HDR_START_MAC) < 0)
		return ALL;
	return admit(skb, source);
}

const char LICENSE[] SEC("license") = "GPL";
