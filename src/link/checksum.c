// SPDX-License-Identifier: GPL-2.0-or-later
//
// The sum is of words in the machine's own order, which RFC 1071 section 2(B) allows: it comes out with its
// bytes swapped as the words were, and is put right at the end.
#include "link/checksum.h"

#include <arpa/inet.h>
#include <string.h>

static uint64_t add_carry(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length)
{
	uint64_t words[4], tail = 0;

	for (; length >= sizeof(words); bytes += sizeof(words), length -= sizeof(words)) {
		memcpy(words, bytes, sizeof(words));
		sum = add_carry(sum, words[0]);
		sum = add_carry(sum, words[1]);
		sum = add_carry(sum, words[2]);
		sum = add_carry(sum, words[3]);
	}
	for (; length >= sizeof(tail); bytes += sizeof(tail), length -= sizeof(tail)) {
		memcpy(&tail, bytes, sizeof(tail));
		sum = add_carry(sum, tail);
	}
	tail = 0;
	memcpy(&tail, bytes, length);
	return add_carry(sum, tail);
}

uint64_t checksum_add_u16(uint64_t sum, uint16_t number)
{
	return add_carry(sum, htons(number));
}

uint16_t checksum_finish(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ntohs((uint16_t)~sum);
}
