// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip route` and `show interfaces`.
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

static const char codes[] = "Codes: L - local, C - connected, S - static, R - RIP, B - BGP\n"
			    "       D - EIGRP, O - OSPF, i - IS-IS, K - kernel, H - NHRP\n"
			    "       % - next hop override\n";

static void print_default(FILE *out, const json_t *routes)
{
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const json_t *route = json_array_get(routes, i);
		if (strcmp(field_text(route, "prefix"), "0.0.0.0/0") == 0 &&
			!field_is_null(route, "next_hop")) {
			fprintf(out, "\nGateway of last resort is %s to network 0.0.0.0\n\n",
				field_text(route, "next_hop"));
			return;
		}
	}
	fprintf(out, "\nGateway of last resort is not set\n\n");
}

static void print_route(FILE *out, const json_t *route, bool with_override)
{
	const json_t *override = json_object_get(route, "override");
	char name[FIELD_SIZE], age[FIELD_SIZE], ago[FIELD_SIZE + 2] = "";
	bool overridden = json_is_object(override);

	if (!field_is_null(route, "age_seconds"))
		snprintf(ago, sizeof(ago), "%s, ", field_time(route, "age_seconds", age));
	fprintf(out, "%-4s%s    %s ", field_text(route, "code"), overridden ? "%" : " ",
		field_text(route, "prefix"));
	if (field_is_null(route, "interface"))
		fprintf(out, "is unreachable\n");
	else if (field_is_null(route, "next_hop"))
		fprintf(out, "is directly connected, %s%s\n", ago, field_interface(route, name));
	else
		fprintf(out, "[%lld/%lld] via %s, %s%s\n", field_number(route, "distance"),
			field_number(route, "metric"), field_text(route, "next_hop"), ago,
			field_interface(route, name));
	if (overridden && with_override)
		fprintf(out, "                     [NHO][%lld/%lld] via %s, %s, %s\n",
			field_number(route, "distance"), field_number(override, "metric"),
			field_text(override, "next_hop"), field_time(override, "age_seconds", age),
			field_interface(override, name));
}

static void print_routes(FILE *out, const json_t *data, bool with_override)
{
	const json_t *routes = json_object_get(data, "routes");
	if (!field_true(data, "continued")) {
		fputs(codes, out);
		print_default(out, routes);
	}
	for (size_t i = 0; i < json_array_size(routes); i++)
		print_route(out, json_array_get(routes, i), with_override);
}

void table_route(FILE *out, const json_t *data)
{
	print_routes(out, data, false);
}

void table_route_override(FILE *out, const json_t *data)
{
	print_routes(out, data, true);
}

void table_route_entry(FILE *out, const json_t *data)
{
	const json_t *routes = json_object_get(data, "routes");
	for (size_t i = 0; i < json_array_size(routes); i++)
		print_route(out, json_array_get(routes, i), true);
}

static void print_interface(FILE *out, const json_t *interface)
{
	char name[FIELD_SIZE];
	const json_t *drops = json_object_get(interface, "drops");
	bool multipoint = strcmp(field_text(interface, "mode"), "gre multipoint") == 0;
	bool dormant = strcmp(field_text(interface, "device_state"), "dormant") == 0;

	fprintf(out, "%s is %s, line protocol is %s%s\n", field_interface(interface, name),
		field_admin_state(interface), field_line_protocol(interface), dormant ? " (dormant)" : "");
	fprintf(out, "  Hardware is Tunnel%s%s\n", field_is_null(interface, "link") ? "" : ", link ",
		field_text(interface, "link"));
	if (!field_is_null(interface, "data_path"))
		fprintf(out, "  Data goes by %s\n", field_text(interface, "data_path"));
	if (!field_is_null(interface, "nhrp_filter"))
		fprintf(out, "  Filter of NHRP: %s\n", field_text(interface, "nhrp_filter"));
	if (!field_is_null(interface, "description"))
		fprintf(out, "  Description: %s\n", field_text(interface, "description"));
	fprintf(out, "  Internet address is %s\n", field_text(interface, "address"));
	fprintf(out, "  MTU %lld bytes\n", field_number(interface, "mtu"));
	fprintf(out, "  Tunnel source %s",
		field_is_null(interface, "source") ? "UNKNOWN" : field_text(interface, "source"));
	if (!field_is_null(interface, "source_interface"))
		fprintf(out, " (%s)", field_text(interface, "source_interface"));
	fprintf(out, ", destination %s\n",
		field_is_null(interface, "destination") ? "UNKNOWN" : field_text(interface, "destination"));
	fprintf(out, "  Tunnel protocol/transport %s\n", multipoint ? "multi-GRE/IP" : "GRE/IP");
	if (field_is_null(interface, "key"))
		fprintf(out, "    Key disabled\n");
	else
		fprintf(out, "    Key 0x%llX\n", (unsigned long long)field_number(interface, "key"));
	if (json_is_object(drops))
		fprintf(out,
			"  Drops: %lld unknown peer, %lld not wanted, %lld send failed, %lld device full, %lld socket full\n",
			field_number(drops, "unknown_peer"), field_number(drops, "not_wanted"),
			field_number(drops, "send_failed"), field_number(drops, "device_full"),
			field_number(drops, "socket_full"));
}

void table_interface(FILE *out, const json_t *data)
{
	const json_t *interfaces = json_object_get(data, "interfaces");
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const json_t *peers = json_object_get(interface, "peers");
		if (!field_true(interface, "continued"))
			print_interface(out, interface);
		for (size_t j = 0; j < json_array_size(peers); j++) {
			const json_t *peer = json_array_get(peers, j);
			fprintf(out,
				"  Peer %s: %lld packets input, %lld bytes; %lld packets output, %lld bytes\n",
				field_text(peer, "nbma"), field_number(peer, "received_packets"),
				field_number(peer, "received_bytes"), field_number(peer, "sent_packets"),
				field_number(peer, "sent_bytes"));
		}
	}
}
