// SPDX-License-Identifier: GPL-2.0-or-later
/// One line per client: tunnel, protocol address, NBMA address ("%N" behind it: node N behind that), claimed
/// NBMA address, MTU, holding time (s), and when it expires (seconds of the calendar, since the monotonic
/// clock does not survive a reboot).
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/peer.h"
#include "daemon/registrations.h"
#include "daemon/state.h"

/// Seconds between two writes that only bring the times up to date.
#define REFRESH_INTERVAL 60
/// The pace of a writing: about a hundredth of a processor, however many clients there are.
#define CLIENTS_A_SECOND 5000
#define SLICE_INTERVAL   10 ///< ms between two slices
/// Bindings that are written before others get their turn.
#define SLICE (CLIENTS_A_SECOND * SLICE_INTERVAL / 1000)

struct registrations {
	char *path;
	char *temporary;
	struct node *node;
	uv_timer_t timer;  ///< the next slice
	uint64_t changes;  ///< of the node, when the file was last begun
	bool again;        ///< what was begun then was given up
	bool told;         ///< the log said that the file cannot be written
	struct mono begun; ///< the last writing
	/* the writing under way */
	FILE *file; ///< NULL: there is none
	size_t iface;
	struct cache_walk walk;
	time_t calendar;
	struct mono now;
};

struct registrations *registrations_open(const char *directory, struct uv_loop_s *loop)
{
	struct registrations *registrations = alloc_zeroed(1, sizeof(*registrations));

	uv_timer_init(loop, &registrations->timer);
	registrations->timer.data = registrations;
	registrations->path = state_path(directory, "registrations");
	registrations->temporary = state_path(directory, "registrations.new");
	return registrations;
}

static bool parse_nbma(char *text, struct addr *ret)
{
	char *behind = strchr(text, '%');
	struct addr addr;

	if (behind)
		*behind++ = '\0';
	if (!addr_parse(text, &addr))
		return false;
	if (behind)
		addr.behind = (uint16_t)strtoul(behind, NULL, 10);
	*ret = addr;
	return true;
}

