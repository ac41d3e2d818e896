// SPDX-License-Identifier: GPL-2.0-or-later
// Packets on their way into the device. Law: what is merged and then cut again is the same packets, to the
// byte, and packets of a flow keep their order. The input says how each packet differs from the one before it
// in its flow; what it does not touch is as a sender makes it, checksums included.
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "link/checksum.h"
#include "link/user_coalesce.h"
#include "link/user_segment.h"

#define IPV4     0x0800
#define IPV6     0x86dd
#define ETHERNET 14
#define FLOWS    8
#define RECIPE   6 ///< bytes of input for a packet
#define SIZE     1600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct made {
	uint8_t bytes[SIZE], working[SIZE];
	size_t length;
	uint64_t peer;
	uint16_t ethertype;
	bool found;
} made[USER_COALESCE_PACKETS];
static size_t made_count;

static void require(bool law)
{
	if (!law)
		abort();
}

/* Packets */

static void finish(uint8_t *ip, bool ipv6, bool udp, size_t length)
{
	size_t header = ipv6 ? 40 : 20, field = header + (udp ? 6 : 16);
	uint16_t checksum;
	uint64_t sum;

	if (ipv6) {
		checksum_write(ip + 4, (uint16_t)(length - header));
	} else {
		checksum_write(ip + 2, (uint16_t)length);
		checksum_write(ip + 10, 0);
		checksum_write(ip + 10, checksum_finish(checksum_add(0, ip, header)));
	}
	if (udp)
		checksum_write(ip + header + 4, (uint16_t)(length - header));
	checksum_write(ip + field, 0);
	sum = checksum_add(0, ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8);
	sum = checksum_add_u16(sum, udp ? IPPROTO_UDP : IPPROTO_TCP);
	sum = checksum_add_u16(sum, (uint16_t)(length - header));
	checksum = checksum_finish(checksum_add(sum, ip + header, length - header));
	checksum_write(ip + field, checksum || !udp ? checksum : 0xffff);
}

/// `recipe`: the flow and what is odd, the size of the payload, which byte is changed before or after the
/// checksums are made, and how.
static void make(
	const uint8_t recipe[static RECIPE], uint32_t sequences[static FLOWS], uint16_t ids[static FLOWS])
{
	unsigned flow = recipe[0] % FLOWS;
	bool ipv6 = flow & 1, udp = flow & 2, changed = recipe[0] & 0x80, late = recipe[0] & 0x40;
	size_t header = ipv6 ? 40 : 20, headers = header + (udp ? 8 : 32);
	size_t payload = recipe[1] < 0xc0 ? 100 : recipe[1] % 64 * 20;
	struct made *packet = &made[made_count++];
	uint8_t *ip = packet->bytes;

	*packet = (struct made) { .length = headers + payload, .peer = 1, .ethertype = ipv6 ? IPV6 : IPV4 };
	memset(ip, 0x11, headers);
	memset(ip + headers, recipe[5], payload);
	ip[0] = ipv6 ? 0x60 : 0x45;
	ip[ipv6 ? 6 : 9] = udp ? IPPROTO_UDP : IPPROTO_TCP;
	ip[header + 3] = (uint8_t)flow; /* port */
	if (!ipv6) {
		checksum_write(ip + 4, ids[flow]++);
		checksum_write(ip + 6, 0x4000);
	}
	if (!udp) {
		checksum_write(ip + header + 4, (uint16_t)(sequences[flow] >> 16));
		checksum_write(ip + header + 6, (uint16_t)sequences[flow]);
		ip[header + 12] = 0x80;
		ip[header + 13] = 0x10;
	}
	sequences[flow] += (uint32_t)payload;
	if (changed && !late)
		ip[recipe[2] % packet->length] ^= recipe[3];
	finish(ip, ipv6, udp, packet->length);
	if (changed && late)
		ip[recipe[2] % packet->length] ^= recipe[3];
	if (recipe[4] > 0xf0)
		packet->peer++;
	if (recipe[4] == 0xf0)
		packet->length -= recipe[3] % packet->length;
	memcpy(packet->working, packet->bytes, packet->length);
}

/* The law */

/// Whether both are of flows that differ.
static bool may_pass(const struct made *a, const struct made *b)
{
	bool ipv6 = a->ethertype == IPV6;
	size_t header = ipv6 ? 40 : 20, addresses = ipv6 ? 8 : 12, protocol = ipv6 ? 6 : 9;

	return a->peer != b->peer || a->ethertype != b->ethertype || a->length < header + 4 ||
	       b->length < header + 4 || a->bytes[protocol] != b->bytes[protocol] ||
	       memcmp(a->bytes + addresses, b->bytes + addresses, header + 4 - addresses) != 0;
}

static bool is_fragment(const struct made *packet)
{
	return packet->ethertype == IPV4 && packet->length >= 20 &&
	       (checksum_read(packet->bytes + 6) & 0x3fff) != 0;
}

static void require_made(uint64_t peer, uint16_t ethertype, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < made_count; i++) {
		struct made *packet = &made[i];

		if (packet->found || packet->peer != peer || packet->ethertype != ethertype ||
			packet->length != length || memcmp(packet->bytes, bytes, length) != 0)
			continue;
		packet->found = true;
		for (size_t before = 0; before < i; before++)
			require(made[before].found ||
				(may_pass(&made[before], packet) && !is_fragment(&made[before]) &&
					!is_fragment(packet)));
		return;
	}
	abort();
}

static void cut(const struct user_coalesced *whole)
{
	static uint8_t packet[USER_COALESCE_PACKETS * SIZE], part[SIZE];
	struct user_segments segments;
	struct user_segment segment;
	size_t length = 0, bytes = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < whole->count; i++) {
		memcpy(packet + length, whole->parts[i].iov_base, whole->parts[i].iov_len);
		length += whole->parts[i].iov_len;
	}
	require(user_segments_start(&segments, &whole->header, ETHERNET, packet, length));
	for (; user_segments_next(&segments, &segment); count++) {
		require(segment.headers_length + segment.payload_length <= sizeof(part));
		memcpy(part, segment.headers, segment.headers_length);
		memcpy(part + segment.headers_length, segment.payload, segment.payload_length);
		bytes += segment.headers_length + segment.payload_length;
		require_made(
			whole->peer, whole->ethertype, part, segment.headers_length + segment.payload_length);
	}
	require(count == whole->count && bytes == whole->original);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct user_coalesce batch;
	struct user_coalesced whole;
	uint32_t sequences[FLOWS] = { [2] = 0xfffffe00, [4] = 0xffffff00 };
	uint16_t ids[FLOWS] = { 0xfffe, [4] = 0x8000 };

	batch.udp = size % 2 == 0;
	made_count = 0;
	for (; size >= RECIPE && made_count < USER_COALESCE_PACKETS; data += RECIPE, size -= RECIPE) {
		make(data, sequences, ids);
		struct made *last = &made[made_count - 1];

		if (!last->length) {
			made_count--;
			continue;
		}
		require(user_coalesce_add(&batch,
			&(struct user_packet) { last->peer, last->ethertype, last->working, last->length }));
	}
	while (user_coalesce_next(&batch, &whole))
		cut(&whole);
	for (size_t i = 0; i < made_count; i++)
		require(made[i].found);
	return 0;
}
