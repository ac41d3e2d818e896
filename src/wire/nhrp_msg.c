// SPDX-License-Identifier: GPL-2.0-or-later
// Three parts make a packet: the fixed header, the mandatory part, which begins with the addresses and goes
// on with CIEs or with the start of another packet, and the extensions. Readers count their offsets from the
// start of the packet, so that a fault's offset means the same in each part.
#include "wire/nhrp_msg.h"

#include "base/rd.h"
#include "base/wr.h"

/// ar$afn, ar$pro.type and ar$op.version.
#define AFN_IPV4      1
#define AFN_IPV6      2
#define PROTOCOL_IPV4 0x0800
#define PROTOCOL_IPV6 0x86dd
#define VERSION       1

/// In an extension's type field (section 5.3), beside 14 bits of type and an unused one.
#define EXT_COMPULSORY 0x8000

struct fixed_header {
	uint16_t afn;
	uint16_t protocol;
	uint8_t hop_count;
	uint16_t packet_size;
	uint16_t extension_offset;
	uint8_t version;
	uint8_t type;
	uint8_t src_nbma_length;
	uint8_t src_nbma_sub_length;
};

static const char *const type_names[NHRP_TYPES] = {
	"unknown",
	"Resolution Request",
	"Resolution Reply",
	"Registration Request",
	"Registration Reply",
	"Purge Request",
	"Purge Reply",
	"Error Indication",
	"Traffic Indication",
};

/// Does the message carry the start of another packet in the place of CIEs?
static bool has_payload(uint8_t type)
{
	return type == NHRP_ERROR_INDICATION || type == NHRP_TRAFFIC_INDICATION;
}

static uint64_t sum_words(const uint8_t *data, size_t length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint64_t)data[i] << 8 | data[i + 1];
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t nhrp_checksum(const uint8_t *data, size_t length)
{
	uint64_t sum = sum_words(data, length);

	if (length % 2)
		sum += (uint64_t)data[length - 1] << 8;
	return fold(sum);
}

static bool checksum_is_right(const uint8_t *packet, size_t length)
{
	if (nhrp_checksum(packet, length) == 0)
		return true;
	// FRR until June 2026 takes an odd last byte for the low half of a word.
	return length % 2 && fold(sum_words(packet, length) + packet[length - 1]) == 0;
}

static void read_fixed(struct rd *rd, struct fixed_header *ret)
{
	ret->afn = rd_u16(rd);
	ret->protocol = rd_u16(rd);
	rd_skip(rd, 5); // SNAP: only with the long form of the protocol type
	ret->hop_count = rd_u8(rd);
	ret->packet_size = rd_u16(rd);
	rd_skip(rd, 2); // the checksum
	ret->extension_offset = rd_u16(rd);
	ret->version = rd_u8(rd);
	ret->type = rd_u8(rd);
	ret->src_nbma_length = NHRP_ADDRESS_LENGTH(rd_u8(rd));
	ret->src_nbma_sub_length = NHRP_ADDRESS_LENGTH(rd_u8(rd));
}

static enum nhrp_decode_status check_fixed(
	const struct fixed_header *header, const uint8_t *packet, size_t length, size_t *ret_offset)
{
	*ret_offset = NHRP_OFFSET_VERSION;
	if (header->version != VERSION)
		return NHRP_DECODE_BAD_VERSION;
	*ret_offset = NHRP_OFFSET_PACKET_SIZE;
	if (header->packet_size < NHRP_FIXED_SIZE || header->packet_size > length)
		return NHRP_DECODE_TRUNCATED;
	if (header->packet_size > NHRP_MAX_PACKET)
		return NHRP_DECODE_TOO_LARGE;
	*ret_offset = NHRP_OFFSET_CHECKSUM;
	if (!checksum_is_right(packet, header->packet_size))
		return NHRP_DECODE_BAD_CHECKSUM;
	*ret_offset = NHRP_OFFSET_AFN;
	if (header->afn != AFN_IPV4 && header->afn != AFN_IPV6)
		return NHRP_DECODE_BAD_FAMILY;
	*ret_offset = NHRP_OFFSET_PROTOCOL;
	if (header->protocol != PROTOCOL_IPV4 && header->protocol != PROTOCOL_IPV6)
		return NHRP_DECODE_BAD_FAMILY;
	*ret_offset = NHRP_OFFSET_TYPE;
	if (header->type == 0 || header->type >= NHRP_TYPES)
		return NHRP_DECODE_BAD_TYPE;
	*ret_offset = NHRP_OFFSET_EXTENSIONS;
	if (header->extension_offset != 0 && (header->extension_offset < NHRP_FIXED_SIZE ||
						     header->extension_offset > header->packet_size))
		return NHRP_DECODE_BAD_EXTENSION;
	return NHRP_DECODE_OK;
}

