// SPDX-License-Identifier: GPL-2.0-or-later
/// Network addresses and prefixes of both families.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

enum addr_family {
	ADDR_NONE = 0, ///< no address
	ADDR_IPV4 = 4,
	ADDR_IPV6 = 6,
};

/// An address; bytes in network order, those the family does not use are zero, so that two equal
/// addresses are equal in memory and the struct can be a hash key. All zero is "no address".
///
/// Several nodes can be behind one NBMA address, where NAT put them. `behind` tells them apart on this host:
/// it is a part of the address wherever two are compared, and no packet or text has it.
struct addr {
	uint8_t family; ///< enum addr_family
	uint8_t bytes[16];
	uint16_t behind __attribute__((packed)); ///< which of the nodes behind it; 0: the first or only one
};

/// `addr` has no bits set behind `length` where it comes from prefix_make().
struct prefix {
	struct addr addr;
	uint8_t length; ///< bits: 0–32 or 0–128
};

#define ADDR_TEXT_SIZE   46 ///< longest text of an address, with its NUL
#define PREFIX_TEXT_SIZE 50 ///< longest text of a prefix, with its NUL

/// From an IPv4 address in host order.
struct addr addr_from_ipv4(uint32_t host_order);
/// From 4 or 16 bytes in network order; any other length gives "no address".
struct addr addr_from_bytes(const uint8_t *bytes, size_t length);
/// The IPv4 address in host order; 0 for another family.
uint32_t addr_to_ipv4(struct addr addr);

/// Length in bits: 0, 32 or 128.
static inline uint8_t addr_bits(struct addr addr)
{
	return addr.family == ADDR_IPV4 ? 32 : addr.family == ADDR_IPV6 ? 128 : 0;
}

/// Length in bytes: 0, 4 or 16.
static inline size_t addr_size(struct addr addr)
{
	return addr_bits(addr) / 8;
}

static inline bool addr_is_set(struct addr addr)
{
	return addr.family != ADDR_NONE;
}

static inline bool addr_equal(struct addr a, struct addr b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

/// The address as packets have it: without `behind`.
struct addr addr_plain(struct addr addr);
/// Order of family, bytes and `behind`: below zero, zero, above zero.
int addr_compare(struct addr a, struct addr b);
bool addr_is_multicast(struct addr addr);
/// Could be the address of a host: set, not unspecified, loopback, multicast or limited broadcast.
bool addr_is_host(struct addr addr);

/// Reads "192.0.2.1" or "2001:db8::1"; false and `*ret` untouched where the text is not an address.
bool addr_parse(const char *text, struct addr *ret) MUST_CHECK;
/// Writes the address ("none" where there is none) and returns `buffer`.
char *addr_format(struct addr addr, char buffer[static ADDR_TEXT_SIZE]);

/// The prefix of `length` bits around `addr`; `length` is cut to the family's.
struct prefix prefix_make(struct addr addr, uint8_t length);
/// The host prefix of `addr`: /32 or /128.
struct prefix prefix_host(struct addr addr);
bool prefix_equal(struct prefix a, struct prefix b);
bool prefix_contains(struct prefix prefix, struct addr addr);
/// `inner` lies in `outer` or is the same.
bool prefix_covers(struct prefix outer, struct prefix inner);
/// Bit `index` of the address, 0 = first.
bool addr_bit(struct addr addr, uint8_t index);
/// Reads "192.0.2.0/24"; a missing length is a host's. False and `*ret` untouched on bad text.
bool prefix_parse(const char *text, struct prefix *ret) MUST_CHECK;
char *prefix_format(struct prefix prefix, char buffer[static PREFIX_TEXT_SIZE]);
