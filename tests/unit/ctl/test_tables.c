// SPDX-License-Identifier: GPL-2.0-or-later
// The text layouts against golden files: golden/NAME.json is a reply of the daemon, golden/NAME.txt what
// dmvpnctl prints for it, blanks at the ends of lines included.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "cli/draw.h"
#include "cli/field.h"
#include "cli/tables.h"

static char *read_file(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s is missing", path);
	FILE *copy = open_memstream(&text, &size);
	for (int c = fgetc(file); c != EOF; c = fgetc(file))
		fputc(c, copy);
	fclose(copy);
	fclose(file);
	return text;
}

static char *print(const json_t *reply)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	table_print(out, field_text(reply, "view"), json_object_get(reply, "data"));
	fclose(out);
	return text;
}

static void test_golden(void **state)
{
	const char *name = *state;
	char path[512];
	json_error_t error;

	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.json", name);
	json_t *reply = json_load_file(path, 0, &error);
	if (reply == NULL)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	snprintf(path, sizeof(path), GOLDEN_DIR "/%s.txt", name);
	char *expected = read_file(path);
	char *printed = print(reply);
	assert_string_equal(printed, expected);
	free(printed);
	free(expected);
	json_decref(reply);
}

/// A device that routing daemons take for down is not told as up, whatever the link can do.
static void test_line_protocol(void **state)
{
	static const struct {
		const char *facts, *interface, *dmvpn;
	} rows[] = {
		{ "\"up\": true", "up, line protocol is up", "up/up," },
		{ "\"up\": true, \"device_state\": \"up\"", "up, line protocol is up", "up/up," },
		{ "\"up\": true, \"device_state\": \"dormant\"", "up, line protocol is down (dormant)",
			"up/down," },
		{ "\"up\": true, \"device_state\": \"no-carrier\"", "up, line protocol is down", "up/down," },
		{ "\"up\": true, \"device_state\": \"down\"", "administratively down, line protocol is down",
			"administratively down/down," },
		{ "\"up\": false, \"shutdown\": true", "administratively down, line protocol is down",
			"administratively down/down," },
		{ "\"up\": false, \"device_state\": null", "up, line protocol is down", "up/down," },
	};
	char expected[120], text[300];
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		bool detail = i % 2 == 1;
		snprintf(text, sizeof(text),
			"{\"view\": \"%s\", \"data\": {\"interfaces\": [{\"interface\": \"tunnel1\", %s}]}}",
			detail ? "dmvpn-detail" : "interface", rows[i / 2].facts);
		snprintf(expected, sizeof(expected), detail ? "Interface Tunnel1 is %s" : "Tunnel1 is %s\n",
			detail ? rows[i / 2].dmvpn : rows[i / 2].interface);
		json_t *reply = json_loads(text, 0, NULL);
		assert_non_null(reply);
		char *printed = print(reply);
		if (strstr(printed, expected) == NULL)
			fail_msg("no \"%s\" in: %s", expected, printed);
		free(printed);
		json_decref(reply);
	}
}

/// No layout may depend on a field being there: the client may be newer than the daemon, or older.
static void test_missing_fields(void **state)
{
	static const char *const views[] = { "dmvpn", "dmvpn-detail", "nhrp", "nhrp-detail", "nhrp-brief",
		"nhrp-summary", "nhrp-nhs", "nhrp-nhs-detail", "nhrp-multicast", "nhrp-traffic", "route",
		"route-override", "interface", "events", "nhrp-traffic-detail", "why", "running-config",
		"startup-config", "route-entry", "message", "version", "debugging", "help", "crypto-session",
		"crypto-session-detail", "crypto-ikev2", "crypto-ikev2-detail", "crypto-ipsec" };
	static const char hollow[] =
		"{\"interfaces\": [{\"peers\": [{\"entries\": [{}, 1]}, null], \"nhs\": [{}],"
		" \"protection\": \"P\", \"crypto_sessions\": [{\"ike_sas\": [{\"flows\": [{}, 1]}, 1]}, 1],"
		" \"sessions\": [{\"ike_sas\": [{\"flows\": [{}, 1]}, 1]}, 1]}, null],"
		" \"entries\": [{}, [], null], \"routes\": [{\"override\": {}}, 1], \"receivers\": [{}],"
		" \"commands\": [{}], \"events\": [{}, null], \"steps\": [{}, 1]}";
	json_t *data = json_loads(hollow, 0, NULL);
	json_t *empty = json_object();
	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		json_t *reply = json_pack("{s:s, s:O}", "view", views[i], "data", data);
		free(print(reply));
		json_object_set(reply, "data", empty);
		free(print(reply));
		json_decref(reply);
	}
	json_decref(empty);
	json_decref(data);
}

static void test_time(void **state)
{
	static const struct {
		long long seconds;
		const char *text;
	} rows[] = {
		{ 0, "00:00:00" },
		{ 67, "00:01:07" },
		{ 86399, "23:59:59" },
		{ 86400, "1d00h" },
		{ 93784, "1d02h" },
		{ 604799, "6d23h" },
		{ 604800, "1w0d" },
		{ 31535999, "52w0d" },
		{ 31536000 + 70 * 86400, "1y10w" },
	};
	char text[FIELD_SIZE];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *object = json_pack("{s:I}", "t", (json_int_t)rows[i].seconds);
		assert_string_equal(field_time(object, "t", text), rows[i].text);
		assert_string_equal(field_time(object, "none", text), "never");
		json_decref(object);
	}
}

