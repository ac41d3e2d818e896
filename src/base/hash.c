// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/hash.h"

#include <string.h>

/// Initial values of SipHash: "somepseudorandomlygeneratedbytes".
#define INITIAL_0 0x736f6d6570736575U
#define INITIAL_1 0x646f72616e646f6dU
#define INITIAL_2 0x6c7967656e657261U
#define INITIAL_3 0x7465646279746573U

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t seeds[2];

static uint64_t rotate(uint64_t value, int bits)
{
	return value << bits | value >> (64 - bits);
}

static void mix(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	mix(s);
	s->v0 ^= word;
}

static uint64_t read_word(const uint8_t *bytes, size_t length)
{
	uint64_t word = 0;

	for (size_t i = 0; i < length; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

void hash_seed(const uint8_t seed[static HASH_SEED_SIZE])
{
	seeds[0] = read_word(seed, 8);
	seeds[1] = read_word(seed + 8, 8);
}

uint64_t hash_bytes(const void *data, size_t length)
{
	struct state s = { INITIAL_0 ^ seeds[0], INITIAL_1 ^ seeds[1], INITIAL_2 ^ seeds[0],
		INITIAL_3 ^ seeds[1] };
	const uint8_t *bytes = data;
	size_t left = length;

	for (; left >= 8; left -= 8, bytes += 8)
		absorb(&s, read_word(bytes, 8));
	absorb(&s, read_word(bytes, left) | (uint64_t)length << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
