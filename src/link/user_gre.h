// SPDX-License-Identifier: GPL-2.0-or-later
/// The socket of a user link in the underlay: GRE over IPv4.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

#define USER_GRE_TOS_SIZE 32 ///< bytes of control data that user_gre_set_tos() needs, aligned as size_t

struct gre_header;
struct msghdr;

enum user_gre_kind {
	USER_GRE_NHRP, ///< receives NHRP alone
	USER_GRE_DATA, ///< receives all but NHRP
};

/// A raw socket, not blocking, bound to config->nbma, that wakes us only for packets of its kind with the key
/// (or without one, and from the destination, as configured). Of `shares` sockets each gets the packets of
/// other peers: this one those of share number `share`. Received packets begin with their IP header. -1 on
/// failure.
int user_gre_open(const struct link_config *config, enum user_gre_kind kind, unsigned share, unsigned shares,
	struct err *err) MUST_CHECK;
/// Binds it to another address of ours.
bool user_gre_bind(int fd, struct addr nbma, struct err *err) MUST_CHECK;
/// Reads the outer headers, IPv4 and GRE, of what such a socket received. Returns their length in bytes; 0
/// where they are malformed.
size_t user_gre_read(
	const uint8_t *packet, size_t length, struct gre_header *ret, struct addr *ret_from) MUST_CHECK;
/// Is such a packet for this link: its key, and its peer where it has but one? The socket's filter sees to
/// both but for what came before it was set.
bool user_gre_is_for(const struct link_config *config, const struct gre_header *header, struct addr from);
/// Is this IPv4 packet, or one that it carries in GRE however deep, GRE from the address (network order)? On
/// a protected tunnel, or the ESP that such a packet became.
bool user_gre_holds_own(const uint8_t *packet, size_t length, uint32_t nbma, bool protected);
/// Lets the message go with this type of service; `control` is aligned room of USER_GRE_TOS_SIZE bytes.
void user_gre_set_tos(struct msghdr *message, void *control, uint8_t tos);
