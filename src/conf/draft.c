// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/free.h"
#include "conf/message.h"
#include "conf/name.h"
#include "conf/schema.h"

struct iface_config *draft_iface(const struct draft *draft)
{
	return &draft->config->node.ifaces[draft->current];
}

struct tunnel_config *draft_tunnel_config(const struct draft *draft)
{
	return &draft->config->tunnels[draft->current];
}

static size_t find_tunnel(const struct draft *draft, uint32_t id)
{
	for (size_t i = 0; i < draft->config->node.iface_count; i++) {
		if (draft->config->node.ifaces[i].id == id)
			return i;
	}
	return DRAFT_NO_TUNNEL;
}

/// Fills in the defaults: those of the table, and those of commands that have no single field.
static void set_defaults(struct config *config, size_t index)
{
	struct iface_config *iface = &config->node.ifaces[index];

	for (size_t i = 0; schema_command(i); i++) {
		const struct command_field *field = &schema_command(i)->field;
		if (field->kind != FIELD_NONE)
			schema_field_set(config, index, field, field->default_value);
	}
	config->tunnels[index].mode = TUNNEL_GRE_IP;
	iface->redirect_timeout = REDIRECT_TIMEOUT_DEFAULT;
	iface->max_send_packets = MAX_SEND_PACKETS_DEFAULT;
	iface->max_send_interval = MAX_SEND_INTERVAL_DEFAULT;
	iface->limits = limits_default();
}

void draft_open_tunnel(struct draft *draft, uint32_t id, const struct lex_line *line)
{
	struct config *config = draft->config;
	size_t index = config->node.iface_count;

	draft->foreign = false;
	draft->crypto = 0;
	draft->block_indent = line->indent;
	draft->current = find_tunnel(draft, id);
	if (draft->current != DRAFT_NO_TUNNEL)
		return;
	if (index == DRAFT_TUNNELS_MAX) {
		message_error(draft->messages, line->number, 0, "more than %d tunnels", DRAFT_TUNNELS_MAX);
		draft->current = index - 1; // what follows is read into the last one, and refused
		return;
	}
	config->node.iface_count++;
	config->node.ifaces = alloc_resize(config->node.ifaces, index + 1, sizeof(*config->node.ifaces));
	config->tunnels = alloc_resize(config->tunnels, index + 1, sizeof(*config->tunnels));
	draft->tunnels = alloc_resize(draft->tunnels, index + 1, sizeof(*draft->tunnels));
	config->node.ifaces[index] = (struct iface_config) { .id = id };
	config->tunnels[index] = (struct tunnel_config) { 0 };
	draft->tunnels[index] = (struct draft_tunnel) { .line = line->number };
	snprintf(config->node.ifaces[index].name, IFACE_NAME_SIZE, "tunnel%u", id % (NAME_TUNNEL_MAX + 1));
	set_defaults(config, index);
	draft->current = index;
}

void draft_open_foreign(struct draft *draft, const struct lex_line *line, bool interface)
{
	draft->current = DRAFT_NO_TUNNEL;
	draft->foreign = true;
	draft->foreign_interface = interface;
	draft->crypto = 0;
	draft->block_indent = line->indent;
}

void draft_open_crypto(struct draft *draft, unsigned context, size_t index, const struct lex_line *line)
{
	draft->current = DRAFT_NO_TUNNEL;
	draft->foreign = false;
	draft->crypto = context;
	draft->crypto_index = index;
	draft->block_indent = line->indent;
}

void draft_refer(struct draft *draft, unsigned context, const struct lex_line *line, size_t word)
{
	size_t count = draft->reference_count;

	if (!draft_has_room(draft, line, count))
		return;
	draft->references = alloc_resize(draft->references, count + 1, sizeof(*draft->references));
	draft->references[count] = (struct draft_reference) { .context = context };
	draft_name_set(&draft->references[count].name, line->words[word].text, line->number,
		line->words[word].column);
	draft->reference_count++;
}

void draft_remove_tunnel(struct draft *draft, uint32_t id)
{
	struct config *config = draft->config;
	size_t index = find_tunnel(draft, id);
	size_t count;

	draft->current = DRAFT_NO_TUNNEL;
	if (index == DRAFT_NO_TUNNEL)
		return;
	free_tunnel(&config->tunnels[index], &config->node.ifaces[index]);
	free(draft->tunnels[index].source.text);
	count = config->node.iface_count;
	draft_remove(config->tunnels, &count, sizeof(*config->tunnels), index);
	count = config->node.iface_count;
	draft_remove(draft->tunnels, &count, sizeof(*draft->tunnels), index);
	draft_remove(config->node.ifaces, &config->node.iface_count, sizeof(*config->node.ifaces), index);
}

void draft_remove_route(struct draft *draft, size_t index)
{
	struct config *config = draft->config;
	size_t count = config->route_count;

	free(draft->routes[index].text);
	draft_remove(draft->routes, &count, sizeof(*draft->routes), index);
	draft_remove(config->routes, &config->route_count, sizeof(*config->routes), index);
}

void draft_name_set(struct draft_name *name, const char *text, unsigned line, unsigned column)
{
	free(name->text);
	*name = (struct draft_name) {
		.text = text ? alloc_string(text) : NULL, .line = line, .column = column
	};
}

void draft_done(struct draft *draft)
{
	for (size_t i = 0; i < draft->config->node.iface_count; i++)
		free(draft->tunnels[i].source.text);
	for (size_t i = 0; i < draft->config->route_count; i++)
		free(draft->routes[i].text);
	for (size_t i = 0; i < draft->reference_count; i++)
		free(draft->references[i].name.text);
	free(draft->tunnels);
	free(draft->routes);
	free(draft->references);
}

bool draft_has_room(struct draft *draft, const struct lex_line *line, size_t count)
{
	if (count < DRAFT_LIST_MAX)
		return true;
	message_error(draft->messages, line->number, 0, "more than %d lines of this kind", DRAFT_LIST_MAX);
	return false;
}

void draft_remove(void *array, size_t *count, size_t size, size_t index)
{
	char *place = (char *)array + index * size;

	memmove(place, place + size, (*count - index - 1) * size);
	(*count)--;
}
