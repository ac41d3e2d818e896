// SPDX-License-Identifier: GPL-2.0-or-later
/// The load's end of the wire: a packet socket that hears what is for its spokes, and when it arrived.
#pragma once

#include <sys/socket.h>
#include <time.h>

#include "base/err.h"

#define PORT_CONTROL_SIZE CMSG_SPACE(sizeof(struct timespec)) ///< bytes of control data of a message

/// The socket, or -1 and `err`. It hears the first so many spokes' packets.
int port_open(unsigned spokes, struct err *err) MUST_CHECK;
/// One moment on the clock of the kernel's timestamps and on that of load_now(). Read once for a batch: each
/// reading is a system call where the kernel has no other way, as in User-Mode Linux.
struct port_clock {
	struct timespec wall;
	double now;
};
struct port_clock port_clock_read(void);
/// When the kernel received the message, on the clock of load_now(), seconds: a process that waits for a
/// processor reads it later. `clock` was read after the message; its `now` where the message does not tell.
double port_arrival(const struct msghdr *message, const struct port_clock *clock);
