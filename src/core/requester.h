// SPDX-License-Identifier: GPL-2.0-or-later
/// Who was told what: the nodes that hold an answer of ours, or that we led to one of our clients, so
/// that they can be told when it is true no more (RFC 2332 section 5.2.5, "purge").
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "base/timerq.h"

struct iface;
struct nhrp_msg;

/// All bytes count as the hash key.
struct requester_key {
	struct prefix prefix; ///< what was answered, or the client's address
	struct addr protocol; ///< who asked
};

struct requester {
	struct iface *iface;
	struct requester_key key;
	struct addr destination; ///< the address that was asked for
	bool is_egress;          ///< we answered for a route of ours; else we passed the question on
	struct addr nbma;
	struct mono expires; ///< when the answer ends by itself
	uint32_t request_id; ///< of the latest Purge Request; 0: it was acknowledged, or there was none
	uint8_t purges;      ///< Purge Requests sent; 0: none is under way
	struct timer timer;
	struct requester *prev; ///< of those with the same prefix
	struct requester *next;
	UT_hash_handle hh;
};

/// Remembers a node for `holding_time` seconds; at the limit the new one is not remembered (counted).
void requester_note(
	struct iface *iface, const struct requester *facts, uint16_t holding_time, struct mono now);
/// Purges everything that was told about `prefix` or parts of it.
void requester_purge(struct iface *iface, struct prefix prefix, struct mono now);
/// Purges all that we answered as egress to `protocol` (unset: to anybody), by way of the server at `nbma`
/// (unset: directly): we go, or directly they are not reached, or do not know our NBMA address.
void requester_withdraw(struct iface *iface, struct addr protocol, struct addr nbma, struct mono now);
/// A route inside or around `changed` is not what it was: purges the answers that do not hold any more.
void requester_on_route(struct iface *iface, struct prefix changed, struct mono now);
/// A Purge Reply; false where it answers no request of ours.
bool requester_on_reply(struct iface *iface, const struct nhrp_msg *msg) MUST_CHECK;
void requester_on_timer(struct requester *requester, struct mono now);
/// Forgets all of them.
void requester_done(struct iface *iface);
