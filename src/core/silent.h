// SPDX-License-Identifier: GPL-2.0-or-later
/// NBMA addresses whose node did not answer us directly of late. A way may work in one direction only: an
/// answer that came by it then shows nothing, so such an address is used again only after a question of ours
/// was answered by it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/mono.h"

struct iface;

struct silent {
	struct addr nbma; ///< the key
	struct mono until;
	UT_hash_handle hh;
};

/// It did not answer: remembered for ten minutes from now. Beyond 1,024 the one of longest ago is forgotten.
void silent_note(struct iface *iface, struct addr nbma, struct mono now);
/// It answered.
void silent_forget(struct iface *iface, struct addr nbma);
bool silent_is(const struct iface *iface, struct addr nbma, struct mono now);
/// How many there are.
unsigned silent_count(const struct iface *iface, struct mono now);
/// Forgets all of them.
void silent_done(struct iface *iface);
