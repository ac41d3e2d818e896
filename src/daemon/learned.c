// SPDX-License-Identifier: GPL-2.0-or-later
/// One line per thing. Times are seconds of the calendar, as in the file of the registrations.
///   binding TUNNEL PROTOCOL NBMA CLAIMED MTU HOLDING EXPIRES
///   shortcut TUNNEL PREFIX NEXT-HOP DESTINATION MTU HOLDING EXPIRES
///   answer TUNNEL PREFIX REQUESTER NBMA DESTINATION EGRESS EXPIRES
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/cache.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/requester.h"
#include "core/shortcut.h"
#include "daemon/learned.h"
#include "daemon/state.h"

static void write_binding(FILE *file, const struct binding *binding, time_t calendar, struct mono now)
{
	char protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], claimed[ADDR_TEXT_SIZE];
	struct addr claimed_nbma =
		addr_is_set(binding->claimed_nbma) ? binding->claimed_nbma : binding->peer->nbma;

	if (binding->type == BINDING_CACHED)
		(void)fprintf(file, "binding %u %s %s %s %u %u %" PRId64 "\n", binding->iface->config->id,
			addr_format(binding->protocol, protocol), addr_format(binding->peer->nbma, nbma),
			addr_format(claimed_nbma, claimed), binding->mtu, binding->holding_time,
			(int64_t)calendar + mono_seconds_left(now, binding->expires));
}

static void write_shortcut(FILE *file, const struct shortcut *shortcut, time_t calendar, struct mono now)
{
	char prefix[PREFIX_TEXT_SIZE], next_hop[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE];

	(void)fprintf(file, "shortcut %u %s %s %s %u %u %" PRId64 "\n", shortcut->iface->config->id,
		prefix_format(shortcut->prefix, prefix), addr_format(shortcut->next_hop, next_hop),
		addr_format(shortcut->destination, destination), shortcut->mtu, shortcut->holding_time,
		(int64_t)calendar + mono_seconds_left(now, shortcut->expires));
}

static void write_answer(FILE *file, const struct requester *requester, time_t calendar, struct mono now)
{
	char prefix[PREFIX_TEXT_SIZE], protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE],
		destination[ADDR_TEXT_SIZE];

	(void)fprintf(file, "answer %u %s %s %s %s %d %" PRId64 "\n", requester->iface->config->id,
		prefix_format(requester->key.prefix, prefix), addr_format(requester->key.protocol, protocol),
		addr_format(requester->nbma, nbma), addr_format(requester->destination, destination),
		requester->is_egress, (int64_t)calendar + mono_seconds_left(now, requester->expires));
}

static void write_iface(FILE *file, const struct iface *iface, time_t calendar, struct mono now)
{
	struct prefix cursor = { 0 };
	const struct binding *binding;
	const struct shortcut *shortcut;
	const struct requester *requester;

	for (binding = iface->bindings; binding; binding = binding->hh.next)
		write_binding(file, binding, calendar, now);
	while ((shortcut = shortcut_next(iface, iface_everything(iface), &cursor)) != NULL)
		write_shortcut(file, shortcut, calendar, now);
	for (requester = iface->requesters_by_key; requester; requester = requester->hh.next)
		write_answer(file, requester, calendar, now);
}

void learned_save(const char *directory, const struct node *node, struct mono now)
{
	char *path = state_path(directory, "learned");
	FILE *file = fopen(path, "we");
	bool ok = file != NULL;

	for (size_t i = 0; ok && i < node->iface_count; i++)
		write_iface(file, node->ifaces[i], time(NULL), now);
	if (file)
		ok = !ferror(file) && fclose(file) == 0;
	if (!ok)
		log_warning("cannot write %s: %s; shortcuts have to be found anew", path, strerror(errno));
	free(path);
}