static enum nhrp_decode_status status_of(const struct rd *rd)
{
	if (rd_ok(rd))
		return NHRP_DECODE_OK;
	return rd->rejected ? NHRP_DECODE_BAD_ADDRESS : NHRP_DECODE_TRUNCATED;
}

/// Flags, number or codes, and addresses: what every message has in front of its CIEs or payload.
static void read_common(struct rd *rd, const struct fixed_header *header, struct nhrp_msg *ret)
{
	uint8_t nbma_family = header->afn == AFN_IPV4 ? ADDR_IPV4 : ADDR_IPV6;
	uint8_t src_length = rd_u8(rd);
	uint8_t dst_length = rd_u8(rd);
	uint16_t flags = rd_u16(rd);

	if (ret->type == NHRP_ERROR_INDICATION) {
		ret->error_code = rd_u16(rd);
		ret->error_offset = rd_u16(rd);
	} else if (ret->type == NHRP_TRAFFIC_INDICATION) {
		ret->traffic_code = rd_u16(rd);
		rd_skip(rd, 2);
	} else {
		ret->flags = flags;
		ret->request_id = rd_u32(rd);
	}
	ret->src_nbma = rd_addr(rd, header->src_nbma_length, nbma_family);
	ret->src_nbma_sub = rd_addr(rd, header->src_nbma_sub_length, ADDR_NONE);
	ret->src_protocol = rd_addr(rd, src_length, ret->protocol_family);
	ret->dst_protocol = rd_addr(rd, dst_length, ret->protocol_family);
}

/// Is the rest too short for a CIE, and zero?
static bool rest_is_padding(struct rd rd)
{
	if (rd_left(&rd) >= NHRP_CIE_MIN_SIZE)
		return false;
	while (rd_left(&rd) > 0) {
		if (rd_u8(&rd) != 0)
			return false;
	}
	return true;
}

static enum nhrp_decode_status read_mandatory(
	struct rd *rd, const struct fixed_header *header, struct nhrp_msg *ret, size_t *ret_offset)
{
	read_common(rd, header, ret);
	if (has_payload(ret->type)) {
		ret->payload_length = rd_left(rd);
		ret->payload = rd_bytes(rd, ret->payload_length);
	}
	while (rd_left(rd) > 0 && !rest_is_padding(*rd)) {
		if (ret->cie_count == NHRP_MAX_CIES) {
			*ret_offset = rd->offset;
			return NHRP_DECODE_TOO_LARGE;
		}
		nhrp_cie_read(rd, ret->protocol_family, &ret->cies[ret->cie_count++]);
	}
	*ret_offset = rd->failed_at;
	return status_of(rd);
}

/// A message has at most one extension of a type, except for those of vendors (section 5.3).
static bool is_repeated(const struct nhrp_msg *msg, uint16_t type)
{
	return type != NHRP_EXT_VENDOR && nhrp_ext_find(msg, type) != NULL;
}

static enum nhrp_decode_status read_extensions(struct rd *rd, struct nhrp_msg *ret, size_t *ret_offset)
{
	for (;;) {
		*ret_offset = rd->offset;
		uint16_t field = rd_u16(rd);
		uint16_t type = field & NHRP_EXT_TYPE_MASK;
		uint16_t length = rd_u16(rd);

		if (!rd_ok(rd))
			return NHRP_DECODE_BAD_EXTENSION;
		if (type == NHRP_EXT_END)
			return NHRP_DECODE_OK;

		const uint8_t *data = rd_bytes(rd, length);

		if (!rd_ok(rd) || is_repeated(ret, type))
			return NHRP_DECODE_BAD_EXTENSION;
		if (!nhrp_ext_add(ret, type, field & EXT_COMPULSORY, data, length))
			return NHRP_DECODE_TOO_LARGE;
	}
}

