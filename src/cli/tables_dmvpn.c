// SPDX-License-Identifier: GPL-2.0-or-later
// `show dmvpn` and `show dmvpn detail`. Trailing blanks are Cisco's; scripts that parse the text want them.
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

static const char legend[] = "Legend: Attrb --> S - Static, D - Dynamic, I - Incomplete\n"
			     "        N - NATed, L - Local, X - No Socket\n"
			     "        T1 - Route Installed, T2 - Nexthop-override, B - BGP\n"
			     "        C - CTS Capable, I2 - Temporary\n"
			     "        # Ent --> Number of NHRP entries with same NBMA peer\n"
			     "        NHS Status: E --> Expecting Replies, R --> Responding, W --> Waiting\n"
			     "        UpDn Time --> Up or Down Time for a Tunnel\n"
			     "==========================================================================\n";

/// The lines of one peer: the count and the NBMA address stand on the first only, and a long address
/// stands on a line of its own.
static void print_peer(FILE *out, const json_t *peer, bool detail)
{
	const json_t *entries = json_object_get(peer, "entries");
	const char *nbma = field_is_null(peer, "nbma") ? "UNKNOWN" : field_text(peer, "nbma");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		char time[FIELD_SIZE];

		if (i > 0)
			fprintf(out, "%22s", "");
		else if (strlen(nbma) > 15)
			fprintf(out, "%6lld %s\n%22s", field_number(peer, "entry_count"), nbma, "");
		else
			fprintf(out, "%6lld %-15s", field_number(peer, "entry_count"), nbma);
		fprintf(out, " %15s %5s %8s %5s", field_text(entry, "tunnel_address"),
			field_text(entry, "state"), field_time(entry, "up_down_seconds", time),
			field_text(entry, "attributes"));
		if (detail)
			fprintf(out, " %18s", field_text(entry, "target"));
		fputc('\n', out);
	}
}

static void print_columns(FILE *out, bool detail)
{
	fprintf(out, " # Ent  Peer NBMA Addr Peer Tunnel Add State  UpDn Tm Attrb%s\n",
		detail ? "    Target Network" : "");
	fprintf(out, " ----- --------------- --------------- ----- -------- -----%s\n",
		detail ? " -----------------" : "");
}

static void print_peers(FILE *out, const json_t *interface, bool detail)
{
	const json_t *peers = json_object_get(interface, "peers");
	if (!field_true(interface, "continued"))
		print_columns(out, detail);
	for (size_t i = 0; i < json_array_size(peers); i++)
		print_peer(out, json_array_get(peers, i), detail);
	if (!field_true(interface, "more"))
		fputc('\n', out);
}

static void print_nhs(FILE *out, const json_t *interface)
{
	const json_t *servers = json_object_get(interface, "nhs");
	if (json_array_size(servers) == 0)
		return;
	fprintf(out, "\nIPv4 NHS:\n");
	for (size_t i = 0; i < json_array_size(servers); i++) {
		const json_t *nhs = json_array_get(servers, i);
		fprintf(out, "%s  %2s priority = %lld cluster = %lld\n", field_text(nhs, "address"),
			field_text(nhs, "flags"), field_number(nhs, "priority"),
			field_number(nhs, "cluster"));
	}
}

static void print_details(FILE *out, const json_t *interface)
{
	char name[FIELD_SIZE], address[64];
	bool multipoint = strcmp(field_text(interface, "mode"), "gre multipoint") == 0;

	fprintf(out, "Interface %s is %s/%s, Addr. is %s, VRF \"\" \n", field_interface(interface, name),
		field_admin_state(interface), field_line_protocol(interface),
		field_address(interface, "address", address, sizeof(address)));
	fprintf(out, "   Tunnel Src./Dest. addr: %s/%s, Tunnel VRF \"\"\n",
		field_is_null(interface, "source") ? "UNKNOWN" : field_text(interface, "source"),
		multipoint ? "Multipoint" : field_text(interface, "destination"));
	fprintf(out, "   Protocol/Transport: \"%s\", Protect \"%s\" \n",
		multipoint ? "multi-GRE/IP" : "GRE/IP", field_text(interface, "protection"));
	fprintf(out, "   Interface State Control: %s\n",
		field_true(interface, "if_state") ? "Enabled" : "Disabled");
	fprintf(out, "   nhrp event-publisher : Disabled\n");
	print_nhs(out, interface);
}

/// How many peers there are in all; older daemons tell only those of this part.
static long long peer_count(const json_t *interface)
{
	if (field_is_null(interface, "peer_count"))
		return (long long)json_array_size(json_object_get(interface, "peers"));
	return field_number(interface, "peer_count");
}

void table_dmvpn(FILE *out, const json_t *data)
{
	const json_t *interfaces = json_object_get(data, "interfaces");
	if (!field_true(data, "continued"))
		fputs(legend, out);
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		char name[FIELD_SIZE];
		if (!field_true(interface, "continued")) {
			fprintf(out, "\nInterface: %s, IPv4 NHRP Details \n",
				field_interface(interface, name));
			fprintf(out, "Type:%s, NHRP Peers:%lld, \n\n", field_text(interface, "type"),
				peer_count(interface));
		}
		print_peers(out, interface, false);
	}
}

void table_dmvpn_detail(FILE *out, const json_t *data)
{
	const json_t *interfaces = json_object_get(data, "interfaces");
	if (!field_true(data, "continued"))
		fputs(legend, out);
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		if (!field_true(interface, "continued")) {
			fputc('\n', out);
			print_details(out, interface);
			fprintf(out, "\nType:%s, Total NBMA Peers (v4/v6): %lld\n\n",
				field_text(interface, "type"), peer_count(interface));
		}
		print_peers(out, interface, true);
	}
	table_crypto_of_dmvpn(out, data);
}
