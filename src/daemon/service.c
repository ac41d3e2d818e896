// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/service.h"

#include <inttypes.h>

#include <systemd/sd-daemon.h>
#include <uv.h>

void service_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void service_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

void service_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
}

void service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}
