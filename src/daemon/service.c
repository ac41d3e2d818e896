// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/service.h"

#include <inttypes.h>
#include <unistd.h>

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

void service_leave(int socket)
{
	if (socket < 0)
		return;
	(void)sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=gre", &socket, 1);
	close(socket);
}

void service_take(void)
{
	int count = sd_listen_fds(0);

	for (int i = 0; i < count; i++)
		close(SD_LISTEN_FDS_START + i);
	if (count > 0)
		(void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=gre");
}
