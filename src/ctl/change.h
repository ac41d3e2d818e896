// SPDX-License-Identifier: GPL-2.0-or-later
/// What became of a wish for another configuration.
#pragma once

#include "conf/conf.h"

struct ctl_change {
	struct conf_messages messages; ///< errors, after which nothing was changed, and warnings
	char *text;                    ///< the lines that changed, as in struct diff; NULL after an error
	unsigned lines;                ///< how many
};

void ctl_change_free(struct ctl_change *change);
