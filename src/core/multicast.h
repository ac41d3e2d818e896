// SPDX-License-Identifier: GPL-2.0-or-later
/// Who receives multicast and broadcast: configured NBMA addresses, servers marked so, and, with
/// `ip nhrp map multicast dynamic`, every registered client. A group may have receivers of its own
/// (`ip nhrp map multicast group`), by their tunnel addresses: then it goes to those of them that are known
/// by registration or configuration, and to nobody else.
#pragma once

#include <stdbool.h>

#include "base/addr.h"

struct iface;

/// Why an NBMA address is a receiver.
enum multicast_reason {
	MULTICAST_NONE,
	MULTICAST_STATIC,
	MULTICAST_NHS,
	MULTICAST_DYNAMIC,
};

enum multicast_reason multicast_reason(const struct iface *iface, struct addr nbma);
/// The NBMA address of a receiver of a group, by its tunnel address; not set where it is not known by
/// registration or configuration.
struct addr multicast_receiver(const struct iface *iface, struct addr protocol);
/// Judges anew whether `nbma` is a receiver, and tells `desired`.
void multicast_update(struct iface *iface, struct addr nbma);
/// Judges all the configured receivers.
void multicast_update_configured(struct iface *iface);
