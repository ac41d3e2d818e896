// SPDX-License-Identifier: GPL-2.0-or-later
// `show ip nhrp nhs`, `show ip nhrp multicast` and `show ip nhrp traffic`.
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

static void print_server(FILE *out, const json_t *nhs, bool detail)
{
	char ago[FIELD_SIZE];
	fprintf(out, "%s  %2s ", field_is_null(nhs, "address") ? "UNKNOWN" : field_text(nhs, "address"),
		field_text(nhs, "flags"));
	if (detail)
		fprintf(out, " NBMA Address: %s ",
			field_is_null(nhs, "nbma") ? "UNKNOWN" : field_text(nhs, "nbma"));
	if (detail && !field_is_null(nhs, "name"))
		fprintf(out, "(%s) ", field_text(nhs, "name"));
	fprintf(out, "priority = %lld cluster = %lld", field_number(nhs, "priority"),
		field_number(nhs, "cluster"));
	if (detail) {
		fprintf(out, "  req-sent %lld  req-failed %lld  repl-recv %lld",
			field_number(nhs, "requests_sent"), field_number(nhs, "requests_failed"),
			field_number(nhs, "replies_received"));
		if (!field_is_null(nhs, "last_reply_seconds"))
			fprintf(out, " (%s ago)", field_time(nhs, "last_reply_seconds", ago));
	}
	fputc('\n', out);
}

static void print_pending(FILE *out, const json_t *interfaces)
{
	bool any = false;
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const json_t *servers = json_object_get(interface, "nhs");
		for (size_t j = 0; j < json_array_size(servers); j++) {
			const json_t *nhs = json_array_get(servers, j);
			char name[FIELD_SIZE];
			if (!field_true(nhs, "request_pending"))
				continue;
			fprintf(out, "%sRegistration Request: Reqid %lld, Ret %lld  NHS %s %s(%s)\n",
				any ? "" : "\nPending Registration Requests:\n",
				field_number(nhs, "request_id"), field_number(nhs, "retry_seconds"),
				field_text(nhs, "address"),
				strchr(field_text(nhs, "flags"), 'R') != NULL ? "" : "expired ",
				field_interface_short(interface, name));
			any = true;
		}
	}
}

static void print_servers(FILE *out, const json_t *data, bool detail)
{
	const json_t *interfaces = json_object_get(data, "interfaces");
	fprintf(out, "Legend: E=Expecting replies, R=Responding, W=Waiting, D=Dynamic\n");
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const json_t *servers = json_object_get(interface, "nhs");
		char name[FIELD_SIZE];
		if (json_array_size(servers) > 0)
			fprintf(out, "%s:\n", field_interface(interface, name));
		for (size_t j = 0; j < json_array_size(servers); j++)
			print_server(out, json_array_get(servers, j), detail);
	}
	if (detail)
		print_pending(out, interfaces);
}

void table_nhs(FILE *out, const json_t *data)
{
	print_servers(out, data, false);
}

void table_nhs_detail(FILE *out, const json_t *data)
{
	print_servers(out, data, true);
}

void table_multicast(FILE *out, const json_t *data)
{
	const json_t *receivers = json_object_get(data, "receivers");
	if (!field_true(data, "continued"))
		fprintf(out, "  I/F     NBMA address\n");
	for (size_t i = 0; i < json_array_size(receivers); i++) {
		const json_t *receiver = json_array_get(receivers, i);
		char name[FIELD_SIZE];
		const char *nbma = field_text(receiver, "nbma"), *group = field_text(receiver, "group");
		fprintf(out, "%-9s %-15s Flags: %-15s (%s)", field_interface(receiver, name),
			*nbma ? nbma : "-", field_text(receiver, "kind"), *nbma ? "Enabled" : "Disabled");
		if (*group)
			fprintf(out, "  Group: %s to %s", group, field_text(receiver, "receiver"));
		fprintf(out, "\n");
	}
}

static void print_messages(FILE *out, const char *title, const json_t *counts, long long suppressed)
{
	fprintf(out, "   %s Total %lld\n", title, field_number(counts, "total"));
	fprintf(out, "         %lld Resolution Request  %lld Resolution Reply  %lld Registration Request\n",
		field_number(counts, "resolution_request"), field_number(counts, "resolution_reply"),
		field_number(counts, "registration_request"));
	fprintf(out, "         %lld Registration Reply  %lld Purge Request  %lld Purge Reply\n",
		field_number(counts, "registration_reply"), field_number(counts, "purge_request"),
		field_number(counts, "purge_reply"));
	fprintf(out, "         %lld Error Indication  %lld Traffic Indication  %lld Redirect Suppress\n",
		field_number(counts, "error_indication"), field_number(counts, "traffic_indication"),
		suppressed);
}

/// Not Cisco's: why packets were not handled; without `all` those reasons that occurred.
static void print_refusals(FILE *out, const json_t *interface, bool all)
{
	const char *name;
	json_t *count;
	long long total = 0;
	json_object_foreach(json_object_get(interface, "refused"), name, count) total +=
		json_integer_value(count);
	fprintf(out, "   Refused: Total %lld\n", total);
	json_object_foreach(
		json_object_get(interface, "refused"), name, count) if (all || json_integer_value(count) > 0)
		fprintf(out, "         %lld %s\n", (long long)json_integer_value(count), name);
}

/// From whom the most of them came.
static void print_offenders(FILE *out, const json_t *interface)
{
	const json_t *list = json_object_get(interface, "refused_from");
	if (json_array_size(list) > 0)
		fprintf(out, "   Refused from:\n");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *offender = json_array_get(list, i);
		fprintf(out, "         %-15s %lld to %lld, the last: %s\n", field_text(offender, "nbma"),
			field_number(offender, "packets"), field_number(offender, "packets_at_most"),
			field_text(offender, "reason"));
	}
}

static void print_traffic(FILE *out, const json_t *data, bool detail)
{
	const json_t *interfaces = json_object_get(data, "interfaces");
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i);
		const json_t *limit = json_object_get(interface, "max_send");
		char name[FIELD_SIZE];
		fprintf(out, "%s: Max-send limit:%lldPkts/%lldSec, Usage:%lld%%\n",
			field_interface(interface, name), field_number(limit, "packets"),
			field_number(limit, "interval_seconds"), field_number(limit, "usage_percent"));
		print_messages(out, "Sent:", json_object_get(interface, "sent"),
			field_number(interface, "redirects_suppressed"));
		print_messages(out, "Rcvd:", json_object_get(interface, "received"), 0);
		print_messages(out, "Fwd:", json_object_get(interface, "forwarded"), 0);
		print_refusals(out, interface, detail);
		if (detail)
			print_offenders(out, interface);
		if (detail)
			fprintf(out,
				"   Registrations refused: %lld\n   Departures from RFC 2332 understood: %lld\n",
				field_number(interface, "registrations_refused"),
				field_number(interface, "quirks"));
	}
	if (field_number(data, "events_suppressed") > 0)
		fprintf(out, "Log lines left out, as others caused too many: %lld\n",
			field_number(data, "events_suppressed"));
}

void table_traffic(FILE *out, const json_t *data)
{
	print_traffic(out, data, false);
}

void table_traffic_detail(FILE *out, const json_t *data)
{
	print_traffic(out, data, true);
}
