// SPDX-License-Identifier: GPL-2.0-or-later
//
// In place of admission.c where clang, bpftool or libbpf was missing at build time.
#include "link/admission.h"

#include <stdio.h>

#include "base/log.h"

void admission_open(struct link *link, const struct link_config *config, enum admission_socket kind, int fd)
{
	(void)kind;
	(void)fd;
	snprintf(link->filter, sizeof(link->filter),
		config->protected ? "none (IPsec keeps strangers out)"
				  : "none (this dmvpnd was built without eBPF)");
	if (!config->protected)
		log_info("%s: in a flood of NHRP known peers wait with strangers: filter by eBPF: %s",
			config->name, link->filter);
}

void admission_close(struct admission *admission)
{
	(void)admission;
}

void admission_know(struct admission *admission, struct addr nbma, bool known)
{
	(void)admission;
	(void)nbma;
	(void)known;
}

void admission_flush(struct admission *admission)
{
	(void)admission;
}

void admission_on_second(struct admission *admission)
{
	(void)admission;
}

uint32_t admission_count(const struct admission *admission)
{
	(void)admission;
	return 0;
}

void admission_emptied(struct admission *admission, uint32_t count)
{
	(void)admission;
	(void)count;
}

void admission_set_room(struct admission *admission, unsigned room)
{
	(void)admission;
	(void)room;
}

void admission_each_refused(struct admission *admission,
	void (*tell)(void *context, struct addr from, uint64_t count), void *context)
{
	(void)admission;
	(void)tell;
	(void)context;
}
