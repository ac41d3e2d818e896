// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp` in its forms: the cache.
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

static void print_flags(FILE *out, const json_t *entry)
{
	const json_t *flags = json_object_get(entry, "flags");
	for (size_t i = 0; i < json_array_size(flags); i++)
		fprintf(out, "%s ", json_string_value(json_array_get(flags, i)));
	fputc('\n', out);
}

static void print_incomplete(FILE *out, const json_t *entry)
{
	char name[FIELD_SIZE], created[FIELD_SIZE], expire[FIELD_SIZE];
	fprintf(out, "%s\n", field_text(entry, "target"));
	fprintf(out, "   %s created %s, expire %s\n", field_interface(entry, name),
		field_time(entry, "created_seconds", created), field_time(entry, "expire_seconds", expire));
	fprintf(out, "   Type: incomplete, Flags: ");
	print_flags(out, entry);
	fprintf(out, "   Requests unanswered: %lld%s%s\n", field_number(entry, "requests_unanswered"),
		field_is_null(entry, "reason") ? "" : ", reason: ", field_text(entry, "reason"));
}

/// Who was told of what is ours.
static void print_requesters(FILE *out, const json_t *entry)
{
	const json_t *requesters = json_object_get(entry, "requesters");
	for (size_t i = 0; i < json_array_size(requesters); i++) {
		const json_t *requester = json_array_get(requesters, i);
		char expire[FIELD_SIZE];
		fprintf(out, "   Requester: %s at %s, expire %s\n", field_text(requester, "address"),
			field_text(requester, "nbma"), field_time(requester, "expire_seconds", expire));
	}
}

static void print_entry(FILE *out, const json_t *entry, bool detail)
{
	char name[FIELD_SIZE], created[FIELD_SIZE], expire[FIELD_SIZE];
	if (strcmp(field_text(entry, "type"), "incomplete") == 0) {
		print_incomplete(out, entry);
		return;
	}
	fprintf(out, "%s via %s\n", field_text(entry, "target"), field_text(entry, "next_hop"));
	fprintf(out, "   %s ", field_interface(entry, name));
	if (!field_is_null(entry, "created_seconds"))
		fprintf(out, "created %s, ", field_time(entry, "created_seconds", created));
	if (field_is_null(entry, "expire_seconds"))
		fprintf(out, "never expire \n");
	else
		fprintf(out, "expire %s\n", field_time(entry, "expire_seconds", expire));
	fprintf(out, "   Type: %s, Flags: ", field_text(entry, "type"));
	print_flags(out, entry);
	fprintf(out, "   NBMA address: %s \n",
		field_is_null(entry, "nbma") ? "UNKNOWN" : field_text(entry, "nbma"));
	if (field_lists(entry, "flags", "local"))
		fprintf(out, "    (no-socket) \n");
	if (!field_is_null(entry, "claimed_nbma"))
		fprintf(out, "    (Claimed NBMA address: %s) \n", field_text(entry, "claimed_nbma"));
	if (detail) {
		fprintf(out, "   Preference: 255\n");
		fprintf(out, "   Request ID: %lld, MTU: %lld\n", field_number(entry, "request_id"),
			field_number(entry, "mtu"));
		print_requesters(out, entry);
	}
}

static void print_entries(FILE *out, const json_t *data, bool detail)
{
	const json_t *entries = json_object_get(data, "entries");
	for (size_t i = 0; i < json_array_size(entries); i++)
		print_entry(out, json_array_get(entries, i), detail);
}

void table_nhrp(FILE *out, const json_t *data)
{
	print_entries(out, data, false);
}

void table_nhrp_detail(FILE *out, const json_t *data)
{
	print_entries(out, data, true);
}

/// u: unique, r: registered, e: temporary, c: claimed, t: route.
static void print_brief_flags(FILE *out, const json_t *entry)
{
	fprintf(out, "%s%s%s%s%s", field_lists(entry, "flags", "unique") ? "u" : "",
		field_lists(entry, "flags", "registered") ? "r" : "",
		field_lists(entry, "flags", "temporary") ? "e" : "",
		field_is_null(entry, "claimed_nbma") ? "" : "c",
		field_lists(entry, "flags", "rib") || field_lists(entry, "flags", "nho") ? "t" : "");
}

static void print_brief_head(FILE *out)
{
	fputs("****************************************************************************\n"
	      "    NOTE: Link-Local, No-socket and Incomplete entries are not displayed\n"
	      "****************************************************************************\n"
	      "Legend: Type --> S - Static, D - Dynamic\n"
	      "        Flags --> u - unique, r - registered, e - temporary, c - claimed\n"
	      "        t - route\n"
	      "============================================================================\n\n"
	      "Intf     NextHop Address                                    NBMA Address\n"
	      "         Target Network                              T/Flag\n"
	      "-------- ------------------------------------------- ------ ----------------\n",
		out);
}

void table_nhrp_brief(FILE *out, const json_t *data)
{
	const json_t *entries = json_object_get(data, "entries");
	if (!field_true(data, "continued"))
		print_brief_head(out);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		char name[FIELD_SIZE];
		fprintf(out, "%-8s %-43s        %s\n", field_interface_short(entry, name),
			field_text(entry, "next_hop"), field_text(entry, "nbma"));
		fprintf(out, "         %-43s %c/", field_text(entry, "target"),
			strcmp(field_text(entry, "type"), "static") == 0 ? 'S' : 'D');
		print_brief_flags(out, entry);
		fputc('\n', out);
	}
}

void table_nhrp_summary(FILE *out, const json_t *data)
{
	long long entries = field_number(data, "entries"), local = field_number(data, "local");
	long long routes = field_number(data, "routes"), overrides = field_number(data, "overrides");
	fprintf(out, "IP NHRP cache %lld %s, %lld bytes\n", entries, entries == 1 ? "entry" : "entries",
		field_number(data, "bytes"));
	fprintf(out, "    %lld static  %lld dynamic  %lld incomplete\n", field_number(data, "static"),
		field_number(data, "dynamic"), field_number(data, "incomplete"));
	fprintf(out, "%lld Remote\n", entries - local);
	fprintf(out, "    %lld nhop  0 bfd\n", field_number(data, "next_hops"));
	fprintf(out, "    0 default  %lld temporary\n", field_number(data, "temporary"));
	fprintf(out, "    %lld route\n", routes + overrides);
	fprintf(out, "        %lld rib (%lld H  %lld nho)\n", routes + overrides, routes, overrides);
	fprintf(out, "        0 bgp\n");
	fprintf(out, "%lld Local\n", local);
	if (field_number(data, "silent") > 0)
		fprintf(out, "%lld silent: they did not answer directly of late\n",
			field_number(data, "silent"));
}
