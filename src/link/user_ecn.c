// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/user_ecn.h"

#include <linux/if_ether.h>
#include <netinet/ip.h>

#include "link/checksum.h"

#define ECN_MASK    0x03
#define NOT_CAPABLE 0x00
#define CAPABLE_1   0x01
#define CAPABLE_0   0x02
#define CONGESTED   0x03

uint8_t user_ecn_inner(uint16_t ethertype, const uint8_t *packet, size_t length)
{
	if (length < 2)
		return 0;
	if (ethertype == ETH_P_IP)
		return packet[1];
	if (ethertype == ETH_P_IPV6)
		return (uint8_t)(checksum_read(packet) >> 4);
	return 0;
}

static void write_inner(uint16_t ethertype, uint8_t *packet, uint8_t ecn)
{
	uint8_t *field = packet + offsetof(struct iphdr, check);
	uint16_t before = checksum_read(packet);

	if (ethertype == ETH_P_IPV6) {
		packet[1] = (uint8_t)((packet[1] & ~(ECN_MASK << 4)) | ecn << 4);
		return;
	}
	packet[1] = (uint8_t)((packet[1] & ~ECN_MASK) | ecn);
	/* RFC 1624: the checksum follows the change, and stays wrong where it was wrong. */
	uint64_t sum = checksum_add_u16(0, (uint16_t)~checksum_read(field));

	sum = checksum_add_u16(sum, (uint16_t)~before);
	sum = checksum_add_u16(sum, checksum_read(packet));
	checksum_write(field, checksum_finish(sum));
}

bool user_ecn_decapsulate(uint8_t outer, uint16_t ethertype, uint8_t *packet, size_t length)
{
	uint8_t inner = user_ecn_inner(ethertype, packet, length) & ECN_MASK;

	outer &= ECN_MASK;
	if (ethertype != ETH_P_IP && ethertype != ETH_P_IPV6)
		return true;
	if (ethertype == ETH_P_IP && length < sizeof(struct iphdr))
		return true;
	if (outer == CONGESTED && inner == NOT_CAPABLE)
		return false;
	if ((outer == CONGESTED && inner != CONGESTED) || (outer == CAPABLE_1 && inner == CAPABLE_0))
		write_inner(ethertype, packet, outer);
	return true;
}
