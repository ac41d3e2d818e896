// SPDX-License-Identifier: GPL-2.0-or-later
//
// In place of user_fast.c where clang, bpftool or libbpf was missing at build time.
#include "link/user_fast.h"

struct user_fast *user_fast_open(const struct link_config *config, struct err *err)
{
	(void)config;
	err_set(err, "this dmvpnd was built without eBPF");
	return NULL;
}

void user_fast_remove_stale(const char *name)
{
	(void)name;
}

void user_fast_remove_orphans(void)
{
}

void user_fast_close(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, const struct link_counters *counted), void *context)
{
	(void)fast;
	(void)visit;
	(void)context;
}

void user_fast_add_peer(struct user_fast *fast, struct addr nbma)
{
	(void)fast;
	(void)nbma;
}

void user_fast_remove_peer(struct user_fast *fast, struct addr nbma)
{
	(void)fast;
	(void)nbma;
}

void user_fast_set_nbma(struct user_fast *fast, struct addr nbma)
{
	(void)fast;
	(void)nbma;
}

void user_fast_configure(struct user_fast *fast, const struct link_config *config)
{
	(void)fast;
	(void)config;
}

void user_fast_add_counters(const struct user_fast *fast, struct addr nbma, struct link_counters *counters)
{
	(void)fast;
	(void)nbma;
	(void)counters;
}

void user_fast_each_active(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	(void)fast;
	(void)visit;
	(void)context;
}

const char *user_fast_text(const struct user_fast *fast)
{
	(void)fast;
	return "";
}