enum nhrp_decode_status nhrp_msg_decode(
	const uint8_t *packet, size_t length, struct nhrp_msg *ret, size_t *ret_offset)
{
	struct fixed_header header;
	struct rd rd = rd_make(packet, length), mandatory;
	enum nhrp_decode_status status;
	size_t ignored, end;

	if (!ret_offset)
		ret_offset = &ignored;
	*ret = (struct nhrp_msg) { 0 };
	read_fixed(&rd, &header);
	if (!rd_ok(&rd)) {
		*ret_offset = rd.failed_at;
		return NHRP_DECODE_TRUNCATED;
	}
	if (header.type < NHRP_TYPES)
		ret->type = header.type;
	ret->hop_count = header.hop_count;
	ret->protocol_family = header.protocol == PROTOCOL_IPV4 ? ADDR_IPV4 : ADDR_IPV6;
	status = check_fixed(&header, packet, length, ret_offset);
	if (status != NHRP_DECODE_OK)
		return status;

	rd = rd_make(packet, header.packet_size);
	rd_skip(&rd, NHRP_FIXED_SIZE);
	end = header.extension_offset ? header.extension_offset : header.packet_size;
	mandatory = rd_sub(&rd, end - NHRP_FIXED_SIZE);
	status = read_mandatory(&mandatory, &header, ret, ret_offset);
	if (status != NHRP_DECODE_OK || header.extension_offset == 0)
		return status;
	return read_extensions(&rd, ret, ret_offset);
}

const char *nhrp_decode_status_text(enum nhrp_decode_status status)
{
	switch (status) {
	case NHRP_DECODE_OK:
		return "decoded";
	case NHRP_DECODE_TRUNCATED:
		return "truncated: ar$pktsz or another length points beyond the packet";
	case NHRP_DECODE_BAD_VERSION:
		return "ar$op.version is not 1";
	case NHRP_DECODE_BAD_CHECKSUM:
		return "ar$chksum is wrong";
	case NHRP_DECODE_BAD_FAMILY:
		return "ar$afn or ar$pro.type is neither IPv4's nor IPv6's";
	case NHRP_DECODE_BAD_TYPE:
		return "ar$op.type is not a known message type";
	case NHRP_DECODE_BAD_ADDRESS:
		return "an address length (ar$shtl, ar$sstl, Src/Dst Proto Len or a CIE's) does not fit its family";
	case NHRP_DECODE_BAD_EXTENSION:
		return "ar$extoff or an extension's length is wrong, an extension is repeated, or End is missing";
	case NHRP_DECODE_TOO_LARGE:
		return "too large, or too many CIEs or extensions";
	}
	return "unknown";
}

static bool fits_family(struct addr addr, uint8_t family)
{
	return !addr_is_set(addr) || addr.family == family;
}

/// Would we decode the types and families of this message?
static bool is_sound(const struct nhrp_msg *msg)
{
	uint8_t family = msg->protocol_family;

	if (msg->type == 0 || msg->type >= NHRP_TYPES || (family != ADDR_IPV4 && family != ADDR_IPV6))
		return false;
	for (size_t i = 0; i < msg->cie_count; i++) {
		if (!fits_family(msg->cies[i].protocol, family))
			return false;
	}
	return fits_family(msg->src_protocol, family) && fits_family(msg->dst_protocol, family);
}

static void write_fixed(struct wr *wr, const struct nhrp_msg *msg)
{
	wr_u16(wr, msg->src_nbma.family == ADDR_IPV6 ? AFN_IPV6 : AFN_IPV4);
	wr_u16(wr, msg->protocol_family == ADDR_IPV6 ? PROTOCOL_IPV6 : PROTOCOL_IPV4);
	wr_zeros(wr, 5);
	wr_u8(wr, msg->hop_count);
	wr_zeros(wr, 6); // packet size, checksum and extension offset follow when they are known
	wr_u8(wr, VERSION);
	wr_u8(wr, msg->type);
	wr_u8(wr, addr_size(msg->src_nbma));
	wr_u8(wr, addr_size(msg->src_nbma_sub));
}

