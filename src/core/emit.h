// SPDX-License-Identifier: GPL-2.0-or-later
/// The inside of action.h: how the core puts actions into the node's queue.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "core/action.h"

struct iface;
struct node;

/// An event from inside, never suppressed.
void emit_event(struct node *node, const struct event *event);
/// An event that a remote party can cause at will: limited in rate, what is suppressed is counted.
void emit_remote_event(struct node *node, const struct event *event, struct mono now);
/// The SA with a silent peer is to be made anew.
void emit_renew_sa(struct iface *iface, struct addr nbma);
/// A peer is known from now on, or not any more.
void emit_peer(struct iface *iface, struct addr nbma, bool known);
/// A packet to an NBMA address.
void emit_packet(struct iface *iface, struct addr nbma, const uint8_t *packet, size_t length);
