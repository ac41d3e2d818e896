// SPDX-License-Identifier: GPL-2.0-or-later
//
// In place of admission.c where clang, bpftool or libbpf was missing at build time.
#include "link/admission.h"

#include "base/log.h"

struct admission *admission_open(const struct link_config *config, enum admission_socket kind, int fd)
{
	(void)kind;
	(void)fd;
	if (!config->protected)
		log_info(
			"%s: in a flood of NHRP known peers wait with strangers: this dmvpnd was built without eBPF",
			config->name);
	return NULL;
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

uint64_t admission_set_room(struct admission *admission, unsigned room)
{
	(void)admission;
	(void)room;
	return 0;
}
