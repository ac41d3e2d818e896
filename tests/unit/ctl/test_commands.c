// SPDX-License-Identifier: GPL-2.0-or-later
// The table of commands: abbreviations, what is ambiguous, unknown or not complete, and what commands do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ctl/commands.h"
#include "fixture.h"

static json_t *run(struct fixture *fixture, const char *line)
{
	json_t *reply = reply_of(fixture, line);
	assert_non_null(reply);
	return reply;
}

static void test_abbreviations(void **state)
{
	static const struct {
		const char *line, *view;
	} rows[] = {
		{ "show dmvpn", "dmvpn" },
		{ "sh dmvpn", "dmvpn" },
		{ "SHOW DMVPN DETAIL", "dmvpn-detail" },
		{ "s dm d", "dmvpn-detail" },
		{ "sh ip nh", "nhrp" },
		{ "sh ip nhrp br", "nhrp-brief" },
		{ "show dmvpn peer 192.0.2.2", "dmvpn" },
		{ "show dmvpn detail peer 10.0.0.3", "dmvpn-detail" },
		{ "show ip nhrp se", "nhrp-detail" },
		{ "show ip nhrp tr d", "nhrp-traffic-detail" },
		{ "show run all", "running-config" },
		{ "show events", "events" },
		{ "sh ev s 10m", "events" },
		{ "term mon", "debugging" },
		{ "show tech", "client" },
		{ "term len 0", "client" },
		{ "exit", "client" },
		{ "show ip nhrp de", "nhrp-detail" },
		{ "show ip nhrp dy", "nhrp" },
		{ "show ip nhrp sh", "nhrp" },
		{ "sh ip n n", "nhrp-nhs" },
		{ "sh ip n n d", "nhrp-nhs-detail" },
		{ "show ip nhrp m", "nhrp-multicast" },
		{ "show ip nhrp tr", "nhrp-traffic" },
		{ "show ip nhrp su", "nhrp-summary" },
		{ "show ip ro", "route" },
		{ "show ip route nh", "route" },
		{ "show ip route next", "route-override" },
		{ "show int", "interface" },
		{ "show interface tunnel1", "interface" },
		{ "show int Tu1", "interface" },
		{ "show int tunnel 1", "interface" },
		{ "show run", "running-config" },
		{ "show run int", "running-config" },
		{ "show run int tu1", "running-config" },
		{ "show run int tunnel 1", "running-config" },
		{ "sh ver", "version" },
		{ "sh debug", "debugging" },
		{ "clear ip nhrp counters", "message" },
		{ "undebug all", "debugging" },
		{ "u a", "debugging" },
		{ "help", "help" },
	};
	struct fixture *hub = hub_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *reply = run(hub, rows[i].line);
		if (!json_is_true(json_object_get(reply, "ok")))
			fail_msg("%s: %s", rows[i].line, json_string_value(json_object_get(reply, "error")));
		assert_string_equal(json_string_value(json_object_get(reply, "view")), rows[i].view);
		assert_true(json_is_object(json_object_get(reply, "data")));
		json_decref(reply);
	}
	fixture_free(hub);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{ "show d", "Ambiguous word \"d\"; it could be: dmvpn, debugging." },
		{ "show ip nhrp s", "Ambiguous word \"s\"; it could be: static, shortcut, self, summary." },
		{ "show ip route n", "Ambiguous word \"n\"; it could be: nhrp, next-hop-override." },
		{ "shw", "Unknown word \"shw\"; known here: show, clear, debug, no, …" },
		{ "show ip nhrq", "Unknown word \"nhrq\"; known here: nhrp, route." },
		{ "show dmvpn detail now", "Unknown word \"now\"; known here: peer." },
		{ "show version now", "Unknown word \"now\": the command is complete before it." },
		{ "show",
			"Incomplete command; it goes on with: dmvpn, ip, crypto, interfaces, running-config, "
			"startup-config, events, version, tech-support, debugging." },
		{ "debug nhrp", "Incomplete command; it goes on with: packet, cache, event." },
		{ "show interfaces tunnel", "Incomplete command; it goes on with: NUMBER." },
		{ "show interfaces tunnel7",
			"There is no tunnel interface tunnel7; `show interfaces` lists those that are configured." },
		{ "show running-config interface tunnel7",
			"There is no tunnel interface tunnel7; `show interfaces` lists those that are configured." },
		{ "show ip route 192.0.2.1",
			"No route leads to 192.0.2.1; `why 192.0.2.1` tells what becomes of a packet." },
		{ "show ip route 2001:db8::1",
			"\"2001:db8::1\" is not an IPv4 address; give the destination of a "
			"packet, `nhrp` or `next-hop-override`." },
		{ "show startup-config", "This daemon was started without a file." },
		{ "clear ip nhrp all", "\"all\" is not an address; give the tunnel address of an entry." },
		{ "", "Incomplete command; it goes on with: show, clear, debug, no, …" },
	};
	struct fixture *hub = hub_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *reply = run(hub, rows[i].line);
		assert_true(json_is_false(json_object_get(reply, "ok")));
		expect_text(json_string_value(json_object_get(reply, "error")), rows[i].error);
		json_decref(reply);
	}
	fixture_free(hub);
}

