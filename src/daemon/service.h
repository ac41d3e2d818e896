// SPDX-License-Identifier: GPL-2.0-or-later
/// What the service manager is told (sd_notify): that the daemon is ready, lives, reloads, ends. Without one
/// nothing happens.
#pragma once

void service_ready(void);
/// To be called every second: feeds the watchdog, which wants it at least twice in its time (WatchdogSec=).
void service_alive(void);
void service_reloading(void);
void service_stopping(void);
/// Leaves a socket (see link_hold_protocol()), which it closes here, with the service manager until a
/// successor has its own: so that peers are not told in between that there is no GRE. -1: nothing happens.
void service_leave(int socket);
/// The successor has its own: gives up what it was left.
void service_take(void);
