// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/ip.h"

#include "base/rd.h"

static void read_ipv4(struct rd *rd, uint8_t first, struct ip_header *ret)
{
	size_t header_length = (size_t)(first & 0xf) * 4;

	if (header_length < 20)
		rd_fail(rd);
	rd_skip(rd, 8);
	ret->protocol = rd_u8(rd);
	rd_skip(rd, 2);
	ret->src = rd_addr(rd, 4, ADDR_IPV4);
	ret->dst = rd_addr(rd, 4, ADDR_IPV4);
	rd_skip(rd, header_length - 20);
}

static void read_ipv6(struct rd *rd, struct ip_header *ret)
{
	rd_skip(rd, 5);
	ret->protocol = rd_u8(rd);
	rd_skip(rd, 1);
	ret->src = rd_addr(rd, 16, ADDR_IPV6);
	ret->dst = rd_addr(rd, 16, ADDR_IPV6);
}

bool ip_read(const uint8_t *packet, size_t length, struct ip_header *ret)
{
	struct rd rd = rd_make(packet, length);
	uint8_t first = rd_u8(&rd);

	*ret = (struct ip_header) { 0 };
	if (first >> 4 == 4)
		read_ipv4(&rd, first, ret);
	else if (first >> 4 == 6)
		read_ipv6(&rd, ret);
	else
		return false;
	return rd_ok(&rd);
}
