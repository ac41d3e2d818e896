// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of a tunnel that are about the device.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/check.h"
#include "conf/command.h"
#include "conf/message.h"

COMMAND_SET(command_set_description)
{
	struct tunnel_config *tunnel = draft_tunnel_config(draft);

	free(tunnel->description);
	tunnel->description = match->negated ? NULL : alloc_string(match_argument(match, "TEXT"));
}

COMMAND_PRINT(command_print_description)
{
	(void)hide_secrets;
	if (config->tunnels[index].description)
		fprintf(out, " description %s\n", config->tunnels[index].description);
}

COMMAND_SET(command_set_address)
{
	struct prefix address = match_prefix(match);
	struct prefix subnet = prefix_make(address.addr, address.length);

	if (match->negated) {
		draft_iface(draft)->address = (struct prefix) { 0 };
		return;
	}
	uint32_t host = addr_to_ipv4(address.addr) - addr_to_ipv4(subnet.addr);
	uint32_t broadcast = address.length < 32 ? UINT32_MAX >> address.length : 0;
	struct lex_word word = match->line->words[match->first + 2];
	if (!addr_is_host(address.addr) || address.length == 0 ||
		(address.length < 31 && (host == 0 || host == broadcast)))
		message_error(draft->messages, match->line->number, word.column,
			"\"%s\" is not the address of a host in a subnet of /%u", word.text, address.length);
	else
		draft_iface(draft)->address = address;
}

COMMAND_PRINT(command_print_address)
{
	struct prefix address = config->node.ifaces[index].address;
	char text[ADDR_TEXT_SIZE];
	char mask[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	if (addr_is_set(address.addr))
		fprintf(out, " ip address %s %s\n", addr_format(address.addr, text),
			addr_format(prefix_make(addr_from_ipv4(UINT32_MAX), address.length).addr, mask));
}

COMMAND_PRINT(command_print_mtu)
{
	const struct tunnel_config *tunnel = &config->tunnels[index];

	(void)hide_secrets;
	if (tunnel->ip_mtu != check_default_mtu(config, tunnel))
		fprintf(out, " ip mtu %u\n", tunnel->ip_mtu);
}

/// An interface is remembered by its name: aliases may follow.
COMMAND_SET(command_set_source)
{
	struct tunnel_config *tunnel = draft_tunnel_config(draft);
	struct draft_name *name = &draft->tunnels[draft->current].source;
	char interface[MATCH_INTERFACE_SIZE];
	int index = match_index(match, "INTERFACE");

	draft_name_set(name, NULL, 0, 0);
	tunnel->source_address = (struct addr) { 0 };
	if (match->negated)
		return;
	if (index >= 0)
		draft_name_set(name, match_interface(match, interface), match->line->number,
			match->line->words[index].column);
	else
		tunnel->source_address = match_addr(match, "ADDRESS");
}

COMMAND_PRINT(command_print_source)
{
	const struct tunnel_config *tunnel = &config->tunnels[index];
	char text[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	if (tunnel->source_interface[0] != '\0')
		fprintf(out, " tunnel source %s\n", tunnel->source_interface);
	else if (addr_is_set(tunnel->source_address))
		fprintf(out, " tunnel source %s\n", addr_format(tunnel->source_address, text));
}

COMMAND_SET(command_set_destination)
{
	draft_iface(draft)->destination = match->negated ? (struct addr) { 0 } : match_addr(match, "NBMA");
}

COMMAND_PRINT(command_print_destination)
{
	struct addr destination = config->node.ifaces[index].destination;
	char text[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	if (addr_is_set(destination))
		fprintf(out, " tunnel destination %s\n", addr_format(destination, text));
}

COMMAND_SET(command_set_mode)
{
	bool multipoint = !match->negated && match_has(match, "multipoint");

	draft_tunnel_config(draft)->mode = multipoint ? TUNNEL_GRE_MULTIPOINT : TUNNEL_GRE_IP;
}

COMMAND_PRINT(command_print_mode)
{
	(void)hide_secrets;
	if (config->tunnels[index].mode == TUNNEL_GRE_MULTIPOINT)
		fprintf(out, " tunnel mode gre multipoint\n");
}

COMMAND_SET(command_set_key)
{
	struct tunnel_config *tunnel = draft_tunnel_config(draft);

	tunnel->has_key = !match->negated;
	tunnel->key = match->negated ? 0 : match_number(match, "key", 0);
}

COMMAND_PRINT(command_print_key)
{
	(void)hide_secrets;
	if (config->tunnels[index].has_key)
		fprintf(out, " tunnel key %u\n", config->tunnels[index].key);
}

COMMAND_SET(command_set_link)
{
	enum tunnel_link *link = &draft_tunnel_config(draft)->link;

	*link = TUNNEL_LINK_AUTO;
	if (match->negated)
		return;
	if (match_has(match, "kernel"))
		*link = TUNNEL_LINK_KERNEL;
	else if (match_has(match, "user"))
		*link = TUNNEL_LINK_USER;
	else if (match_has(match, "threads"))
		*link = TUNNEL_LINK_THREADS;
}

COMMAND_PRINT(command_print_link)
{
	static const char *const names[] = {
		[TUNNEL_LINK_KERNEL] = "kernel",
		[TUNNEL_LINK_USER] = "user",
		[TUNNEL_LINK_THREADS] = "threads",
	};
	enum tunnel_link link = config->tunnels[index].link;

	(void)hide_secrets;
	if (link != TUNNEL_LINK_AUTO)
		fprintf(out, " tunnel link %s\n", names[link]);
}
