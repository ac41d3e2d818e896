// SPDX-License-Identifier: GPL-2.0-or-later
/// A link's socket for NHRP in the event loop: packets are read and sent in batches. What is around an NHRP
/// packet on it, and whom it comes from, is for the link to say.
#pragma once

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "link/link.h"

struct nhrp_socket;
struct uv_loop_s;

/// Underlay address at a raw socket, or link-layer address at a packet socket.
union nhrp_socket_address {
	struct sockaddr_in ipv4;
	struct sockaddr_ll device;
};

/// What came. All is borrowed.
struct nhrp_arrival {
	const union nhrp_socket_address *from;
	uint32_t mark; ///< 0: none
	const uint8_t *packet;
	size_t length; ///< bytes
};

/// What goes. All is copied.
struct nhrp_departure {
	union nhrp_socket_address to;
	const uint8_t *head; ///< before the packet, GRE_MAX_HEADER bytes at most
	size_t head_length;
	const uint8_t *packet;
	size_t length; ///< NHRP_MAX_PACKET bytes at most
};

/// Reads the socket `fd`, which does not block and stays the caller's, from now on. The link's admission
/// (NULL: none) is that of this socket, and is told of what was read. `receive` gets each packet, and passes
/// on what is NHRP; after those that came together the handler's `on_nhrp_end` is called. It must not close
/// the link.
struct nhrp_socket *nhrp_socket_open(struct uv_loop_s *loop, struct link *link, int fd,
	const struct link_handler *handler,
	void (*receive)(struct link *link, const struct nhrp_arrival *arrival));
/// Sends what waits, and ends; before `fd` and the admission are closed. NULL does no harm.
void nhrp_socket_close(struct nhrp_socket *socket);
/// Sends it together with the others that follow, at the latest when nhrp_socket_flush() is called.
void nhrp_socket_send(struct nhrp_socket *socket, const struct nhrp_departure *departure);
void nhrp_socket_flush(struct nhrp_socket *socket);
/// Packets that the kernel refused to send.
uint64_t nhrp_socket_refused(const struct nhrp_socket *socket);
