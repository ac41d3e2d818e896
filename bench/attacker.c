// SPDX-License-Identifier: GPL-2.0-or-later
#include "attacker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "frame.h"
#include "load.h"
#include "world.h"

#define STRANGER_M 0x007fffffu
#define SEED       1
#define NICE       10
#define NAP        500000 ///< nanoseconds between two looks at what is due

enum weapon {
	FORGED,   ///< a registration without the password, for anybody's address
	REPLAYED, ///< a spoke's own, from elsewhere
	MUTATED,  ///< a spoke's own, with a byte changed
	FLOOD,    ///< a resolution without the password
	NOMAD,    ///< a spoke with the password which registers from ever new addresses
	WEAPONS,
};

static void make_message(struct rng *rng, unsigned spoke, enum weapon weapon, struct nhrp_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = weapon == FLOOD ? NHRP_RESOLUTION_REQUEST : NHRP_REGISTRATION_REQUEST;
	msg->flags = weapon == NOMAD || weapon == FLOOD ? 0 : NHRP_FLAG_REG_UNIQUE;
	msg->hop_count = NHRP_DEFAULT_HOP_COUNT;
	msg->protocol_family = ADDR_IPV4;
	msg->request_id = rng_next(rng);
	msg->src_nbma = load_nbma(spoke);
	msg->src_protocol = load_tunnel(spoke);
	msg->dst_protocol =
		weapon == FLOOD ? load_tunnel(rng_below(rng, LOAD_MAX)) : addr_from_ipv4(LOAD_HUB_TUNNEL);
	msg->cie_count = 1;
	msg->cies[0] = (struct nhrp_cie) { .prefix_length = 0xff, .mtu = 1400, .holding_time = 600 };
}

/// Writes one hostile frame; returns its length.
static size_t make_frame(struct rng *rng, unsigned spokes, const struct nhrp_auth_key *password,
	uint8_t frame[static FRAME_SIZE])
{
	const enum weapon weapon = (enum weapon)rng_below(rng, WEAPONS);
	const unsigned victim = rng_below(rng, spokes);
	uint32_t from = ATTACKER_STRANGERS + (rng_next(rng) & STRANGER_M);
	struct nhrp_msg msg;
	size_t length;

	make_message(rng, weapon == NOMAD ? spokes : victim, weapon, &msg);
	if (weapon == NOMAD)
		msg.src_nbma = addr_from_ipv4(from);
	if (weapon == MUTATED)
		from = addr_to_ipv4(msg.src_nbma);
	length = frame_write_nhrp(frame, from, &msg, weapon == FORGED || weapon == FLOOD ? NULL : password);
	if (weapon == MUTATED)
		frame[length - 1 - rng_below(rng, 60)] ^= (uint8_t)(1 + rng_below(rng, 255));
	return length;
}

/// Waits until one more packet is due.
static void pace(double start, uint64_t sent, double rate)
{
	const struct timespec nap = { .tv_nsec = NAP };

	while (rate > 0 && (double)sent >= (load_now() - start) * rate)
		nanosleep(&nap, NULL);
}

pid_t attacker_start(const struct attacker *attacker, struct err *err)
{
	pid_t child = world_fork(NULL, err);
	struct load *load;
	double start;
	struct rng rng;

	if (child != 0)
		return child;
	// A real attacker has a machine of his own: this one comes behind the hub and the spokes, and still
	// has a share of a processor that others use as well.
	if (setpriority(PRIO_PROCESS, 0, NICE) < 0)
		_exit(EXIT_FAILURE);
	rng_seed(&rng, SEED);
	load = load_open(1, 600, err);
	start = load_now();
	while (load) {
		uint8_t *frame;

		pace(start, *attacker->sent, attacker->rate);
		frame = load_next_frame(load);
		load_queue(load, make_frame(&rng, attacker->spokes, attacker->password, frame));
		++*attacker->sent;
	}
	_exit(EXIT_FAILURE);
}