/// Seconds that are left of a holding time; 0: it is over.
static uint16_t left_of(uint16_t holding_time, int64_t expires, time_t calendar)
{
	int64_t left = expires - calendar;

	if (left <= 0)
		return 0;
	return left < holding_time ? (uint16_t)left : holding_time;
}

static bool restore_binding(const char *line, struct node *node, struct mono now)
{
	char protocol_text[ADDR_TEXT_SIZE], nbma_text[ADDR_TEXT_SIZE], claimed_text[ADDR_TEXT_SIZE];
	struct binding_facts facts = { .type = BINDING_CACHED };
	struct addr protocol;
	uint32_t tunnel;
	int64_t expires;

	if (sscanf(line, "binding %" SCNu32 " %45s %45s %45s %" SCNu16 " %" SCNu16 " %" SCNd64, &tunnel,
		    protocol_text, nbma_text, claimed_text, &facts.mtu, &facts.holding_time, &expires) != 7 ||
		!addr_parse(protocol_text, &protocol) || !addr_parse(nbma_text, &facts.nbma) ||
		!addr_parse(claimed_text, &facts.claimed_nbma))
		return false;
	facts.holding_time = left_of(facts.holding_time, expires, time(NULL));
	return facts.holding_time > 0 && node_restore(node, tunnel, protocol, &facts, now);
}

static bool restore_shortcut(const char *line, struct node *node, struct mono now)
{
	char prefix_text[PREFIX_TEXT_SIZE], next_hop_text[ADDR_TEXT_SIZE], destination_text[ADDR_TEXT_SIZE];
	struct addr next_hop, destination;
	uint16_t mtu, holding_time;
	struct prefix prefix;
	uint32_t tunnel;
	int64_t expires;

	if (sscanf(line, "shortcut %" SCNu32 " %49s %45s %45s %" SCNu16 " %" SCNu16 " %" SCNd64, &tunnel,
		    prefix_text, next_hop_text, destination_text, &mtu, &holding_time, &expires) != 7 ||
		!prefix_parse(prefix_text, &prefix) || !addr_parse(next_hop_text, &next_hop) ||
		!addr_parse(destination_text, &destination))
		return false;
	holding_time = left_of(holding_time, expires, time(NULL));
	return holding_time > 0 &&
	       node_restore_shortcut(node, tunnel, destination, prefix, next_hop, holding_time, mtu, now);
}

static void restore_answer(const char *line, struct node *node, struct mono now)
{
	char prefix[PREFIX_TEXT_SIZE], protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE],
		destination[ADDR_TEXT_SIZE];
	struct requester facts = { 0 };
	uint16_t holding_time;
	uint32_t tunnel;
	int64_t expires;
	int egress;

	if (sscanf(line, "answer %" SCNu32 " %49s %45s %45s %45s %d %" SCNd64, &tunnel, prefix, protocol,
		    nbma, destination, &egress, &expires) != 7 ||
		!prefix_parse(prefix, &facts.key.prefix) || !addr_parse(protocol, &facts.key.protocol) ||
		!addr_parse(nbma, &facts.nbma) || !addr_parse(destination, &facts.destination))
		return;
	facts.is_egress = egress != 0;
	holding_time = left_of(UINT16_MAX, expires, time(NULL));
	if (holding_time > 0)
		node_restore_requester(node, tunnel, &facts, holding_time, now);
}

void learned_restore(const char *directory, struct node *node, struct mono now)
{
	char *path = state_path(directory, "learned");
	FILE *file = fopen(path, "re");
	unsigned bindings = 0, shortcuts = 0;
	char line[256];

	if (file) {
		while (fgets(line, sizeof(line), file)) {
			bindings += restore_binding(line, node, now);
			shortcuts += restore_shortcut(line, node, now);
			restore_answer(line, node, now);
		}
		(void)fclose(file);
		// A later start would take it for news.
		(void)unlink(path);
		if (bindings > 0)
			log_notice("took over %u bindings and %u shortcuts from before the restart", bindings,
				shortcuts);
	}
	free(path);
}
