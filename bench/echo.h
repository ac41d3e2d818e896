// SPDX-License-Identifier: GPL-2.0-or-later
/// The canned server: the least that a hub can do for a registration, in the cheapest way that a GRE socket
/// has.
#pragma once

#include <stdbool.h>

/// Serves until the process is killed; up to 64 packets with a system call in `batches`, otherwise one. Where
/// it is `filtered`, what comes from elsewhere than the addresses of spokes is dropped by the kernel.
_Noreturn void echo_serve(bool batches, bool filtered);
