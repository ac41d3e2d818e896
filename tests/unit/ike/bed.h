// SPDX-License-Identifier: GPL-2.0-or-later
/// The ike module with a stand-in for charon, under a clock that only the tests move.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "charon.h"
#include "conf/crypto.h"
#include "ike/ike.h"

#define ANY  "dmvpn-default-192.0.2.1"
#define PEER "198.51.100.2"
#define OURS "dmvpn-default-192.0.2.1-198.51.100.2"

struct bed {
	uv_loop_t loop;
	struct charon charon;
	struct crypto_config crypto;
	struct ike *ike;
	enum sa_state states[3]; ///< by interface, of PEER
	unsigned told[3][3];     ///< by interface and state
	char identity[64];
	uint32_t mark;        ///< by which PEER is sent to
	uint64_t marked;      ///< since when, by the loop's time, in milliseconds
	bool wanders;         ///< PEER has another address, too
	const char *forsaken; ///< a peer that is wanted no more once PEER is up; NULL: none
};

/// A peer's SA that it began.
extern const struct charon_sa bed_spoke;
extern struct mono bed_now;

struct addr bed_ip(const char *text);
/// Of a test, by cmocka; `*state` is the bed.
int bed_set_up(void **state);
int bed_tear_down(void **state);
void bed_set_tunnel(struct bed *bed, uint32_t iface, const char *local);
/// Lets time go by, and the timer fire, where the machine is not too busy: what must follow is awaited.
void bed_advance(struct bed *bed, unsigned seconds);
/// Runs the loop until there were that many requests of a kind.
void bed_await(struct bed *bed, const char *name, const char *what, unsigned count);
void bed_await_state(struct bed *bed, uint32_t iface, enum sa_state state, unsigned times);
void bed_await_mark(struct bed *bed, uint32_t mark);
const struct sa *bed_await_sa(struct bed *bed, uint32_t id);
/// Has charon asked for a list, and waits until what came of it is done.
void bed_await_list(struct bed *bed);
