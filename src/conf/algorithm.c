// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/algorithm.h"

#include <strings.h>

#include "base/attr.h"

// clang-format off
static const struct algorithm rows[] = {
	{ ALGORITHM_IKE_ENCRYPTION, "aes-gcm-128", "aes128gcm16", .aead = true },
	{ ALGORITHM_IKE_ENCRYPTION, "aes-gcm-256", "aes256gcm16", .aead = true },
	{ ALGORITHM_IKE_ENCRYPTION, "aes-cbc-128", "aes128" },
	{ ALGORITHM_IKE_ENCRYPTION, "aes-cbc-192", "aes192" },
	{ ALGORITHM_IKE_ENCRYPTION, "aes-cbc-256", "aes256" },
	{ ALGORITHM_IKE_ENCRYPTION, "chacha20poly1305", "chacha20poly1305", .aead = true },
	{ ALGORITHM_IKE_ENCRYPTION, "3des", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_IKE_ENCRYPTION, "des", NULL, ALGORITHM_WEAK },

	{ ALGORITHM_IKE_INTEGRITY, "sha1", "sha1", ALGORITHM_OLD },
	{ ALGORITHM_IKE_INTEGRITY, "sha256", "sha256" },
	{ ALGORITHM_IKE_INTEGRITY, "sha384", "sha384" },
	{ ALGORITHM_IKE_INTEGRITY, "sha512", "sha512" },
	{ ALGORITHM_IKE_INTEGRITY, "md5", NULL, ALGORITHM_WEAK },

	{ ALGORITHM_IKE_PRF, "sha1", "prfsha1", ALGORITHM_OLD },
	{ ALGORITHM_IKE_PRF, "sha256", "prfsha256" },
	{ ALGORITHM_IKE_PRF, "sha384", "prfsha384" },
	{ ALGORITHM_IKE_PRF, "sha512", "prfsha512" },
	{ ALGORITHM_IKE_PRF, "md5", NULL, ALGORITHM_WEAK },

	{ ALGORITHM_ESP_ENCRYPTION, "esp-gcm", "aes128gcm16", .aead = true },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-gcm 128", "aes128gcm16", .aead = true },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-gcm 192", "aes192gcm16", .aead = true },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-gcm 256", "aes256gcm16", .aead = true },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-aes", "aes128" },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-aes 128", "aes128" },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-aes 192", "aes192" },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-aes 256", "aes256" },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-chacha20poly1305", "chacha20poly1305", .aead = true },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-3des", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-des", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-seal", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-null", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_ENCRYPTION, "esp-gmac", NULL, ALGORITHM_WEAK },

	{ ALGORITHM_ESP_INTEGRITY, "esp-sha-hmac", "sha1", ALGORITHM_OLD },
	{ ALGORITHM_ESP_INTEGRITY, "esp-sha256-hmac", "sha256" },
	{ ALGORITHM_ESP_INTEGRITY, "esp-sha384-hmac", "sha384" },
	{ ALGORITHM_ESP_INTEGRITY, "esp-sha512-hmac", "sha512" },
	{ ALGORITHM_ESP_INTEGRITY, "esp-md5-hmac", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_INTEGRITY, "ah-sha-hmac", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_INTEGRITY, "ah-sha256-hmac", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_ESP_INTEGRITY, "ah-md5-hmac", NULL, ALGORITHM_WEAK },

	{ ALGORITHM_GROUP, "1", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "2", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "5", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "14", "modp2048" },
	{ ALGORITHM_GROUP, "15", "modp3072" },
	{ ALGORITHM_GROUP, "16", "modp4096" },
	{ ALGORITHM_GROUP, "19", "ecp256" },
	{ ALGORITHM_GROUP, "20", "ecp384" },
	{ ALGORITHM_GROUP, "21", "ecp521" },
	{ ALGORITHM_GROUP, "22", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "23", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "24", NULL, ALGORITHM_WEAK },
	{ ALGORITHM_GROUP, "31", "curve25519" },
};
// clang-format on

const struct algorithm *algorithm_at(size_t index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index] : NULL;
}

int algorithm_find(enum algorithm_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].kind == kind && strcasecmp(rows[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}
