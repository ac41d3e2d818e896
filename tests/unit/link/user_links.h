// SPDX-License-Identifier: GPL-2.0-or-later
/// User links between network namespaces: "here" is where the test runs, "there" another. They are joined by
/// an underlay, 192.0.2.1 here, 192.0.2.2 and 192.0.2.3 there.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "link/link.h"

/// The NHRP packets that a link delivered.
struct heard {
	unsigned count;
	unsigned ends; ///< of packets that came together
	struct addr from;
	uint8_t packet[64];
	size_t length;
};

extern int here, there; ///< the namespaces

/// Makes the underlay, as the setup of a group of tests.
int user_links_set_up(void **state);
struct addr address(const char *text);
/// A link with that NBMA address, an MTU of 1400, and a key but where `key` is 0.
struct link_config config(const char *name, const char *nbma, uint32_t key);
/// NULL and `err` on failure. `heard` is where its NHRP packets go.
struct link *try_open(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard, bool *adopted,
	struct err *err);
/// Opens a link whose device is new.
struct link *open_link(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard);
struct link *open_there(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard);
struct lladdr lladdr(struct link *link, const char *nbma);
/// Sends the text as an NHRP packet, at once.
void send_nhrp(struct link *link, const char *nbma, const char *text);
/// Addresses the device and binds a neighbour to an NBMA address, as the daemon would.
void address_link(const char *name, const char *local, const char *remote, const struct lladdr *to);
/// A UDP socket, not blocking, at port 5000 of the address.
int udp_socket(const char *local);
void udp_send(int fd, const char *remote, const char *text);
/// For netns_wait(): whether the socket that `context` points to has something to read.
bool has_datagram(void *context);
