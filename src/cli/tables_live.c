// SPDX-License-Identifier: GPL-2.0-or-later
// `show events`, and what a session hears: events, and packets in the form of Cisco's `debug nhrp packet`.
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

/// "Nov 23 07:01:02.123" of "2026-11-23T07:01:02.123Z".
static const char *short_time(const char *text, char buffer[static FIELD_SIZE])
{
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec" };
	unsigned month, day;
	char clock[13];
	if (sscanf(text, "%*4u-%2u-%2uT%12[0-9:.]", &month, &day, clock) == 3 && month >= 1 && month <= 12)
		snprintf(buffer, FIELD_SIZE, "%s %2u %s", months[month - 1], day, clock);
	else
		snprintf(buffer, FIELD_SIZE, "%.24s", text);
	return buffer;
}

void table_event(FILE *out, const json_t *event)
{
	char time[FIELD_SIZE], name[FIELD_SIZE];
	fprintf(out, "%s: %s: %s", short_time(field_text(event, "time"), time), field_interface(event, name),
		field_text(event, "event"));
	if (!field_is_null(event, "prefix"))
		fprintf(out, " %s", field_text(event, "prefix"));
	if (!field_is_null(event, "protocol"))
		fprintf(out, "%s %s", field_is_null(event, "prefix") ? "" : " via",
			field_text(event, "protocol"));
	if (!field_is_null(event, "nbma"))
		fprintf(out, " at %s", field_text(event, "nbma"));
	if (!field_is_null(event, "reason"))
		fprintf(out, ": %s", field_text(event, "reason"));
	fputc('\n', out);
}

void table_events(FILE *out, const json_t *data)
{
	const json_t *events = json_object_get(data, "events");
	for (size_t i = 0; i < json_array_size(events); i++)
		table_event(out, json_array_get(events, i));
}

/// The verdict, then the steps; what a packet cannot pass is marked.
void table_why(FILE *out, const json_t *data)
{
	const json_t *steps = json_object_get(data, "steps");
	fprintf(out, "%s\n\n", field_text(data, "text"));
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *one = json_array_get(steps, i);
		fprintf(out, "%s %-11s %s\n", field_true(one, "ok") ? " " : "!", field_text(one, "about"),
			field_text(one, "text"));
	}
}

static const char *or_none(const json_t *object, const char *key)
{
	return field_is_null(object, key) ? "none" : field_text(object, key);
}

/// Bytes of an address as text.
static unsigned address_length(const json_t *object, const char *key)
{
	if (field_is_null(object, key))
		return 0;
	return strchr(field_text(object, key), ':') != NULL ? 16 : 4;
}

static void print_cie(FILE *out, const json_t *cie, size_t number)
{
	fprintf(out, " (C-%zu) code: %s(%lld)\n", number, field_text(cie, "code_name"),
		field_number(cie, "code"));
	fprintf(out, "       prefix: %lld, mtu: %lld, hd_time: %lld\n", field_number(cie, "prefix_length"),
		field_number(cie, "mtu"), field_number(cie, "holding_time"));
	fprintf(out, "       addr_len: %u(NSAP), subaddr_len: 0(NSAP), proto_len: %u, pref: %lld\n",
		address_length(cie, "nbma"), address_length(cie, "protocol"),
		field_number(cie, "preference"));
	if (!field_is_null(cie, "nbma"))
		fprintf(out, "       client NBMA: %s\n", field_text(cie, "nbma"));
	if (!field_is_null(cie, "protocol"))
		fprintf(out, "       client protocol: %s\n", field_text(cie, "protocol"));
}

static void print_mandatory(FILE *out, const json_t *packet)
{
	const json_t *flags = json_object_get(packet, "flags"), *cies = json_object_get(packet, "cies");
	fprintf(out, " (M) flags: \"");
	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));
		fprintf(out, "%s ", flag != NULL ? flag : "");
	}
	fprintf(out, "\", reqid: %lld\n", field_number(packet, "request_id"));
	fprintf(out, "     src NBMA: %s\n", or_none(packet, "src_nbma"));
	fprintf(out, "     src protocol: %s, dst protocol: %s\n", or_none(packet, "src_protocol"),
		or_none(packet, "dst_protocol"));
	if (!field_is_null(packet, "error"))
		fprintf(out, "     error: %s\n", field_text(packet, "error"));
	for (size_t i = 0; i < json_array_size(cies); i++)
		print_cie(out, json_array_get(cies, i), i + 1);
}

void table_packet(FILE *out, const json_t *packet)
{
	const json_t *extensions = json_object_get(packet, "extensions");
	bool received = field_true(packet, "received");
	char name[FIELD_SIZE];

	field_interface(packet, name);
	if (!field_is_null(packet, "malformed")) {
		fprintf(out, "NHRP: %s malformed packet via %s %s %s, packet size: %lld: %s\n",
			received ? "Receive" : "Send", name, received ? "from" : "to",
			or_none(packet, "nbma"), field_number(packet, "size"),
			field_text(packet, "malformed"));
		return;
	}
	fprintf(out, "NHRP: %s %s via %s vrf 0, packet size: %lld\n", received ? "Receive" : "Send",
		field_text(packet, "type"), name, field_number(packet, "size"));
	fprintf(out, " %s NBMA: %s\n", received ? "from" : "to", or_none(packet, "nbma"));
	fprintf(out, " (F) afn: %s(%lld), type: IP(%llx), hop: %lld, ver: 1\n",
		field_number(packet, "afn") == 2 ? "AF_IP6" : "AF_IP", field_number(packet, "afn"),
		(unsigned long long)field_number(packet, "protocol_type"), field_number(packet, "hop_count"));
	fprintf(out, "     shtl: %u(NSAP), sstl: 0(NSAP)\n", address_length(packet, "src_nbma"));
	fprintf(out, "     pktsz: %lld extoff: %lld\n", field_number(packet, "size"),
		field_number(packet, "extension_offset"));
	print_mandatory(out, packet);
	for (size_t i = 0; i < json_array_size(extensions); i++) {
		const json_t *extension = json_array_get(extensions, i);
		const json_t *cies = json_object_get(extension, "cies");
		fprintf(out, " %s Extension(%lld):\n", field_text(extension, "name"),
			field_number(extension, "type"));
		for (size_t j = 0; j < json_array_size(cies); j++)
			print_cie(out, json_array_get(cies, j), j + 1);
	}
}
