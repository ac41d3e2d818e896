// SPDX-License-Identifier: GPL-2.0-or-later
/// The eBPF fast path of a user link: two programs that carry plain data of known peers between the TAP
/// device and the underlay without leaving the kernel (user_fast.bpf.c). What they do not take, the threads
/// carry.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "link/link.h"

struct user_fast;

/// Attaches to the device, which is there. NULL and `err` where the kernel or our privileges do not allow it,
/// or where this dmvpnd was built without.
struct user_fast *user_fast_open(const struct link_config *config, struct err *err) MUST_CHECK;
/// Takes away what an earlier run of this device left attached when it was killed: it would carry packets on.
void user_fast_remove_stale(const char *name);
/// The same for what devices left that are gone.
void user_fast_remove_orphans(void);
/// `fast` may be NULL, here and below. `visit`, where it is given, is told what was carried for each peer.
void user_fast_close(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, const struct link_counters *counted), void *context);
/// What goes by it now, for a person; `fast` is not NULL. With IPsec policies in the kernel, which the
/// programs do not know, it is nothing, as user_fast_each_active() last saw them. Where forwarding is off,
/// the kernel looks up no way for the programs.
const char *user_fast_text(const struct user_fast *fast);
/// From here on packets of this peer are carried, or not any more.
void user_fast_add_peer(struct user_fast *fast, struct addr nbma);
void user_fast_remove_peer(struct user_fast *fast, struct addr nbma);
void user_fast_set_nbma(struct user_fast *fast, struct addr nbma);
/// Takes over `mtu` and `hairpin`.
void user_fast_configure(struct user_fast *fast, const struct link_config *config);
/// Adds what was carried for a peer.
void user_fast_add_counters(const struct user_fast *fast, struct addr nbma, struct link_counters *counters);
/// Walks over the peers that were used since the last such walk, and follows the interfaces of the underlay:
/// to be called about once a second.
void user_fast_each_active(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context);
