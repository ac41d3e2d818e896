// SPDX-License-Identifier: GPL-2.0-or-later
/// Hash tables: uthash, with a hash function that depends on a secret. Addresses in our tables are chosen by
/// others; who knew the function could choose thousands that all fall into one bucket, and make every look-up
/// walk through them. Include this file, never <uthash.h> itself.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH_SEED_SIZE 16

/// Sets the secret of this process, before the first table is made. Without it the seed is all zero, which is
/// for tests and simulations. The order in which tables are walked does not depend on it.
void hash_seed(const uint8_t seed[static HASH_SEED_SIZE]);

/// SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") of `length` bytes with the seed.
uint64_t hash_bytes(const void *data, size_t length);

#define HASH_FUNCTION(key, length, value) ((value) = (unsigned)hash_bytes(key, length))

#include <uthash.h>

/// A table grows when so many entries came to one place, in which a look-up goes through them. With uthash's
/// ten, and a hundred thousand entries, that is one and a half entries on average, each of which the
/// processor has to fetch from memory.
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 6U
