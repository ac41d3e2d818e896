// SPDX-License-Identifier: GPL-2.0-or-later
/// One line per client: tunnel, protocol address, NBMA address, claimed NBMA address, MTU, holding time (s),
/// and when it expires (seconds of the calendar, since the monotonic clock does not survive a reboot).
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/peer.h"
#include "daemon/registrations.h"
#include "daemon/state.h"

/// Seconds between two writes that only bring the times up to date.
#define REFRESH_INTERVAL 60

struct registrations {
	char *path;
	char *temporary;
	bool is_changed;
	bool told; ///< the log said that the file cannot be written
	struct mono written;
};

struct registrations *registrations_open(const char *directory)
{
	struct registrations *registrations = alloc_zeroed(1, sizeof(*registrations));

	registrations->path = state_path(directory, "registrations");
	registrations->temporary = state_path(directory, "registrations.new");
	return registrations;
}

/// One line of the file to the core. False where the line is not understood.
static bool restore_line(
	const char *line, struct node *node, time_t calendar, struct mono now, unsigned *count)
{
	char protocol_text[ADDR_TEXT_SIZE], nbma_text[ADDR_TEXT_SIZE], claimed_text[ADDR_TEXT_SIZE];
	struct binding_facts facts = { .type = BINDING_DYNAMIC };
	struct addr protocol;
	uint32_t tunnel;
	int64_t expires;
	int identity = 0;

	if (sscanf(line, "%" SCNu32 " %45s %45s %45s %" SCNu16 " %" SCNu16 " %" SCNd64 "%n", &tunnel,
		    protocol_text, nbma_text, claimed_text, &facts.mtu, &facts.holding_time, &expires,
		    &identity) != 7 ||
		!addr_parse(protocol_text, &protocol) || !addr_parse(nbma_text, &facts.nbma) ||
		!addr_parse(claimed_text, &facts.claimed_nbma))
		return false;
	// What follows a blank is the identity, as it is on a protected tunnel.
	if (line[identity] == ' ')
		facts.identity = line + identity + 1;
	if (expires <= calendar)
		return true;
	if (expires - calendar < facts.holding_time)
		facts.holding_time = (uint16_t)(expires - calendar);
	if (node_restore(node, tunnel, protocol, &facts, now))
		++*count;
	return true;
}

void registrations_restore(struct registrations *registrations, struct node *node, struct mono now)
{
	FILE *file = fopen(registrations->path, "re");
	unsigned count = 0, bad = 0;
	char line[256 + PROTECT_IDENTITY_SIZE];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!restore_line(line, node, time(NULL), now, &count))
			bad++;
	}
	(void)fclose(file);
	if (count > 0)
		log_notice("restored %u registrations from before the restart", count);
	if (bad > 0)
		log_warning("%s: %u lines are damaged and were left out", registrations->path, bad);
}

void registrations_changed(struct registrations *registrations)
{
	registrations->is_changed = true;
}

static void write_binding(FILE *file, const struct binding *binding, time_t calendar, struct mono now)
{
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], claimed[ADDR_TEXT_SIZE];
	struct addr claimed_nbma =
		addr_is_set(binding->claimed_nbma) ? binding->claimed_nbma : binding->peer->nbma;

	if (binding->type != BINDING_DYNAMIC)
		return;
	(void)fprintf(file, "%u %s %s %s %u %u %" PRId64 "%s%s\n", binding->iface->config->id,
		addr_format(binding->protocol, protocol), addr_format(binding->peer->nbma, nbma),
		addr_format(claimed_nbma, claimed), binding->mtu, binding->holding_time,
		(int64_t)calendar + mono_seconds_left(now, binding->expires), binding->identity ? " " : "",
		binding->identity ? binding->identity : "");
}

static bool write_file(const char *path, const struct node *node, struct mono now)
{
	FILE *file = fopen(path, "we");
	time_t calendar = time(NULL);
	bool ok;

	if (!file)
		return false;
	for (size_t i = 0; i < node->iface_count; i++) {
		const struct binding *binding;

		for (binding = node->ifaces[i]->bindings; binding; binding = binding->hh.next)
			write_binding(file, binding, calendar, now);
	}
	ok = !ferror(file);
	return fclose(file) == 0 && ok;
}

static void save(struct registrations *registrations, const struct node *node, struct mono now)
{
	registrations->is_changed = false;
	registrations->written = now;
	if (write_file(registrations->temporary, node, now) &&
		rename(registrations->temporary, registrations->path) == 0)
		return;
	if (!registrations->told)
		log_warning("cannot write %s: %s; registrations will not survive a restart",
			registrations->path, strerror(errno));
	registrations->told = true;
}

static bool has_clients(const struct node *node)
{
	for (size_t i = 0; i < node->iface_count; i++) {
		if (node->ifaces[i]->dynamic_count > 0)
			return true;
	}
	return false;
}

void registrations_keep(struct registrations *registrations, const struct node *node, struct mono now)
{
	bool is_old = mono_between(registrations->written, now) > REFRESH_INTERVAL * MONO_SECOND;

	if (registrations->is_changed || (is_old && has_clients(node)))
		save(registrations, node, now);
}

void registrations_close(struct registrations *registrations, const struct node *node, struct mono now)
{
	if (!registrations)
		return;
	if (registrations->is_changed || has_clients(node))
		save(registrations, node, now);
	free(registrations->path);
	free(registrations->temporary);
	free(registrations);
}
