// SPDX-License-Identifier: GPL-2.0-or-later
// The list of layouts, and those that are a line or two.
#include "cli/tables.h"

#include <string.h>

#include "cli/field.h"

static void table_text(FILE *out, const json_t *data)
{
	const char *text = field_text(data, "text");
	size_t length = strlen(text);
	fprintf(out, "%s%s", text, length == 0 || text[length - 1] == '\n' ? "" : "\n");
}

static void table_version(FILE *out, const json_t *data)
{
	char uptime[FIELD_SIZE];
	fprintf(out, "%s, Version %s\n", field_text(data, "name"), field_text(data, "version"));
	fprintf(out, "%s uptime is %s\n", field_text(data, "hostname"),
		field_time(data, "uptime_seconds", uptime));
}

static void table_debugging(FILE *out, const json_t *data)
{
	static const struct {
		const char *key, *text;
	} topics[] = {
		{ "packet", "NHRP packet" },
		{ "cache", "NHRP cache" },
		{ "event", "NHRP event" },
	};
	fprintf(out, "NHRP:\n");
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		fprintf(out, "  %s debugging is %s\n", topics[i].text,
			field_true(data, topics[i].key) ? "on" : "off");
	if (!field_is_null(data, "peer"))
		fprintf(out, "  only of peer %s\n", field_text(data, "peer"));
	fprintf(out, "Terminal monitor is %s\n", field_true(data, "monitor") ? "on" : "off");
}

static void table_help(FILE *out, const json_t *data)
{
	const json_t *commands = json_object_get(data, "commands");
	for (size_t i = 0; i < json_array_size(commands); i++) {
		const json_t *command = json_array_get(commands, i);
		fprintf(out, "  %-36s %s\n", field_text(command, "command"), field_text(command, "help"));
	}
}

void table_print(FILE *out, const char *view, const json_t *data)
{
	static const struct {
		const char *view;
		void (*print)(FILE *out, const json_t *data);
	} layouts[] = {
		{ "dmvpn", table_dmvpn },
		{ "dmvpn-detail", table_dmvpn_detail },
		{ "nhrp", table_nhrp },
		{ "nhrp-detail", table_nhrp_detail },
		{ "nhrp-brief", table_nhrp_brief },
		{ "nhrp-summary", table_nhrp_summary },
		{ "nhrp-nhs", table_nhs },
		{ "nhrp-nhs-detail", table_nhs_detail },
		{ "nhrp-multicast", table_multicast },
		{ "nhrp-traffic", table_traffic },
		{ "nhrp-traffic-detail", table_traffic_detail },
		{ "events", table_events },
		{ "why", table_why },
		{ "route", table_route },
		{ "route-override", table_route_override },
		{ "route-entry", table_route_entry },
		{ "crypto-session", table_crypto_session },
		{ "crypto-session-detail", table_crypto_session_detail },
		{ "crypto-ikev2", table_crypto_ikev2 },
		{ "crypto-ikev2-detail", table_crypto_ikev2_detail },
		{ "crypto-ipsec", table_crypto_ipsec },
		{ "interface", table_interface },
		{ "running-config", table_text },
		{ "startup-config", table_text },
		{ "message", table_text },
		{ "version", table_version },
		{ "debugging", table_debugging },
		{ "help", table_help },
	};
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (strcmp(layouts[i].view, view) == 0) {
			layouts[i].print(out, data);
			return;
		}
	json_dumpf(data, out, JSON_INDENT(2));
	fputc('\n', out);
}
