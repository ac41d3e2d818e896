// SPDX-License-Identifier: GPL-2.0-or-later
/// The algorithms of IKEv2 and ESP: a router's names, strongSwan's, and which are too weak to use.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum algorithm_kind {
	ALGORITHM_IKE_ENCRYPTION,
	ALGORITHM_IKE_INTEGRITY,
	ALGORITHM_IKE_PRF,
	ALGORITHM_ESP_ENCRYPTION,
	ALGORITHM_ESP_INTEGRITY,
	ALGORITHM_GROUP,
};

enum algorithm_strength {
	ALGORITHM_STRONG,
	ALGORITHM_OLD,  ///< accepted with a warning
	ALGORITHM_WEAK, ///< refused
};

struct algorithm {
	enum algorithm_kind kind;
	const char *name; ///< as configured: "aes-cbc-256", "esp-gcm 256", "19"
	const char
		*keyword; ///< strongSwan's: "aes256", "aes256gcm16", "ecp256"; NULL: it has none that we use
	enum algorithm_strength strength;
	bool aead; ///< encryption that needs no integrity
};

/// The row at `index`; NULL behind the last one.
const struct algorithm *algorithm_at(size_t index);
/// Index of the algorithm of that kind with that name, in any case; -1 where there is none.
int algorithm_find(enum algorithm_kind kind, const char *name);
