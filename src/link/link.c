// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/link.h"

#include <net/if.h>
#include <string.h>

#include "link/kernel_device.h"
#include "link/kernel_traffic.h"
#include "link/user_tap.h"
#include "linux/rtnl.h"

/// What a tunnel's device is called; others may be made by anybody.
#define TUNNEL_NAME "tunnel"

static bool kernel_has_gre(struct err *err)
{
	struct rtnl *rtnl = rtnl_open(err);
	bool possible = rtnl && kernel_device_possible(rtnl, err);

	rtnl_close(rtnl);
	return possible;
}

const struct link_ops *link_by_kind(enum tunnel_link kind, struct err *err)
{
	switch (kind) {
	case TUNNEL_LINK_AUTO:
		return kernel_has_gre(NULL) ? &link_kernel : &link_user;
	case TUNNEL_LINK_KERNEL:
		return kernel_has_gre(err) ? &link_kernel : NULL;
	case TUNNEL_LINK_USER:
		return &link_user;
	}
	return &link_user;
}

static bool remove_stale(struct rtnl *rtnl, const char *name)
{
	return user_tap_remove_stale(name) ||
	       (!kernel_traffic_in_use(name) && kernel_device_remove_stale(rtnl, name));
}

unsigned link_sweep(bool (*wanted)(void *context, const char *name), void *context)
{
	struct if_nameindex *devices = if_nameindex();
	struct rtnl *rtnl = rtnl_open(NULL);
	unsigned count = 0;

	for (struct if_nameindex *device = devices; rtnl && device && device->if_name; device++)
		if (strncmp(device->if_name, TUNNEL_NAME, strlen(TUNNEL_NAME)) == 0 &&
			!wanted(context, device->if_name) && remove_stale(rtnl, device->if_name))
			count++;
	if (devices)
		if_freenameindex(devices);
	rtnl_close(rtnl);
	return count;
}
