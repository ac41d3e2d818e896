// SPDX-License-Identifier: GPL-2.0-or-later
// The picture is made of what `show dmvpn` and `show ip route` say: first the facts as dmvpn/topology/1, then
// each form out of them.
#include "cli/topology.h"

#include <string.h>

#include "cli/draw.h"
#include "cli/field.h"

static bool is_server(const json_t *interface, const char *address)
{
	const json_t *servers = json_object_get(interface, "nhs");
	for (size_t i = 0; i < json_array_size(servers); i++)
		if (strcmp(field_text(json_array_get(servers, i), "address"), address) == 0)
			return true;
	return false;
}

/// A target that is only the tunnel address itself says nothing of what is behind the peer.
static bool is_own_target(const json_t *entry)
{
	const char *target = field_text(entry, "target"), *address = field_text(entry, "tunnel_address");
	size_t length = strlen(address);
	return strncmp(target, address, length) == 0 &&
	       (strcmp(target + length, "/32") == 0 || strcmp(target + length, "/128") == 0);
}

static const char *role_of(const json_t *interface, const json_t *entry)
{
	const char *attributes = field_text(entry, "attributes");
	if (is_server(interface, field_text(entry, "tunnel_address")))
		return "server";
	if (attributes[0] == 'I')
		return "unknown";
	if (attributes[0] == 'S')
		return "static";
	if (strstr(field_text(interface, "type"), "Hub") != NULL && strstr(attributes, "T") == NULL)
		return "client";
	return "peer";
}

/// The routes of the routing table by a next hop, which are reached through it.
static void add_routes(json_t *behind, const json_t *routes, const char *next_hop)
{
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const json_t *route = json_array_get(routes, i);
		if (strcmp(field_text(route, "next_hop"), next_hop) == 0 &&
			strcmp(field_text(route, "code"), "H") != 0 &&
			!json_is_object(json_object_get(route, "override")))
			json_array_append(behind, json_object_get(route, "prefix"));
	}
}

static json_t *find_peer(json_t *list, const json_t *interface, const json_t *peer, const char *address)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = json_array_get(list, i);
		if (strcmp(field_text(one, "interface"), field_text(interface, "interface")) == 0 &&
			strcmp(field_text(one, "nbma"), field_text(peer, "nbma")) == 0 &&
			strcmp(field_text(one, "address"), address) == 0)
			return one;
	}
	return NULL;
}

/// One line for each tunnel address of a peer, with the prefixes behind it.
static void add_entry(
	json_t *list, const json_t *interface, const json_t *peer, const json_t *entry, const json_t *routes)
{
	const char *address = field_text(entry, "tunnel_address"), *role = role_of(interface, entry);
	bool by_server = strcmp(role, "unknown") == 0;
	json_t *known = json_array_size(json_object_get(peer, "entries")) > 1
				? find_peer(list, interface, peer, address)
				: NULL;
	if (known == NULL) {
		json_t *behind = json_array();
		add_routes(behind, routes, address);
		known = json_pack("{s:s, s:O?, s:s, s:s, s:s, s:O, s:s, s:o}", "interface",
			field_text(interface, "interface"), "nbma", json_object_get(peer, "nbma"), "address",
			address, "role", role, "state", field_text(entry, "state"), "up_down_seconds",
			json_object_get(entry, "up_down_seconds"), "path", by_server ? "by-server" : "direct",
			"behind", behind);
		json_array_append_new(list, known);
	}
	if (!is_own_target(entry) && !by_server)
		json_array_append(json_object_get(known, "behind"), json_object_get(entry, "target"));
}

static json_t *facts(const json_t *dmvpn, const json_t *route, const char *hostname)
{
	const json_t *interfaces = json_object_get(dmvpn, "interfaces");
	json_t *own = json_array(), *peers = json_array();
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const json_t *list = json_object_get(interface, "peers");
		json_array_append_new(
			own, json_pack("{s:s, s:s, s:s, s:O, s:b}", "interface",
				     field_text(interface, "interface"), "address",
				     field_text(interface, "address"), "type", field_text(interface, "type"),
				     "nbma", json_object_get(interface, "source"), "up",
				     field_true(interface, "up")));
		for (size_t j = 0; j < json_array_size(list); j++) {
			const json_t *peer = json_array_get(list, j);
			const json_t *entries = json_object_get(peer, "entries");
			for (size_t k = 0; k < json_array_size(entries); k++)
				add_entry(peers, interface, peer, json_array_get(entries, k),
					json_object_get(route, "routes"));
		}
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "schema", "dmvpn/topology/1", "hostname", hostname,
		"interfaces", own, "peers", peers);
}

bool topology_print(struct cli *cli, FILE *out, enum topology_form form, struct err *err)
{
	json_t *dmvpn = cli_view(cli, "show dmvpn", err);
	json_t *route = dmvpn != NULL ? cli_view(cli, "show ip route", err) : NULL;
	json_t *version = route != NULL ? cli_view(cli, "show version", err) : NULL;
	if (version != NULL) {
		json_t *topology = facts(dmvpn, route, field_text(version, "hostname"));
		switch (form) {
		case TOPOLOGY_TEXT:
			draw_text(out, topology);
			break;
		case TOPOLOGY_DOT:
			draw_dot(out, topology);
			break;
		case TOPOLOGY_SVG:
			draw_svg(out, topology);
			break;
		case TOPOLOGY_JSON:
			json_dumpf(topology, out, JSON_INDENT(2));
			fputc('\n', out);
			break;
		}
		json_decref(topology);
	}
	bool ok = version != NULL;
	json_decref(dmvpn);
	json_decref(route);
	json_decref(version);
	return ok;
}