static void test_long_words(void **state)
{
	struct fixture *hub = hub_new();
	char word[3000];
	(void)state;
	char line[3100];
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	json_decref(run(hub, word));
	snprintf(line, sizeof(line), "show interfaces %s", word);
	json_t *reply = run(hub, line);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	fixture_free(hub);
}

static size_t entries(struct fixture *fixture)
{
	json_t *reply = run(fixture, "show ip nhrp");
	size_t count = json_array_size(json_object_get(json_object_get(reply, "data"), "entries"));
	json_decref(reply);
	return count;
}

static void run_message(struct fixture *fixture, const char *line, const char *text)
{
	json_t *reply = run(fixture, line);
	assert_string_equal(json_string_value(json_object_get(json_object_get(reply, "data"), "text")), text);
	json_decref(reply);
}

static void test_clear(void **state)
{
	struct fixture *hub = hub_new(), *spoke = spoke_new();
	(void)state;
	assert_int_equal(entries(hub), 2);
	run_message(hub, "clear ip nhrp 10.0.0.9", "0 entries cleared.");
	run_message(hub, "clear ip nhrp 10.0.0.2", "1 entry cleared.");
	assert_int_equal(entries(hub), 1);
	run_message(hub, "clear ip nhrp", "1 entry cleared.");
	assert_int_equal(entries(hub), 0);
	assert_int_equal(hub->changes, 3);

	run_message(spoke, "clear ip nhrp shortcut", "2 shortcuts cleared.");
	hub->context.node->ifaces[0]->counters.quirks = 3;
	run_message(hub, "clear ip nhrp counters", "Counters cleared.");
	assert_int_equal(hub->context.node->ifaces[0]->counters.quirks, 0);
	fixture_free(hub);
	fixture_free(spoke);
}

/// The table has each command once.
static void test_once(void **state)
{
	struct fixture *hub = hub_new();
	json_t *reply = run(hub, "help"), *seen = json_object(), *row;
	json_t *commands = json_object_get(json_object_get(reply, "data"), "commands");
	size_t i;
	(void)state;
	assert_true(json_array_size(commands) > 0);
	json_array_foreach(commands, i, row)
	{
		const char *words = json_string_value(json_object_get(row, "command"));
		if (json_object_get(seen, words) != NULL)
			fail_msg("\"%s\" is there twice", words);
		json_object_set_new(seen, words, json_true());
	}
	json_decref(seen);
	json_decref(reply);
	fixture_free(hub);
}

static void test_debug(void **state)
{
	struct fixture *hub = hub_new();
	const struct ctl_debug *debug = &hub->session.debug;
	(void)state;
	json_decref(run(hub, "debug nhrp packet"));
	assert_true(debug->packet && !debug->cache && !debug->event);
	json_decref(run(hub, "debug nhrp cache"));
	json_decref(run(hub, "debug nhrp event"));
	json_decref(run(hub, "no debug nhrp packet"));
	assert_true(!debug->packet && debug->cache && debug->event);
	json_t *reply = run(hub, "show debugging");
	assert_true(json_is_true(json_object_get(json_object_get(reply, "data"), "cache")));
	json_decref(reply);
	json_decref(run(hub, "debug nhrp packet peer 10.0.0.2"));
	assert_true(addr_equal(debug->peer, ip("10.0.0.2")));
	json_decref(run(hub, "undebug all"));
	assert_true(!debug->packet && !debug->cache && !debug->event);
	fixture_free(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abbreviations),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_debug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
