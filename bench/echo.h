// SPDX-License-Identifier: GPL-2.0-or-later
/// The canned server: the least that a hub can do for a registration, in the cheapest way that a GRE socket
/// has.
#pragma once

/// Serves until the process is killed.
_Noreturn void echo_serve(void);
