// SPDX-License-Identifier: GPL-2.0-or-later
/// What all sockets of links have in common.
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/// Gives it buffers of so many bytes, beyond the system's limit where we may.
void socket_set_buffers(int fd, int receive, int send);
/// Sends them all, whatever happens to one of them, and returns how many were refused. They are lost, as on
/// any link.
unsigned socket_send_all(int fd, struct mmsghdr *messages, unsigned count);
/// How many packets the kernel dropped that were for this socket: its buffer was full, or an IPsec policy
/// of the host forbade them. What its filter refuses is not among them. Wraps around at 2^32.
uint64_t socket_dropped(int fd);
