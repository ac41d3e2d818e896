// SPDX-License-Identifier: GPL-2.0-or-later
/// A test bed for one node: it gets messages, time, routes and misses, and what it sends is kept decoded.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/cache.h"
#include "core/iface.h"
#include "core/node.h"
#include "wire/nhrp_auth.h"
#include "wire/nhrp_msg.h"

#define BED_IFACE    1
#define BED_TUNNEL   10 ///< device
#define BED_LAN      20 ///< device
#define BED_MAX_SENT 128

struct bed_sent {
	struct addr nbma;
	struct nhrp_msg msg; ///< borrows from `packet`
	size_t length;
	uint8_t packet[NHRP_MAX_PACKET];
};

struct bed {
	struct node *node;
	struct iface *iface;
	struct node_config config;
	struct iface_config iface_config;
	struct nhs_config servers[2];
	struct mono now;
	struct addr nbma;
	struct bed_sent *sent[BED_MAX_SENT]; ///< since the last bed_forget()
	size_t sent_count;
	size_t renewed; ///< SAs that are to be made anew
	uint64_t events[EVENT_TYPES];
	struct event last[EVENT_TYPES];
};

/// An address, or a prefix, from text; "ADDRESS%N" is node N behind an NBMA address.
struct addr ip(const char *text);
struct prefix net(const char *text);

/// A hub, 10.0.0.1/24 at 172.16.0.1, not started: to be configured further.
struct bed *bed_hub(void);
/// A spoke, 10.0.0.2/24 at 172.16.0.2, with the LAN 192.168.2.0/24 and the hub as its server.
struct bed *bed_spoke(void);
/// That spoke, started and registered, and what it sent forgotten.
struct bed *bed_registered_spoke(void);
/// Makes the node and brings its link up.
void bed_start(struct bed *bed);
void bed_free(struct bed *bed);
/// Takes what the node has to send and tell.
void bed_drain(struct bed *bed);
/// Lets time go by.
void bed_advance(struct bed *bed, int64_t us);
/// Forgets what was sent.
void bed_forget(struct bed *bed);
/// The first message of a type that was sent, or NULL.
const struct bed_sent *bed_find(const struct bed *bed, uint8_t type);
size_t bed_count(const struct bed *bed, uint8_t type);
/// A message as other nodes make them, with the usual extensions, empty.
struct nhrp_msg bed_message(
	uint8_t type, const char *src_nbma, const char *src, const char *dst, uint32_t id);
/// Adds a CIE.
struct nhrp_cie *bed_cie(struct nhrp_msg *msg, uint8_t bits, uint16_t holding_time);
/// The node gets a message from `from`, with the node's own authentication.
void bed_receive(struct bed *bed, const char *from, const struct nhrp_msg *msg);
void bed_receive_bytes(struct bed *bed, const char *from, const uint8_t *packet, size_t length);
/// The SA of a peer comes or goes.
void bed_sa(struct bed *bed, const char *nbma, enum sa_state state, const char *identity);
/// Is an SA with the peer wanted, and does it want to be called?
bool bed_wants_sa(struct bed *bed, const char *nbma, bool *ret_call);
void bed_miss(struct bed *bed, const char *next_hop);
void bed_route(struct bed *bed, const char *prefix, const char *next_hop, uint32_t device, bool added);
/// Registers a client with a hub; returns the code of the reply, -1 where there was none.
int bed_register(struct bed *bed, const char *nbma, const char *protocol, uint16_t flags, uint32_t id);
/// The same of a client behind NAT, which has the address `claimed`; the registration is unique.
int bed_register_behind(
	struct bed *bed, const char *nbma, const char *claimed, const char *protocol, uint32_t id);
/// The server answers the registration under way.
void bed_answer_registration(struct bed *bed, uint8_t code);
/// The answer to the resolution under way: `protocol` at `nbma` has `bits` around the destination.
struct nhrp_msg bed_answer(struct bed *bed, const char *protocol, const char *nbma, uint8_t bits);
/// The neighbour that is wanted for `protocol`; unset where there is none.
struct addr bed_neighbour(struct bed *bed, const char *protocol);
/// The same once the kernel has asked for it.
struct addr bed_ask_neighbour(struct bed *bed, const char *protocol);
/// Is there an override for exactly this prefix?
bool bed_has_override(struct bed *bed, const char *prefix);
