// SPDX-License-Identifier: GPL-2.0-or-later
/// The marks of packets that a socket receives (Linux 5.19).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define MARK_CONTROL_SIZE 64 ///< bytes of msg_control that mark_read() needs

/// Has the socket tell them; false where this kernel cannot.
bool mark_enable(int fd);
/// The mark of a packet; 0 where it has none.
uint32_t mark_read(struct msghdr *message);
