// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#include "base/wr.h"
#include "load.h"
#include "wire/gre.h"

#define ETHERNET_SIZE 14
#define IP_SIZE       20
#define ETHERTYPE_IP  0x0800
#define PROTOCOL_GRE  47
#define PROTOCOL_UDP  17
#define DATA_PAYLOAD  64
#define TTL           64

const uint8_t frame_load_mac[6] = { 2, 0, 0, 0, 0, 1 };
const uint8_t frame_hub_mac[6] = { 2, 0, 0, 0, 0, 2 };

static void write_ip(struct wr *wr, uint8_t protocol, uint32_t source, uint32_t destination, size_t length)
{
	size_t start = wr_length(wr);

	wr_u16(wr, 0x4500);
	wr_u16(wr, IP_SIZE + length);
	wr_u32(wr, 0);
	wr_u8(wr, TTL);
	wr_u8(wr, protocol);
	wr_u16(wr, 0);
	wr_u32(wr, source);
	wr_u32(wr, destination);
	wr_set_u16(wr, start + 10, nhrp_checksum(wr->data + start, IP_SIZE));
}

/// All up to the end of the GRE header.
static struct wr write_outside(uint8_t *frame, uint32_t from, uint16_t protocol, size_t length)
{
	const struct gre_header header = { .has_key = true, .key = LOAD_KEY, .protocol = protocol };
	struct wr wr = wr_make(frame, FRAME_SIZE);
	uint8_t gre[GRE_MAX_HEADER];
	size_t gre_length = gre_write(&header, gre);

	wr_bytes(&wr, frame_hub_mac, sizeof(frame_hub_mac));
	wr_bytes(&wr, frame_load_mac, sizeof(frame_load_mac));
	wr_u16(&wr, ETHERTYPE_IP);
	write_ip(&wr, PROTOCOL_GRE, from, LOAD_HUB_NBMA, gre_length + length);
	wr_bytes(&wr, gre, gre_length);
	return wr;
}

size_t frame_write_nhrp(uint8_t frame[static FRAME_SIZE], uint32_t from, const struct nhrp_msg *msg,
	const struct nhrp_auth_key *key)
{
	const struct nhrp_auth_key none = { .kind = NHRP_AUTH_NONE };
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length = nhrp_auth_encode(msg, key ? key : &none, msg->src_protocol, packet, sizeof(packet));
	struct wr wr = write_outside(frame, from, NHRP_ETHERTYPE, length);

	wr_bytes(&wr, packet, length);
	return wr_finish(&wr);
}

size_t frame_write_data(
	uint8_t frame[static FRAME_SIZE], uint32_t from, uint32_t source, uint32_t destination)
{
	struct wr wr = write_outside(frame, from, ETHERTYPE_IP, IP_SIZE + 8 + DATA_PAYLOAD);

	write_ip(&wr, PROTOCOL_UDP, source, destination, 8 + DATA_PAYLOAD);
	wr_u16(&wr, 9); /* discard */
	wr_u16(&wr, 9);
	wr_u16(&wr, 8 + DATA_PAYLOAD);
	wr_u16(&wr, 0);
	wr_zeros(&wr, DATA_PAYLOAD);
	return wr_finish(&wr);
}

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool frame_read(const uint8_t *frame, size_t length, struct frame *ret)
{
	const uint8_t *ip = frame + ETHERNET_SIZE;
	struct gre_header gre;
	size_t gre_length, left;

	if (length < ETHERNET_SIZE + IP_SIZE || ip[0] != 0x45 || ip[9] != PROTOCOL_GRE)
		return false;
	left = (size_t)(ip[2] << 8 | ip[3]);
	if (left < IP_SIZE || left > length - ETHERNET_SIZE)
		return false;
	left -= IP_SIZE;
	gre_length = gre_read(ip + IP_SIZE, left, &gre);
	if (!gre_length || !gre.has_key || gre.key != LOAD_KEY)
		return false;
	*ret = (struct frame) {
		.to = read_u32(ip + 16),
		.protocol = gre.protocol,
		.payload = ip + IP_SIZE + gre_length,
		.length = left - gre_length,
	};
	return true;
}

bool frame_filter(int fd, uint32_t offset, uint32_t first, uint32_t count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, first),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, count, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
}