/// One line of the file to the core. False where the line is not understood.
static bool restore_line(
	const char *line, struct node *node, time_t calendar, struct mono now, unsigned *count)
{
	char protocol_text[ADDR_TEXT_SIZE], nbma_text[ADDR_TEXT_SIZE + 6], claimed_text[ADDR_TEXT_SIZE];
	struct binding_facts facts = { .type = BINDING_DYNAMIC };
	struct addr protocol;
	uint32_t tunnel;
	int64_t expires;
	int identity = 0;

	if (sscanf(line, "%" SCNu32 " %45s %51s %45s %" SCNu16 " %" SCNu16 " %" SCNd64 "%n", &tunnel,
		    protocol_text, nbma_text, claimed_text, &facts.mtu, &facts.holding_time, &expires,
		    &identity) != 7 ||
		!addr_parse(protocol_text, &protocol) || !parse_nbma(nbma_text, &facts.nbma) ||
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

static void write_binding(FILE *file, const struct binding *binding, time_t calendar, struct mono now)
{
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], claimed[ADDR_TEXT_SIZE], behind[8] = "";
	struct addr claimed_nbma =
		addr_is_set(binding->claimed_nbma) ? binding->claimed_nbma : binding->peer->nbma;

	if (binding->type != BINDING_DYNAMIC)
		return;
	if (binding->peer->nbma.behind > 0)
		(void)snprintf(behind, sizeof(behind), "%%%u", binding->peer->nbma.behind);
	(void)fprintf(file, "%u %s %s%s %s %u %u %" PRId64 "%s%s\n", binding->iface->config->id,
		addr_format(binding->protocol, protocol), addr_format(binding->peer->nbma, nbma), behind,
		addr_format(claimed_nbma, claimed), binding->mtu, binding->holding_time,
		(int64_t)calendar + mono_seconds_left(now, binding->expires), binding->identity ? " " : "",
		binding->identity ? binding->identity : "");
}

static void tell_failure(struct registrations *registrations, int code)
{
	if (!registrations->told)
		log_warning("cannot write %s: %s; registrations will not survive a restart",
			registrations->path, strerror(code));
	registrations->told = true;
}

static void begin(struct registrations *registrations, struct mono now)
{
	const struct node *node = registrations->node;

	registrations->begun = registrations->now = now;
	registrations->changes = node->registration_changes;
	registrations->again = false;
	registrations->calendar = time(NULL);
	registrations->iface = 0;
	registrations->file = fopen(registrations->temporary, "we");
	if (!registrations->file)
		tell_failure(registrations, errno);
	else if (node->iface_count > 0)
		cache_walk_begin(&registrations->walk, node->ifaces[0]);
}

/// The file is whole: it takes the place of the old one.
static void end(struct registrations *registrations)
{
	bool ok = !ferror(registrations->file);

	errno = 0;
	if (fclose(registrations->file) != 0 || !ok ||
		rename(registrations->temporary, registrations->path) < 0)
		tell_failure(registrations, errno ? errno : EIO);
	registrations->file = NULL;
}

/// Did a new configuration take a tunnel away, or bring the tunnels into another order?
static bool is_overtaken(const struct registrations *registrations)
{
	const struct node *node = registrations->node;

	return registrations->walk.iface !=
	       (registrations->iface < node->iface_count ? node->ifaces[registrations->iface] : NULL);
}

static void give_up(struct registrations *registrations)
{
	cache_walk_end(&registrations->walk);
	(void)fclose(registrations->file);
	registrations->file = NULL;
	registrations->again = true;
}

/// Writes up to `limit` bindings; false where that was all.
static bool write_some(struct registrations *registrations, size_t limit)
{
	struct node *node = registrations->node;
	const struct binding *binding;

	if (is_overtaken(registrations)) {
		give_up(registrations);
		return false;
	}
	while (registrations->iface < node->iface_count) {
		while (limit > 0 && (binding = cache_walk_next(&registrations->walk)) != NULL) {
			write_binding(
				registrations->file, binding, registrations->calendar, registrations->now);
			limit--;
		}
		if (limit == 0)
			return true;
		cache_walk_end(&registrations->walk);
		if (++registrations->iface < node->iface_count)
			cache_walk_begin(&registrations->walk, node->ifaces[registrations->iface]);
	}
	end(registrations);
	return false;
}

static void on_timer(uv_timer_t *timer)
{
	struct registrations *registrations = timer->data;

	if (!write_some(registrations, SLICE))
		uv_timer_stop(timer);
}

static uint32_t client_count(const struct node *node)
{
	uint32_t count = 0;

	for (size_t i = 0; i < node->iface_count; i++)
		count += node->ifaces[i]->dynamic_count;
	return count;
}

void registrations_keep(struct registrations *registrations, struct node *node, struct mono now)
{
	int64_t age = mono_between(registrations->begun, now);
	bool is_changed = registrations->changes != node->registration_changes || registrations->again;
	bool is_old = age > REFRESH_INTERVAL * MONO_SECOND && client_count(node) > 0;

	registrations->node = node;
	if (registrations->file || !(is_changed || is_old))
		return;
	begin(registrations, now);
	if (registrations->file && write_some(registrations, SLICE))
		uv_timer_start(&registrations->timer, on_timer, SLICE_INTERVAL, SLICE_INTERVAL);
}

static void on_closed(uv_handle_t *handle)
{
	struct registrations *registrations = handle->data;

	free(registrations->path);
	free(registrations->temporary);
	free(registrations);
}

void registrations_close(struct registrations *registrations, struct node *node, struct mono now)
{
	if (!registrations)
		return;
	registrations->node = node;
	while (registrations->file && write_some(registrations, SLICE))
		continue;
	if (registrations->changes != node->registration_changes || client_count(node) > 0) {
		begin(registrations, now);
		while (registrations->file && write_some(registrations, SLICE))
			continue;
	}
	uv_close((uv_handle_t *)&registrations->timer, on_closed);
}
