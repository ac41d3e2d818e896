// SPDX-License-Identifier: GPL-2.0-or-later
/// What the `crypto` blocks of a configuration are in strongSwan's terms: messages for VICI.
#pragma once

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "wire/vici.h"

struct crypto_config;

#define PROFILE_CHILD "gre" ///< the name of the one child of every connection of ours

#define PROFILE_MARK_MASK 0x00ffffffU ///< the rest of a packet's mark is for the routing

/// A connection as sa.c asks for it.
struct profile_connection {
	const char *name;    ///< as strongSwan shall know it
	const char *profile; ///< the `crypto ipsec profile`
	struct addr local;   ///< our address in the underlay
	struct addr remote;  ///< the one peer; unset: whoever calls
	bool user_space;     ///< ESP by kernel-libipsec: tunnel mode, whatever the transform set says
	bool marks;          ///< every SA gets a mark of its own, for several peers behind one NAT address
};

/// Takes a command that is written but not finished, and frees the writer.
typedef void profile_send(void *context, const char *command, struct vici_writer *writer);

/// Gives `send` the commands that load the keys and certificates of all profiles, to be carried out before
/// any connection. The error names the file that cannot be read; what can be loaded is loaded all the same.
bool profile_load_credentials(
	const struct crypto_config *crypto, profile_send *send, void *context, struct err *err) MUST_CHECK;
/// Writes the body of `load-conn`. The connection is `unique = never`, does not start, restart or trap by
/// itself, has no MOBIKE, clears on a dead peer, and its child carries GRE between the two hosts; where that
/// is in user space and to one peer, with a reqid of its own, the same at each call.
void profile_put_connection(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct profile_connection *connection);
/// Is this identity of a peer, as strongSwan shows it, one of those that `match identity remote` accepts?
/// strongSwan checks a single one by itself, but not a list of them, nor an address in a range.
bool profile_accepts(
	const struct crypto_config *crypto, const char *profile, const char *identity) MUST_CHECK;
