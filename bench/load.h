// SPDX-License-Identifier: GPL-2.0-or-later
/// The load: N spokes in one process. Each has an NBMA address and a tunnel address of its own and sends real
/// NHRP in real GRE, made and read by the project's own codec, over one packet socket.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "wire/nhrp_auth.h"

#define LOAD_DEVICE     "load"      ///< our end of the wire
#define LOAD_HUB_DEVICE "underlay"  ///< the hub's
#define LOAD_HUB_NBMA   0xc6120001u ///< 198.18.0.1
#define LOAD_NBMA       0x0a000000u ///< 10.0.0.0/8
#define LOAD_TUNNEL     0xac100000u ///< 172.16.0.0/12
#define LOAD_HUB_TUNNEL 0xac1ffffeu ///< 172.31.255.254
#define LOAD_HUB_LAN    0xcb007101u ///< 203.0.113.1, a network behind the hub
#define LOAD_KEY        1
#define LOAD_MAX        1000000 ///< spokes

enum load_message {
	LOAD_NOTHING, ///< only data
	LOAD_REGISTER,
	LOAD_RESOLVE_HUB,   ///< what the hub itself answers
	LOAD_RESOLVE_SPOKE, ///< what the hub passes on to another spoke; that it arrives there counts
};

/// What to do: each of `count` spokes once with `window` of them outstanding; or, where there is a rate,
/// spokes in turn for so long, whether answers come or not.
struct load_plan {
	enum load_message message;
	unsigned count;
	unsigned window;
	double rate;      ///< messages a second; 0: as fast as answers come
	double seconds;   ///< with a rate: how long; without: give up after
	double data_rate; ///< data packets a second from spoke to spoke by the hub, beside it
	bool impatient;   ///< a spoke whose turn comes again gives up what was not answered, and nothing is
			  ///< repeated
};

struct load_result {
	uint64_t sent; ///< first tries
	uint64_t answered;
	uint64_t repeated; ///< after a second without an answer
	uint64_t refused;  ///< answered with a code other than success
	uint64_t lost;     ///< given up
	uint64_t late;     ///< answers to registrations that were given up
	uint64_t data_sent;
	uint64_t data_received;
	double seconds; ///< from the first message to the last answer
	double p50_ms, p99_ms, max_ms;
};

struct load;

/// `spokes` at most LOAD_MAX. NULL and `err` on failure.
struct load *load_open(unsigned spokes, uint16_t holding_time, struct err *err) MUST_CHECK;
/// Requests are repeated after so many seconds from now on, instead of one.
void load_set_repeat(struct load *load, double seconds);
/// What all spokes authenticate with from now on; borrowed, NULL: nothing.
void load_authenticate(struct load *load, const struct nhrp_auth_key *key);
void load_run(struct load *load, const struct load_plan *plan, struct load_result *ret);
void load_close(struct load *load);

/// Spokes claim their addresses for themselves from now on ("unique").
void load_claim(struct load *load);
/// For other traffic by the same socket: where the next frame is to be written, FRAME_SIZE bytes; and its
/// length then. Full batches are sent.
uint8_t *load_next_frame(struct load *load);
void load_queue(struct load *load, size_t length);

struct addr load_nbma(unsigned spoke);
struct addr load_tunnel(unsigned spoke);

/// Seconds of a clock that only goes forward.
double load_now(void);
