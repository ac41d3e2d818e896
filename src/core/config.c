// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/config.h"

struct limits_config limits_default(void)
{
	return (struct limits_config) {
		.registrations = REGISTRATIONS_DEFAULT,
		.cached = 50000,
		.resolutions = 4096,
		.requesters = 65536,
		.redirects = 65536,
	};
}
