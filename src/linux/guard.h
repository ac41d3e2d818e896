// SPDX-License-Identifier: GPL-2.0-or-later
/// The nftables table `inet dmvpn`: finds packets that enter and leave the same cloud, for redirects, and
/// clamps the TCP MSS; and those of seal.h and marks.h. We make the whole of them, and remove them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "linux/marks.h"
#include "linux/seal.h"

#define GUARD_TABLE       "dmvpn" ///< of family inet
#define GUARD_NFLOG_GROUP 1190
#define GUARD_SNAPLEN     128 ///< bytes of each packet that are logged

struct guard;
struct uv_loop_s;

struct guard_tunnel {
	char name[16];             ///< the device
	uint32_t network_id;       ///< devices with the same one are one cloud; 0: none
	bool redirect;             ///< log what enters and leaves the cloud by devices with `redirect`
	uint16_t redirect_timeout; ///< seconds in which a source and destination is logged once; ≥ 1
	uint16_t mss;              ///< bytes; 0: no clamping
};

struct guard *guard_open(struct err *err) MUST_CHECK;
/// Replaces the table by one for these tunnels, in one transaction.
bool guard_set(
	struct guard *guard, const struct guard_tunnel *tunnels, size_t count, struct err *err) MUST_CHECK;
/// Lets no clear packet of these tunnels leave or enter, in one transaction; none: removes that table. Unlike
/// the other table this one stays at the end, until it is told so.
bool guard_seal(struct guard *guard, const struct seal *seals, size_t count, struct err *err) MUST_CHECK;
/// What shall be in the table of marks.h; the guard's. What changes in it is made so in each turn of the
/// loop.
struct marks *guard_marks(struct guard *guard);
/// Makes it so at once.
void guard_apply_marks(struct guard *guard);
/// Forgets all of it and removes the table, which stays otherwise; one that is not there is no error.
void guard_remove_marks(struct guard *guard);
/// Removes the table; one that is not there is no error.
bool guard_remove(struct guard *guard, struct err *err) MUST_CHECK;
/// Puts the tables back when somebody else deletes it, as a restart of the system's firewall does, until
/// guard_remove() or guard_close().
bool guard_watch(struct guard *guard, struct uv_loop_s *loop, struct err *err) MUST_CHECK;
/// NULL does no harm; the table stays. A guard that watches is freed when the loop next runs.
void guard_close(struct guard *guard);
