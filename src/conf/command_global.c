// SPDX-License-Identifier: GPL-2.0-or-later
// The commands outside of blocks.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "conf/arg.h"
#include "conf/command.h"
#include "conf/message.h"
#include "conf/name.h"
#include "conf/print.h"
#include "conf/schema.h"

COMMAND_SET(command_set_hostname)
{
	free(draft->config->hostname);
	draft->config->hostname = match->negated ? NULL : alloc_string(match_argument(match, "NAME"));
}

COMMAND_PRINT(command_print_hostname)
{
	(void)index;
	(void)hide_secrets;
	if (config->hostname)
		fprintf(out, "hostname %s\n", config->hostname);
}

COMMAND_SET(command_set_hook)
{
	const char *path = match->negated ? NULL : match_argument(match, "PATH");

	free(draft->config->hook);
	draft->config->hook = path ? alloc_string(path) : NULL;
}

COMMAND_PRINT(command_print_hook)
{
	(void)index;
	(void)hide_secrets;
	if (config->hook)
		fprintf(out, "event hook %s\n", config->hook);
}

/// Loopback, where no address is given: who can reach it learns who talks to whom.
COMMAND_SET(command_set_metrics)
{
	struct config *config = draft->config;

	config->metrics_port = match->negated ? 0 : (uint16_t)match_number(match, "listen", 0);
	config->metrics_address = addr_from_ipv4(0x7f000001);
	if (!match->negated && match_index(match, "ADDRESS") >= 0)
		config->metrics_address = match_addr(match, "ADDRESS");
}

COMMAND_PRINT(command_print_metrics)
{
	char text[ADDR_TEXT_SIZE];

	(void)index;
	(void)hide_secrets;
	if (config->metrics_port == 0)
		return;
	fprintf(out, "metrics listen %u", config->metrics_port);
	if (!addr_equal(config->metrics_address, addr_from_ipv4(0x7f000001)))
		fprintf(out, " %s", addr_format(config->metrics_address, text));
	fputc('\n', out);
}

static size_t find_alias(const struct config *config, const char *name)
{
	size_t index = 0;

	while (index < config->alias_count && !name_equal(config->aliases[index].name, name))
		index++;
	return index;
}

/// An alias whose device is the name of an alias would stand for two things.
static bool makes_chain(const struct config *config, const struct interface_alias *alias)
{
	if (name_equal(alias->name, alias->device) || name_alias(config, alias->device))
		return true;
	for (size_t i = 0; i < config->alias_count; i++) {
		if (name_equal(alias->name, config->aliases[i].device))
			return true;
	}
	return false;
}

COMMAND_SET(command_set_alias)
{
	struct config *config = draft->config;
	const struct lex_line *line = match->line;
	int place = match_index(match, "DEVICE");
	const char *name = match_argument(match, "NAME");
	struct interface_alias alias = { 0 };
	size_t index = find_alias(config, name);
	struct err err;

	if (!name_device(line->words[place].text, alias.device, &err)) {
		message_error(draft->messages, line->number, line->words[place].column, "%s", err.text);
		return;
	}
	if (index < config->alias_count) {
		free(config->aliases[index].name);
		draft_remove(config->aliases, &config->alias_count, sizeof(alias), index);
	}
	if (match->negated || !draft_has_room(draft, line, config->alias_count))
		return;
	alias.name = alloc_string(name);
	if (makes_chain(config, &alias)) {
		message_error(draft->messages, line->number, line->words[place].column,
			"one alias has the name of another one's device; choose a name that no device has");
		free(alias.name);
		return;
	}
	config->aliases = alloc_resize(config->aliases, config->alias_count + 1, sizeof(alias));
	config->aliases[config->alias_count++] = alias;
}

COMMAND_PRINT(command_print_alias)
{
	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < config->alias_count; i++)
		fprintf(out, "alias interface %s %s\n", config->aliases[i].name, config->aliases[i].device);
}

COMMAND_SET(command_set_interface)
{
	const struct lex_line *line = match->line;
	char name[MATCH_INTERFACE_SIZE];
	char quoted[QUOTE_SIZE];
	uint32_t id;

	match_interface(match, name);
	if (!name_tunnel(name, &id)) {
		message_warning(draft->messages, line->number, 0,
			"`interface %s`: not ours, this block changes nothing", message_quote(name, quoted));
		if (!match->negated)
			draft_open_foreign(draft, line, true);
	} else if (match->negated) {
		draft_remove_tunnel(draft, id);
	} else {
		draft_open_tunnel(draft, id, line);
	}
}

