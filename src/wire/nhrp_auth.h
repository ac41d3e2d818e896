// SPDX-License-Identifier: GPL-2.0-or-later
/// The authentication extension: Cisco's clear text, RFC 2332's keyed form (section 5.3.4) with
/// HMAC-MD5-128, and the same with HMAC-SHA-256.
///
/// The keyed forms carry SPI, source address (the sender's protocol address) and a digest over the whole
/// packet with the checksum, the hop count and the digest itself as zero. The hop count is zero because
/// transit nodes change it; they also recompute the digest, hop by hop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "wire/nhrp_msg.h"

enum nhrp_auth_kind {
	NHRP_AUTH_NONE = 0,
	NHRP_AUTH_CLEARTEXT,   ///< Cisco: SPI 1 and the password, at most 8 bytes
	NHRP_AUTH_HMAC_MD5,    ///< SPI 256, 16 bytes of digest
	NHRP_AUTH_HMAC_SHA256, ///< SPI 257, 32 bytes of digest
};

#define NHRP_AUTH_MAX_KEY       64
#define NHRP_AUTH_MAX_CLEARTEXT 8

struct nhrp_auth_key {
	uint8_t kind; ///< enum nhrp_auth_kind
	uint8_t length;
	uint8_t key[NHRP_AUTH_MAX_KEY];
};

/// Encodes `msg` as nhrp_msg_encode() does, its authentication extension (if any) replaced by one made
/// with `key`. `source` is the sender's own protocol address. Error Indications carry none.
size_t nhrp_auth_encode(const struct nhrp_msg *msg, const struct nhrp_auth_key *key, struct addr source,
	uint8_t *buffer, size_t capacity) MUST_CHECK;

/// Does `packet`, which was decoded to `msg`, carry what `key` asks for? With NHRP_AUTH_NONE every packet
/// without an authentication extension does, and so does one with (a peer may be configured earlier than
/// we). Comparison takes the same time for every content. Error Indications always pass.
bool nhrp_auth_verify(const struct nhrp_msg *msg, const struct nhrp_auth_key *key, const uint8_t *packet,
	size_t length) MUST_CHECK;