/// A packet as a router's `debug nhrp packet` shows it.
static void test_packet(void **state)
{
	static const char json[] =
		"{\"interface\": \"tunnel1\", \"received\": true, \"nbma\": \"192.0.2.2\", \"size\": 92,"
		" \"extension_offset\": 52, \"type\": \"Registration Request\", \"afn\": 1, \"protocol_type\": 2048,"
		" \"hop_count\": 255, \"request_id\": 3, \"flags\": [\"unique\", \"nat\"], \"src_nbma\": \"192.0.2.2\","
		" \"src_protocol\": \"10.0.0.2\", \"dst_protocol\": \"10.0.0.1\", \"cies\": [{\"code\": 0,"
		" \"code_name\": \"no error\", \"prefix_length\": 32, \"mtu\": 17916, \"holding_time\": 7200,"
		" \"nbma\": null, \"protocol\": null, \"preference\": 0}], \"extensions\": []}";
	static const char expected[] =
		"NHRP: Receive Registration Request via Tunnel1 vrf 0, packet size: 92\n"
		" from NBMA: 192.0.2.2\n"
		" (F) afn: AF_IP(1), type: IP(800), hop: 255, ver: 1\n"
		"     shtl: 4(NSAP), sstl: 0(NSAP)\n"
		"     pktsz: 92 extoff: 52\n"
		" (M) flags: \"unique nat \", reqid: 3\n"
		"     src NBMA: 192.0.2.2\n"
		"     src protocol: 10.0.0.2, dst protocol: 10.0.0.1\n"
		" (C-1) code: no error(0)\n"
		"       prefix: 32, mtu: 17916, hd_time: 7200\n"
		"       addr_len: 0(NSAP), subaddr_len: 0(NSAP), proto_len: 0, pref: 0\n";
	json_t *packet = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	(void)state;
	assert_non_null(packet);
	table_packet(out, packet);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	json_decref(packet);
}

/// Of very many peers the picture shows the first and how many there are more.
static void test_picture(void **state)
{
	json_t *peers = json_array();
	char *text = NULL, address[40];
	size_t size = 0, lines = 0;
	(void)state;
	for (int i = 0; i < 60; i++) {
		snprintf(address, sizeof(address), "10.0.0.%d", i + 2);
		json_array_append_new(peers,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[s, s, s]}", "interface", "tunnel1",
				"nbma", "192.0.2.7", "address", address, "role", i % 5 ? "client" : "server",
				"state", i % 7 ? "UP" : "NHRP", "path", "direct", "behind", "192.168.0.0/24",
				"192.168.1.0/24", "192.168.2.0/24"));
	}
	json_t *topology = json_pack("{s:s, s:[{s:s, s:s, s:s, s:b}], s:o}", "hostname", "<hub & \"co\">",
		"interfaces", "interface", "tunnel1", "address", "10.0.0.1/24", "type", "Hub", "up", 1,
		"peers", peers);
	FILE *out = open_memstream(&text, &size);
	draw_svg(out, topology);
	fclose(out);
	for (const char *at = text; (at = strstr(at, "<line ")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 48);
	assert_non_null(strstr(text, "and 12 more peers"));
	assert_non_null(strstr(text, ">hub  co<"));
	free(text);
	out = open_memstream(&text, &size);
	draw_dot(out, topology);
	draw_text(out, topology);
	fclose(out);
	assert_non_null(strstr(text, "p59 [label="));
	free(text);
	json_decref(topology);
}

#define GOLDEN(name) cmocka_unit_test_prestate(test_golden, (void *)(uintptr_t)name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GOLDEN("dmvpn"),
		GOLDEN("dmvpn-protected"),
		GOLDEN("crypto-session"),
		GOLDEN("crypto-session-detail"),
		GOLDEN("crypto-ikev2"),
		GOLDEN("crypto-ikev2-detail"),
		GOLDEN("crypto-ipsec"),
		GOLDEN("dmvpn-detail"),
		GOLDEN("nhrp"),
		GOLDEN("nhrp-brief"),
		GOLDEN("nhrp-nhs"),
		GOLDEN("nhrp-nhs-detail"),
		GOLDEN("nhrp-traffic"),
		GOLDEN("nhrp-multicast"),
		GOLDEN("nhrp-summary"),
		GOLDEN("route"),
		GOLDEN("route-override"),
		GOLDEN("route-entry"),
		GOLDEN("interface"),
		GOLDEN("events"),
		GOLDEN("why"),
		GOLDEN("version"),
		GOLDEN("debugging"),
		GOLDEN("message"),
		GOLDEN("running-config"),
		GOLDEN("startup-config"),
		GOLDEN("unknown"),
		cmocka_unit_test(test_line_protocol),
		cmocka_unit_test(test_missing_fields),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_picture),
		cmocka_unit_test(test_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