static void write_mandatory(struct wr *wr, const struct nhrp_msg *msg)
{
	wr_u8(wr, addr_size(msg->src_protocol));
	wr_u8(wr, addr_size(msg->dst_protocol));
	wr_u16(wr, has_payload(msg->type) ? 0 : msg->flags);
	if (msg->type == NHRP_ERROR_INDICATION) {
		wr_u16(wr, msg->error_code);
		wr_u16(wr, msg->error_offset);
	} else if (msg->type == NHRP_TRAFFIC_INDICATION) {
		wr_u16(wr, msg->traffic_code);
		wr_zeros(wr, 2);
	} else {
		wr_u32(wr, msg->request_id);
	}
	wr_addr(wr, msg->src_nbma);
	wr_addr(wr, msg->src_nbma_sub);
	wr_addr(wr, msg->src_protocol);
	wr_addr(wr, msg->dst_protocol);
	if (has_payload(msg->type)) {
		wr_bytes(wr, msg->payload, msg->payload_length);
		return;
	}
	for (size_t i = 0; i < msg->cie_count; i++)
		nhrp_cie_write(wr, &msg->cies[i]);
}

static void write_extensions(struct wr *wr, const struct nhrp_msg *msg)
{
	if (msg->type == NHRP_ERROR_INDICATION)
		return;
	if (msg->type == NHRP_TRAFFIC_INDICATION && msg->extension_count == 0)
		return;
	wr_set_u16(wr, NHRP_OFFSET_EXTENSIONS, wr_length(wr));
	for (size_t i = 0; i < msg->extension_count; i++) {
		const struct nhrp_ext *ext = &msg->extensions[i];

		wr_u16(wr, ext->type | (ext->compulsory ? EXT_COMPULSORY : 0));
		wr_u16(wr, ext->length);
		wr_bytes(wr, ext->data, ext->length);
	}
	wr_u16(wr, NHRP_EXT_END | EXT_COMPULSORY);
	wr_u16(wr, 0);
}

size_t nhrp_msg_encode(const struct nhrp_msg *msg, uint8_t *buffer, size_t capacity)
{
	struct wr wr = wr_make(buffer, capacity < NHRP_MAX_PACKET ? capacity : NHRP_MAX_PACKET);
	size_t length;

	if (!is_sound(msg))
		return 0;
	write_fixed(&wr, msg);
	write_mandatory(&wr, msg);
	write_extensions(&wr, msg);
	wr_set_u16(&wr, NHRP_OFFSET_PACKET_SIZE, wr_length(&wr));
	length = wr_finish(&wr);
	if (length != 0)
		nhrp_msg_seal(buffer, length);
	return length;
}

void nhrp_msg_seal(uint8_t *packet, size_t length)
{
	struct wr wr = { .data = packet, .capacity = length, .length = length };

	wr_set_u16(&wr, NHRP_OFFSET_CHECKSUM, 0);
	wr_set_u16(&wr, NHRP_OFFSET_CHECKSUM, nhrp_checksum(packet, length));
}

const char *nhrp_type_name(uint8_t type)
{
	return type < NHRP_TYPES ? type_names[type] : type_names[0];
}

const char *nhrp_error_name(uint16_t code)
{
	switch (code) {
	case NHRP_ERROR_UNRECOGNIZED_EXTENSION:
		return "unrecognized extension";
	case NHRP_ERROR_LOOP_DETECTED:
		return "loop detected";
	case NHRP_ERROR_PROTOCOL_ADDRESS_UNREACHABLE:
		return "protocol address unreachable";
	case NHRP_ERROR_PROTOCOL_ERROR:
		return "protocol error";
	case NHRP_ERROR_SDU_SIZE_EXCEEDED:
		return "SDU size exceeded";
	case NHRP_ERROR_INVALID_EXTENSION:
		return "invalid extension";
	case NHRP_ERROR_INVALID_RESOLUTION_REPLY:
		return "invalid resolution reply";
	case NHRP_ERROR_AUTHENTICATION_FAILURE:
		return "authentication failure";
	case NHRP_ERROR_HOP_COUNT_EXCEEDED:
		return "hop count exceeded";
	default:
		return "unknown error";
	}
}
