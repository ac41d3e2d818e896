// SPDX-License-Identifier: GPL-2.0-or-later
/// Where the next hop servers are and who they are: machines for the configuration, the addresses of a name,
/// the protocol address that a server tells, and the bindings that follow from them.
#pragma once

#include <stddef.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/attr.h"

struct iface;
struct nhrp_msg;
struct nhs;

/// Makes the machines of an interface for its configuration. Those among the `count` of `before` that are for
/// the same go on in their new place; the caller ends the others, whose `iface` is set, and frees `before`.
void nhs_address_configure(struct iface *iface, struct nhs *before, size_t count, struct mono now);
/// What the server says of its protocol address in a reply to us: false where it says nothing usable, and
/// this is needed.
bool nhs_address_learn(struct nhs *nhs, const struct nhrp_msg *reply, struct mono now) MUST_CHECK;
/// The server came up or went down: the binding of its protocol address goes to a server that is up, where
/// several are known by it.
void nhs_address_bind(struct nhs *nhs, struct mono now);
/// The name of configured servers has these addresses now, all of one family; those of another than the
/// underlay's change nothing. At most NHS_ADDRESSES_MAX of them are used. A server at an address that is not
/// among them ends.
void nhs_address_set(
	struct iface *iface, const char *name, const struct addr *addresses, size_t count, struct mono now);
