// SPDX-License-Identifier: GPL-2.0-or-later
/// Client Information Entries (RFC 2332 section 5.2.0.1), in the mandatory part and in extensions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

/// Codes of a CIE in a reply (sections 5.2.2 and 5.2.4).
enum nhrp_code {
	NHRP_CODE_OK = 0,
	NHRP_CODE_PROHIBITED = 4,
	NHRP_CODE_NO_RESOURCES = 5,
	NHRP_CODE_NO_BINDING = 12,
	NHRP_CODE_NOT_UNIQUE = 13,
	NHRP_CODE_UNIQUE_REGISTERED = 14,
};

/// Length of an address, in the low bits of its type/length octet; the others are ignored.
#define NHRP_ADDRESS_LENGTH(type_length) ((type_length)&0x3f)

#define NHRP_CIE_MIN_SIZE 12 ///< bytes of a CIE without addresses

struct nhrp_cie {
	uint8_t code;          ///< enum nhrp_code
	uint8_t prefix_length; ///< as on the wire: 0 and 0xff both mean "the host"
	uint16_t mtu;          ///< bytes; 0: not told
	uint16_t holding_time; ///< seconds
	struct addr nbma;      ///< unset where its length is 0
	struct addr nbma_sub;  ///< NBMA subaddress, carried through
	struct addr protocol;  ///< unset where its length is 0
	uint8_t preference;
};

/// Reads one CIE whose protocol address is of `protocol_family`, ADDR_NONE: of either (an NBMA address tells
/// its family by its length). The reader fails on an address length that fits no family.
void nhrp_cie_read(struct rd *rd, uint8_t protocol_family, struct nhrp_cie *ret);
void nhrp_cie_write(struct wr *wr, const struct nhrp_cie *cie);
/// The prefix length that is meant: 0, 0xff and anything above a host's length are a host's.
uint8_t nhrp_cie_prefix_bits(const struct nhrp_cie *cie, uint8_t protocol_family);
/// "no binding exists" and so on.
const char *nhrp_code_name(uint8_t code);