COMMAND_PRINT(command_print_interface)
{
	(void)index;
	for (size_t i = 0; i < config->node.iface_count; i++)
		print_tunnel(out, config, i, hide_secrets);
}

/// Two routes are the same where only their distance differs.
static size_t find_route(const struct draft *draft, const struct static_route *route, const char *interface)
{
	const struct config *config = draft->config;
	size_t index = 0;

	for (; index < config->route_count; index++) {
		const struct static_route *other = &config->routes[index];
		const char *name = draft->routes[index].text ? draft->routes[index].text : "";
		if (prefix_equal(other->prefix, route->prefix) &&
			addr_equal(other->next_hop, route->next_hop) && name_equal(name, interface))
			break;
	}
	return index;
}

/// The distance is the one number that is an argument without a keyword before it.
static uint8_t distance_of(const struct match *match)
{
	int index = match_index(match, "<1-255>");
	uint32_t distance;

	return index >= 0 && arg_number(match->line->words[index].text, &distance) ? (uint8_t)distance : 1;
}

static void add_route(struct draft *draft, const struct match *match, const struct static_route *route)
{
	struct config *config = draft->config;
	int place = match_index(match, "INTERFACE");
	size_t count = config->route_count;

	if (!draft_has_room(draft, match->line, count))
		return;
	config->routes = alloc_resize(config->routes, count + 1, sizeof(*config->routes));
	draft->routes = alloc_resize(draft->routes, count + 1, sizeof(*draft->routes));
	config->routes[count] = *route;
	draft->routes[count] = (struct draft_name) { 0 };
	if (place >= 0)
		draft_name_set(&draft->routes[count], match->line->words[place].text, match->line->number,
			match->line->words[place].column);
	config->route_count++;
}

COMMAND_SET(command_set_route)
{
	const struct lex_line *line = match->line;
	char interface[MATCH_INTERFACE_SIZE];
	struct prefix prefix = match_prefix(match);
	struct static_route route = {
		.prefix = prefix_make(prefix.addr, prefix.length),
		.next_hop = match_addr(match, "NEXT-HOP"),
		.distance = distance_of(match),
	};

	match_interface(match, interface);
	size_t index = find_route(draft, &route, interface);
	if (match_has(match, "track") && !match->negated)
		message_warning(draft->messages, line->number, 0,
			"`track`: not supported, the route is there without; one by a next hop server leaves the table "
			"while that server does not answer");
	if (strcasecmp(interface, "dhcp") == 0) {
		message_warning(draft->messages, line->number, 0,
			"`ip route`: not ours, the host's DHCP client makes this route; this changes nothing");
	} else if (!prefix_equal(prefix, route.prefix)) {
		message_error(draft->messages, line->number, line->words[match->first + 2].column,
			"the address has bits set outside of its mask; write the network's address");
	} else if (match->negated) {
		if (index < draft->config->route_count)
			draft_remove_route(draft, index);
	} else if (index < draft->config->route_count) {
		draft->config->routes[index].distance = route.distance;
	} else {
		add_route(draft, match, &route);
	}
}

COMMAND_PRINT(command_print_route)
{
	char network[ADDR_TEXT_SIZE];
	char mask[ADDR_TEXT_SIZE];
	char next_hop[ADDR_TEXT_SIZE];

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < config->route_count; i++) {
		const struct static_route *route = &config->routes[i];
		fprintf(out, "ip route %s %s", addr_format(route->prefix.addr, network),
			addr_format(
				prefix_make(addr_from_ipv4(UINT32_MAX), route->prefix.length).addr, mask));
		if (route->interface[0] != '\0')
			fprintf(out, " %s", route->interface);
		if (addr_is_set(route->next_hop))
			fprintf(out, " %s", addr_format(route->next_hop, next_hop));
		if (route->distance != 1)
			fprintf(out, " %u", route->distance);
		fprintf(out, "\n");
	}
}

COMMAND_SET(command_exit)
{
	(void)match;
	draft->crypto = draft->crypto == COMMAND_PEER ? COMMAND_KEYRING : 0;
	draft->current = DRAFT_NO_TUNNEL;
	draft->foreign = false;
}
