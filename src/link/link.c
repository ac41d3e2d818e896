// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/link.h"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/kernel_device.h"
#include "link/mark.h"
#include "link/user_fast.h"
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
	case TUNNEL_LINK_THREADS:
		return &link_user;
	}
	return &link_user;
}

int link_hold_protocol(void)
{
	/* The answer depends on whether there is a socket for it, not on what that takes. */
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &nothing };
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	return fd;
}

bool link_has_marks(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && mark_enable(fd);

	if (fd >= 0)
		close(fd);
	return has;
}

unsigned link_sweep(bool (*wanted)(void *context, const char *name), void *context)
{
	struct if_nameindex *devices = if_nameindex();
	unsigned count = 0;

	for (struct if_nameindex *device = devices; device && device->if_name; device++)
		if (strncmp(device->if_name, TUNNEL_NAME, strlen(TUNNEL_NAME)) == 0 &&
			!wanted(context, device->if_name) &&
			(user_tap_remove_stale(device->if_name) ||
				kernel_device_remove_stale(device->if_name)))
			count++;
	if (devices)
		if_freenameindex(devices);
	user_fast_remove_orphans();
	return count;
}
