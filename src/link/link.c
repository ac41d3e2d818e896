// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/link.h"

const struct link_ops *link_by_kind(enum tunnel_link kind, struct err *err)
{
	if (kind != TUNNEL_LINK_KERNEL)
		return &link_user;
	err_set(err, "the kernel link is not in this version; use `tunnel link user` or `tunnel link auto`");
	return NULL;
}
