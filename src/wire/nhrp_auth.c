// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/nhrp_auth.h"

#include <string.h>

#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "base/rd.h"
#include "base/wr.h"

/// Security parameter indices: the first 32 bits of the extension, of which 16 are reserved and zero.
#define SPI_CLEARTEXT   1
#define SPI_HMAC_MD5    256
#define SPI_HMAC_SHA256 257
#define SPI_SIZE        4

#define MAX_DIGEST SHA256_DIGEST_SIZE
#define MAX_DATA   (SPI_SIZE + NHRP_AUTH_MAX_KEY + 16)

static uint32_t spi_of(uint8_t kind)
{
	switch (kind) {
	case NHRP_AUTH_CLEARTEXT:
		return SPI_CLEARTEXT;
	case NHRP_AUTH_HMAC_MD5:
		return SPI_HMAC_MD5;
	default:
		return SPI_HMAC_SHA256;
	}
}

/// Bytes of digest; 0 for the kind that has none.
static size_t digest_size(uint8_t kind)
{
	switch (kind) {
	case NHRP_AUTH_HMAC_MD5:
		return MD5_DIGEST_SIZE;
	case NHRP_AUTH_HMAC_SHA256:
		return SHA256_DIGEST_SIZE;
	default:
		return 0;
	}
}

static uint16_t read_u16_at(const uint8_t *packet, size_t length, size_t offset)
{
	struct rd rd = rd_make(packet, length);

	rd_skip(&rd, offset);
	return rd_u16(&rd);
}

/// The offset behind the authentication extension, where its digest ends; 0 where there is none.
static size_t find_digest_end(const uint8_t *packet, size_t length)
{
	struct rd rd = rd_make(packet, length);

	rd_skip(&rd, read_u16_at(packet, length, NHRP_OFFSET_EXTENSIONS));
	while (rd_left(&rd) > 0) {
		uint16_t type = rd_u16(&rd) & NHRP_EXT_TYPE_MASK;

		rd_skip(&rd, rd_u16(&rd));
		if (type == NHRP_EXT_AUTHENTICATION && rd_ok(&rd))
			return rd.offset;
		if (type == NHRP_EXT_END)
			break;
	}
	return 0;
}

/// The digest over `packet`, whose own digest ends at `digest_end`.
static void compute_digest(const uint8_t *packet, size_t length, size_t digest_end,
	const struct nhrp_auth_key *key, uint8_t ret[static MAX_DIGEST])
{
	size_t size = digest_size(key->kind);
	uint8_t text[NHRP_MAX_PACKET];

	memcpy(text, packet, length);
	text[NHRP_OFFSET_HOP_COUNT] = 0;
	memset(text + NHRP_OFFSET_CHECKSUM, 0, 2);
	memset(text + digest_end - size, 0, size);
	if (key->kind == NHRP_AUTH_HMAC_MD5) {
		struct hmac_md5_ctx context;

		hmac_md5_set_key(&context, key->length, key->key);
		hmac_md5_update(&context, length, text);
		hmac_md5_digest(&context, size, ret);
	} else {
		struct hmac_sha256_ctx context;

		hmac_sha256_set_key(&context, key->length, key->key);
		hmac_sha256_update(&context, length, text);
		hmac_sha256_digest(&context, size, ret);
	}
}

/// Writes the extension's data, a digest as zeros; returns its length.
static size_t write_data(const struct nhrp_auth_key *key, struct addr source, uint8_t buffer[static MAX_DATA])
{
	struct wr wr = wr_make(buffer, MAX_DATA);

	wr_u32(&wr, spi_of(key->kind));
	if (key->kind == NHRP_AUTH_CLEARTEXT) {
		wr_bytes(&wr, key->key, key->length);
	} else {
		wr_addr(&wr, source);
		wr_zeros(&wr, digest_size(key->kind));
	}
	return wr_finish(&wr);
}

size_t nhrp_auth_encode(const struct nhrp_msg *msg, const struct nhrp_auth_key *key, struct addr source,
	uint8_t *buffer, size_t capacity)
{
	struct nhrp_msg signed_msg = *msg;
	uint8_t data[MAX_DATA], digest[MAX_DIGEST];
	size_t length;

	if (key->kind == NHRP_AUTH_NONE || msg->type == NHRP_ERROR_INDICATION) {
		nhrp_ext_remove(&signed_msg, NHRP_EXT_AUTHENTICATION);
		return nhrp_msg_encode(&signed_msg, buffer, capacity);
	}
	length = write_data(key, source, data);
	if (!nhrp_ext_replace(&signed_msg, NHRP_EXT_AUTHENTICATION, data, length) &&
		!nhrp_ext_add(&signed_msg, NHRP_EXT_AUTHENTICATION, true, data, length))
		return 0;
	length = nhrp_msg_encode(&signed_msg, buffer, capacity);
	if (length != 0 && digest_size(key->kind) != 0) {
		size_t digest_end = find_digest_end(buffer, length);

		compute_digest(buffer, length, digest_end, key, digest);
		memcpy(buffer + digest_end - digest_size(key->kind), digest, digest_size(key->kind));
		nhrp_msg_seal(buffer, length);
	}
	return length;
}

static bool verify_digest(
	const struct nhrp_auth_key *key, struct rd data, const uint8_t *packet, size_t length)
{
	uint8_t digest[MAX_DIGEST];
	size_t size = digest_size(key->kind), digest_end = find_digest_end(packet, length);
	const uint8_t *claimed;

	// What stands between the index and the digest is an address: of the sender, and of either family.
	if (rd_left(&data) < size)
		return false;
	rd_addr(&data, rd_left(&data) - size, ADDR_NONE);
	claimed = rd_bytes(&data, size);
	if (!claimed || digest_end < size)
		return false;
	compute_digest(packet, length, digest_end, key, digest);
	return memeql_sec(digest, claimed, size);
}

bool nhrp_auth_verify(
	const struct nhrp_msg *msg, const struct nhrp_auth_key *key, const uint8_t *packet, size_t length)
{
	const struct nhrp_ext *ext = nhrp_ext_find(msg, NHRP_EXT_AUTHENTICATION);
	size_t packet_size = read_u16_at(packet, length, NHRP_OFFSET_PACKET_SIZE);
	struct rd data;

	if (key->kind == NHRP_AUTH_NONE || msg->type == NHRP_ERROR_INDICATION)
		return true;
	if (!ext || packet_size > length || packet_size > NHRP_MAX_PACKET)
		return false;
	data = rd_make(ext->data, ext->length);
	if (rd_u32(&data) != spi_of(key->kind))
		return false;
	if (digest_size(key->kind) != 0)
		return verify_digest(key, data, packet, packet_size);
	return rd_left(&data) == key->length &&
	       memeql_sec(rd_bytes(&data, key->length), key->key, key->length);
}
