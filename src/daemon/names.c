// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "base/alloc.h"
#include "base/log.h"
#include "core/nhs.h"
#include "core/node.h"
#include "daemon/daemon.h"
#include "daemon/names.h"
#include "daemon/resolver.h"

#define TTL_FLOOR   5    ///< seconds; also between two questions while a server is down, or after a failure
#define TTL_CEILING 3600 ///< seconds

/// A name in one family. It is forgotten when no tunnel that has a source names it.
struct name {
	struct names *names;
	char text[NHS_NAME_SIZE];
	enum addr_family family;
	bool wanted;
	bool silent; ///< a server behind it does not answer
	bool needed; ///< a line of the configuration has no address of it yet
	bool asking;
	bool failed; ///< the log said so
	struct mono asked;
	struct mono due;
	struct resolver_answer last; ///< the last that had addresses
	struct name *prev, *next;
};

struct names {
	struct daemon *daemon;
	struct resolver *resolver;
	struct name *list;
};

struct names *names_new(struct daemon *daemon)
{
	struct names *names = alloc_zeroed(1, sizeof(*names));

	names->daemon = daemon;
	names->resolver = resolver_new(daemon->loop);
	return names;
}

static struct name *name_get(struct names *names, const char *text, enum addr_family family)
{
	struct name *name;

	DL_FOREACH(names->list, name)
	{
		if (name->family == family && strcmp(name->text, text) == 0)
			return name;
	}
	name = alloc_zeroed(1, sizeof(*name));
	name->names = names;
	memcpy(name->text, text, strlen(text) + 1);
	name->family = family;
	DL_APPEND(names->list, name);
	return name;
}

static void want(struct names *names, const struct iface *iface)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs *nhs = &iface->nhs[i];
		struct name *name;

		if (nhs->config->name[0] == '\0' || !addr_is_set(iface->nbma))
			continue;
		name = name_get(names, nhs->config->name, iface->nbma.family);
		name->wanted = true;
		name->silent |= nhs->declared_down;
		// The machines of a line take addresses in their order.
		name->needed |= !addr_is_set(nhs->nbma) && (i == 0 || nhs[-1].config != nhs->config);
	}
}

static void tell_core(const struct name *name)
{
	struct daemon *daemon = name->names->daemon;

	node_on_name(daemon->node, name->text, name->last.addresses, name->last.count, daemon_now());
	daemon_drain(daemon);
}

static void on_answer(void *context, const struct resolver_answer *answer)
{
	struct name *name = context;
	uint32_t ttl = answer->ttl > TTL_CEILING ? TTL_CEILING : answer->ttl;

	name->asking = false;
	if (answer->count == 0 || ttl < TTL_FLOOR)
		ttl = TTL_FLOOR;
	name->due = mono_add(daemon_now(), ttl * MONO_SECOND);
	if (answer->count == 0) {
		if (!name->failed)
			log_warning(
				"no address of the next hop server %s: %s; what DNS said before holds, trying again",
				name->text, answer->reason);
		name->failed = true;
		return;
	}
	if (name->failed)
		log_notice("DNS has addresses of the next hop server %s again", name->text);
	name->failed = false;
	name->last = *answer;
	tell_core(name);
}

static bool is_due(const struct name *name, struct mono now)
{
	return !mono_before(now, name->due) ||
	       (name->silent && mono_between(name->asked, now) >= TTL_FLOOR * MONO_SECOND);
}

void names_update(struct names *names)
{
	const struct node *node = names->daemon->node;
	struct mono now = daemon_now();
	struct name *name, *next;

	DL_FOREACH(names->list, name)
	{
		name->wanted = name->silent = name->needed = false;
	}
	for (size_t i = 0; i < node->iface_count; i++)
		want(names, node->ifaces[i]);
	DL_FOREACH_SAFE(names->list, name, next)
	{
		if (name->asking)
			continue;
		if (!name->wanted) {
			DL_DELETE(names->list, name);
			free(name);
			continue;
		}
		// A tunnel that is new, by a reload perhaps, need not wait for the next answer.
		if (name->needed && name->last.count > 0)
			tell_core(name);
		if (is_due(name, now)) {
			name->asking = true;
			name->asked = now;
			resolver_ask(names->resolver, name->text, name->family, on_answer, name);
		}
	}
}

void names_free(struct names *names)
{
	struct name *name, *next;

	if (!names)
		return;
	resolver_free(names->resolver);
	DL_FOREACH_SAFE(names->list, name, next)
	{
		DL_DELETE(names->list, name);
		free(name);
	}
	free(names);
}
