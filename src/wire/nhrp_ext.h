// SPDX-License-Identifier: GPL-2.0-or-later
/// NHRP extensions (RFC 2332 section 5.3, Cisco's NAT address extension).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "wire/nhrp_cie.h"

enum nhrp_ext_type {
	NHRP_EXT_END = 0,
	NHRP_EXT_RESPONDER = 3,
	NHRP_EXT_FORWARD_TRANSIT = 4,
	NHRP_EXT_REVERSE_TRANSIT = 5,
	NHRP_EXT_AUTHENTICATION = 7,
	NHRP_EXT_VENDOR = 8,
	NHRP_EXT_NAT_ADDRESS = 9, ///< Cisco's; RFC 2735 gives the number to something else
};

#define NHRP_EXT_TYPE_MASK 0x3fff ///< in the 16 bits of the type field

struct nhrp_ext {
	uint16_t type; ///< enum nhrp_ext_type; 14 bits
	bool compulsory;
	const uint8_t *data; ///< borrowed
	size_t length;
};

struct nhrp_msg;

/// The first extension of a type, or NULL.
const struct nhrp_ext *nhrp_ext_find(const struct nhrp_msg *msg, uint16_t type);
/// Appends an extension; `data` is borrowed. False where the message is full or `type` is End's.
bool nhrp_ext_add(
	struct nhrp_msg *msg, uint16_t type, bool compulsory, const uint8_t *data, size_t length) MUST_CHECK;
/// Gives an extension that is there other data; false where there is none of that type.
bool nhrp_ext_replace(struct nhrp_msg *msg, uint16_t type, const uint8_t *data, size_t length) MUST_CHECK;
/// Takes out every extension of a type.
void nhrp_ext_remove(struct nhrp_msg *msg, uint16_t type);
/// Reads the CIEs of a Responder, Transit or NAT extension: up to `limit` into `ret`. Returns how many, or
/// -1 where the extension is malformed or has more. A protocol address of the other family (FRR writes such
/// into the Responder extension of IPv6 packets) is left unset.
int nhrp_ext_cies(
	const struct nhrp_ext *ext, uint8_t protocol_family, struct nhrp_cie *ret, int limit) MUST_CHECK;
/// Writes the data of `ext` (NULL: none) followed by `cie` into `buffer`; returns the length, 0 where it
/// does not fit.
size_t nhrp_ext_append_cie(
	const struct nhrp_ext *ext, const struct nhrp_cie *cie, uint8_t *buffer, size_t capacity) MUST_CHECK;
