// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/link.h"

const struct link_ops *link_by_kind(enum link_kind kind, struct err *err)
{
	if (kind != LINK_KIND_KERNEL)
		return &link_user;
	err_set(err, "the kernel link is not in this version; use `tunnel link user` or `tunnel link auto`");
	return NULL;
}
