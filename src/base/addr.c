// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/// Do the first `length` bits agree?
static bool bits_agree(const uint8_t *a, const uint8_t *b, uint8_t length)
{
	size_t whole = length / 8;
	uint8_t rest = length % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

_Static_assert(sizeof(struct addr) == 19, "no byte of it is padding, as it is a hash key");

struct addr addr_from_ipv4(uint32_t host_order)
{
	return (struct addr) { .family = ADDR_IPV4,
		.bytes = { host_order >> 24, host_order >> 16 & 0xff, host_order >> 8 & 0xff,
			host_order & 0xff } };
}

struct addr addr_from_bytes(const uint8_t *bytes, size_t length)
{
	struct addr addr = { 0 };

	if (length != 4 && length != 16)
		return addr;
	addr.family = length == 4 ? ADDR_IPV4 : ADDR_IPV6;
	memcpy(addr.bytes, bytes, length);
	return addr;
}

uint32_t addr_to_ipv4(struct addr addr)
{
	if (addr.family != ADDR_IPV4)
		return 0;
	return (uint32_t)addr.bytes[0] << 24 | (uint32_t)addr.bytes[1] << 16 | (uint32_t)addr.bytes[2] << 8 |
	       addr.bytes[3];
}

int addr_compare(struct addr a, struct addr b)
{
	if (a.family != b.family)
		return a.family < b.family ? -1 : 1;
	int order = memcmp(a.bytes, b.bytes, addr_size(a));
	return order != 0 ? order : (int)a.behind - (int)b.behind;
}

struct addr addr_plain(struct addr addr)
{
	addr.behind = 0;
	return addr;
}

bool addr_is_multicast(struct addr addr)
{
	if (addr.family == ADDR_IPV4)
		return addr.bytes[0] >> 4 == 0xe;
	return addr.family == ADDR_IPV6 && addr.bytes[0] == 0xff;
}

bool addr_is_host(struct addr addr)
{
	static const uint8_t ipv6_unspecified[16];
	static const uint8_t ipv6_loopback[16] = { [15] = 1 };

	if (!addr_is_set(addr) || addr_is_multicast(addr))
		return false;
	if (addr.family == ADDR_IPV4)
		return addr.bytes[0] != 0 && addr.bytes[0] != 127 && addr_to_ipv4(addr) != UINT32_MAX;
	return memcmp(addr.bytes, ipv6_unspecified, 16) != 0 && memcmp(addr.bytes, ipv6_loopback, 16) != 0;
}

bool addr_parse(const char *text, struct addr *ret)
{
	uint8_t bytes[16];
	size_t length;

	if (inet_pton(AF_INET, text, bytes) == 1)
		length = 4;
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		length = 16;
	else
		return false;
	*ret = addr_from_bytes(bytes, length);
	return true;
}

char *addr_format(struct addr addr, char buffer[static ADDR_TEXT_SIZE])
{
	if (!addr_is_set(addr))
		return strcpy(buffer, "none");
	inet_ntop(addr.family == ADDR_IPV4 ? AF_INET : AF_INET6, addr.bytes, buffer, ADDR_TEXT_SIZE);
	return buffer;
}

struct prefix prefix_make(struct addr addr, uint8_t length)
{
	struct prefix prefix = { .addr = addr, .length = length };

	if (length > addr_bits(addr))
		prefix.length = addr_bits(addr);
	for (size_t i = 0; i < addr_size(addr); i++) {
		if (prefix.length <= i * 8)
			prefix.addr.bytes[i] = 0;
		else if (prefix.length < i * 8 + 8)
			prefix.addr.bytes[i] &= (uint8_t)(0xff << (i * 8 + 8 - prefix.length));
	}
	return prefix;
}

struct prefix prefix_host(struct addr addr)
{
	return (struct prefix) { .addr = addr, .length = addr_bits(addr) };
}

bool prefix_equal(struct prefix a, struct prefix b)
{
	return a.length == b.length && addr_equal(a.addr, b.addr);
}

bool prefix_contains(struct prefix prefix, struct addr addr)
{
	return prefix.addr.family == addr.family && addr_is_set(addr) &&
	       bits_agree(prefix.addr.bytes, addr.bytes, prefix.length);
}

bool prefix_covers(struct prefix outer, struct prefix inner)
{
	return outer.length <= inner.length && prefix_contains(outer, inner.addr);
}

bool addr_bit(struct addr addr, uint8_t index)
{
	return index < addr_bits(addr) && (addr.bytes[index / 8] >> (7 - index % 8) & 1);
}

bool prefix_parse(const char *text, struct prefix *ret)
{
	char buffer[PREFIX_TEXT_SIZE];
	struct addr addr;
	const char *slash = strchr(text, '/');
	size_t addr_length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned length = 0;

	if (addr_length >= sizeof(buffer))
		return false;
	memcpy(buffer, text, addr_length);
	buffer[addr_length] = '\0';
	if (!addr_parse(buffer, &addr))
		return false;
	if (!slash) {
		*ret = prefix_host(addr);
		return true;
	}
	size_t digits = strspn(slash + 1, "0123456789");
	if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
		return false;
	for (size_t i = 1; i <= digits; i++)
		length = length * 10 + (unsigned)(slash[i] - '0');
	if (length > addr_bits(addr))
		return false;
	*ret = prefix_make(addr, (uint8_t)length);
	return true;
}

char *prefix_format(struct prefix prefix, char buffer[static PREFIX_TEXT_SIZE])
{
	char text[ADDR_TEXT_SIZE];

	snprintf(buffer, PREFIX_TEXT_SIZE, "%s/%u", addr_format(prefix.addr, text), prefix.length);
	return buffer;
}
