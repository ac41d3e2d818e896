// SPDX-License-Identifier: GPL-2.0-or-later
/// What the service manager is told (sd_notify): that the daemon is ready, lives, reloads, ends. Without one
/// nothing happens.
#pragma once

void service_ready(void);
/// To be called every second: feeds the watchdog, which wants it at least twice in its time (WatchdogSec=).
void service_alive(void);
void service_reloading(void);
void service_stopping(void);
