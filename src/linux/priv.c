// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/priv.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"

static const struct {
	unsigned number;
	const char *name;
	const char *purpose;
} needed[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "to make devices, neighbours and routes" },
	{ CAP_NET_RAW, "CAP_NET_RAW", "to send and receive GRE" },
};

bool priv_check(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return err_set_errno(err, errno, "cannot find out what this process is allowed to do");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(data[CAP_TO_INDEX(needed[i].number)].effective & CAP_TO_MASK(needed[i].number)))
			return err_set(err,
				"the capability %s is missing, which is needed %s; run as root, or grant it (systemd: "
				"AmbientCapabilities=, containers: --cap-add)",
				needed[i].name, needed[i].purpose);
	return true;
}
