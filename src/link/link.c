// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/link.h"

#include <net/if.h>
#include <string.h>

#include "link/user_tap.h"

/// What a tunnel's device is called; others may be made by anybody.
#define TUNNEL_NAME "tunnel"

const struct link_ops *link_by_kind(enum tunnel_link kind, struct err *err)
{
	if (kind != TUNNEL_LINK_KERNEL)
		return &link_user;
	err_set(err, "the kernel link is not in this version; use `tunnel link user` or `tunnel link auto`");
	return NULL;
}

unsigned link_sweep(bool (*wanted)(void *context, const char *name), void *context)
{
	struct if_nameindex *devices = if_nameindex();
	unsigned count = 0;

	for (struct if_nameindex *device = devices; device && device->if_name; device++)
		if (strncmp(device->if_name, TUNNEL_NAME, strlen(TUNNEL_NAME)) == 0 &&
			!wanted(context, device->if_name) && user_tap_remove_stale(device->if_name))
			count++;
	if (devices)
		if_freenameindex(devices);
	return count;
}
