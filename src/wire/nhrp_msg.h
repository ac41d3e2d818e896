// SPDX-License-Identifier: GPL-2.0-or-later
/// NHRP messages (RFC 2332 section 5) as host-order structs, decoded once and encoded from them.
///
/// Law: encode(decode(x)) = x for every canonical packet x.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "wire/nhrp_cie.h"
#include "wire/nhrp_ext.h"

#define NHRP_ETHERTYPE         0x2001 ///< GRE protocol type of an NHRP packet
#define NHRP_MAX_PACKET        1500   ///< largest packet that we make or accept, bytes
#define NHRP_MAX_CIES          32     ///< in the mandatory part; more is refused
#define NHRP_MAX_EXTENSIONS    16     ///< more is refused
#define NHRP_DEFAULT_HOP_COUNT 255

/// Where fields of the fixed header stand (section 5.1), in bytes; and its size.
enum nhrp_offset {
	NHRP_OFFSET_AFN = 0,
	NHRP_OFFSET_PROTOCOL = 2,
	NHRP_OFFSET_HOP_COUNT = 9,
	NHRP_OFFSET_PACKET_SIZE = 10,
	NHRP_OFFSET_CHECKSUM = 12,
	NHRP_OFFSET_EXTENSIONS = 14,
	NHRP_OFFSET_VERSION = 16,
	NHRP_OFFSET_TYPE = 17,
	NHRP_FIXED_SIZE = 20,
};

/// ar$op.type
enum nhrp_type {
	NHRP_RESOLUTION_REQUEST = 1,
	NHRP_RESOLUTION_REPLY = 2,
	NHRP_REGISTRATION_REQUEST = 3,
	NHRP_REGISTRATION_REPLY = 4,
	NHRP_PURGE_REQUEST = 5,
	NHRP_PURGE_REPLY = 6,
	NHRP_ERROR_INDICATION = 7,
	NHRP_TRAFFIC_INDICATION = 8, ///< Cisco's redirect
};
#define NHRP_TYPES 9 ///< for tables indexed by the type; 0 is unused

/// Flags of the mandatory part, by message type (sections 5.2.1 to 5.2.5).
enum nhrp_flag {
	NHRP_FLAG_ROUTER = 0x8000,         ///< Q: resolution: the requester is a router
	NHRP_FLAG_AUTHORITATIVE = 0x4000,  ///< A: resolution: only/from an authoritative source
	NHRP_FLAG_DST_STABLE = 0x2000,     ///< D: resolution: the destination binding is stable
	NHRP_FLAG_UNIQUE = 0x1000,         ///< U in resolutions
	NHRP_FLAG_SRC_STABLE = 0x0800,     ///< S: resolution: the source binding is stable
	NHRP_FLAG_REG_UNIQUE = 0x8000,     ///< U in registrations
	NHRP_FLAG_PURGE_NO_REPLY = 0x8000, ///< N in purges
	NHRP_FLAG_NAT = 0x0002,            ///< Cisco: the sender understands the NAT extension
};

/// Error codes of an Error Indication (section 5.2.7).
enum nhrp_error {
	NHRP_ERROR_UNRECOGNIZED_EXTENSION = 1,
	NHRP_ERROR_LOOP_DETECTED = 3,
	NHRP_ERROR_PROTOCOL_ADDRESS_UNREACHABLE = 6,
	NHRP_ERROR_PROTOCOL_ERROR = 7,
	NHRP_ERROR_SDU_SIZE_EXCEEDED = 8,
	NHRP_ERROR_INVALID_EXTENSION = 9,
	NHRP_ERROR_INVALID_RESOLUTION_REPLY = 10,
	NHRP_ERROR_AUTHENTICATION_FAILURE = 11,
	NHRP_ERROR_HOP_COUNT_EXCEEDED = 15,
};

/// A whole message. Pointers borrow from the packet it was decoded from (or from what the maker of the
/// message says) and must outlive it.
struct nhrp_msg {
	uint8_t type; ///< enum nhrp_type
	uint8_t hop_count;
	uint16_t flags; ///< 0 in Error and Traffic Indications
	uint32_t request_id;

	uint8_t protocol_family;  ///< enum addr_family of ar$pro.type; the addresses below are of it or unset
	struct addr src_nbma;     ///< unset where its length is 0; its family is ar$afn
	struct addr src_nbma_sub; ///< NBMA subaddress, carried through
	struct addr src_protocol;
	struct addr dst_protocol;

	uint16_t error_code;   ///< Error Indication: enum nhrp_error
	uint16_t error_offset; ///< Error Indication: offset in the offending packet, bytes
	uint16_t traffic_code; ///< Traffic Indication: 0 is redirect

	uint8_t cie_count; ///< Request, Reply and Purge messages
	struct nhrp_cie cies[NHRP_MAX_CIES];

	const uint8_t *payload; ///< Error and Traffic Indication: start of the packet it is about
	size_t payload_length;

	uint8_t extension_count; ///< without the End extension, which encode adds
	struct nhrp_ext extensions[NHRP_MAX_EXTENSIONS];
};

/// Why a packet was not decoded, for the counters and the log.
enum nhrp_decode_status {
	NHRP_DECODE_OK = 0,
	NHRP_DECODE_TRUNCATED,   ///< a length points beyond the packet
	NHRP_DECODE_BAD_VERSION, ///< not version 1
	NHRP_DECODE_BAD_CHECKSUM,
	NHRP_DECODE_BAD_FAMILY,    ///< an AFN or protocol type that we do not speak
	NHRP_DECODE_BAD_TYPE,      ///< an unknown message type
	NHRP_DECODE_BAD_ADDRESS,   ///< an address length that does not fit its family
	NHRP_DECODE_BAD_EXTENSION, ///< malformed extension part, no End, or a repeated one
	NHRP_DECODE_TOO_LARGE,     ///< beyond NHRP_MAX_PACKET, _CIES or _EXTENSIONS
};

/// Decodes a packet. On failure `*ret` is unspecified but for `type` (0 where unknown), and `*ret_offset`
/// (where not NULL) is the offset at fault. Trailing bytes beyond ar$pktsz are ignored, and so are up to 11
/// zero bytes behind the last CIE, whatever follows the End extension, and the T bit of address lengths. The
/// checksum may also be the one that FRR made for odd lengths until 2026.
enum nhrp_decode_status nhrp_msg_decode(
	const uint8_t *packet, size_t length, struct nhrp_msg *ret, size_t *ret_offset) MUST_CHECK;
const char *nhrp_decode_status_text(enum nhrp_decode_status status);

/// Encodes a message with its checksum; returns the length in bytes. 0 where it does not fit into `capacity`
/// or NHRP_MAX_PACKET, or where its type or the family of an address is not one that could be decoded. The
/// End extension is written where there is any extension, or where the type is a Request, Reply or Purge; an
/// Error Indication never carries extensions (section 5.2.7).
size_t nhrp_msg_encode(const struct nhrp_msg *msg, uint8_t *buffer, size_t capacity) MUST_CHECK;

/// Writes the checksum into a whole packet of `length` bytes, some of which were changed.
void nhrp_msg_seal(uint8_t *packet, size_t length);

/// "Resolution Request" and so on, as Cisco writes them; "unknown" for other values.
const char *nhrp_type_name(uint8_t type);
/// "authentication failure" and so on.
const char *nhrp_error_name(uint16_t code);

/// The IP checksum (RFC 1071) over `length` bytes, an odd last byte padded with zero.
uint16_t nhrp_checksum(const uint8_t *data, size_t length);
