// SPDX-License-Identifier: GPL-2.0-or-later
// What a change of a configuration comes to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/attr.h"
#include "conf/conf.h"
#include "conf/diff.h"
#include "conf/schema.h"

static const char hub[] = "interface Tunnel1\n"
			  " ip address 10.0.0.1 255.255.255.0\n"
			  " ip nhrp network-id 1\n"
			  " ip nhrp authentication old\n"
			  " ip nhrp map 10.0.0.7 192.0.2.7\n"
			  " ip nhrp map 10.0.0.8 192.0.2.8\n"
			  " tunnel source eth0\n"
			  " tunnel mode gre multipoint\n"
			  "interface Tunnel2\n"
			  " ip address 10.0.2.1 255.255.255.0\n"
			  " ip nhrp network-id 2\n"
			  " tunnel source eth1\n"
			  " tunnel mode gre multipoint\n";

static struct config *parse(const char *first, const char *second)
{
	struct conf_messages messages;
	char text[8192];

	snprintf(text, sizeof(text), "%s%s", first, second);
	struct config *config = conf_parse(text, strlen(text), &messages);
	for (size_t i = 0; i < messages.count; i++)
		print_message("%u: %s\n", messages.items[i].line, messages.items[i].text);
	conf_messages_free(&messages);
	assert_non_null(config);
	return config;
}

/// Compares the configuration above with itself and `lines` behind it.
static void check(const char *lines, enum diff_kind first, enum diff_kind second, const char *text)
{
	struct config *before = parse(hub, ""), *after = parse(hub, lines);
	struct diff *diff = diff_make(before, after);

	assert_string_equal(diff->text, text);
	assert_int_equal(diff_of(diff, 1), first);
	assert_int_equal(diff_of(diff, 2), second);
	diff_free(diff);
	conf_free(before);
	conf_free(after);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *lines;
		enum diff_kind first, second;
		const char *text;
	} cases[] = {
		{ "", DIFF_SAME, DIFF_SAME, "" },
		{ "interface Tunnel1\n ip nhrp holdtime 60", DIFF_CHANGED, DIFF_SAME,
			" interface Tunnel1\n+ ip nhrp holdtime 60\n" },
		{ "interface Tunnel2\n ip mtu 1300", DIFF_SAME, DIFF_CHANGED,
			" interface Tunnel2\n+ ip mtu 1300\n" },
		{ "interface Tunnel2\n tunnel link threads", DIFF_SAME, DIFF_REOPENED,
			" interface Tunnel2\n+ tunnel link threads\n" },
		{ "interface Tunnel2\n ip nhrp holdtime 60\n ip mtu 1300\n tunnel key 7", DIFF_SAME,
			DIFF_REMADE,
			" interface Tunnel2\n+ ip mtu 1300\n+ ip nhrp holdtime 60\n+ tunnel key 7\n" },
		{ "interface Tunnel2\n ip address 10.0.2.2 255.255.255.0", DIFF_SAME, DIFF_REMADE,
			" interface Tunnel2\n- ip address 10.0.2.1 255.255.255.0\n"
			"+ ip address 10.0.2.2 255.255.255.0\n" },
		{ "interface Tunnel1\n ip nhrp network-id 3", DIFF_REMADE, DIFF_SAME,
			" interface Tunnel1\n- ip nhrp network-id 1\n+ ip nhrp network-id 3\n" },
		{ "interface Tunnel1\n tunnel source eth2", DIFF_CHANGED, DIFF_SAME,
			" interface Tunnel1\n- tunnel source eth0\n+ tunnel source eth2\n" },
		{ "interface Tunnel1\n no ip nhrp map 10.0.0.7 192.0.2.7\n ip nhrp map 10.0.0.6 192.0.2.6",
			DIFF_CHANGED, DIFF_SAME,
			" interface Tunnel1\n+ ip nhrp map 10.0.0.6 192.0.2.6\n- ip nhrp map 10.0.0.7 192.0.2.7\n" },
		{ "ip route 10.9.0.0 255.255.0.0 10.0.0.7\nhostname hub", DIFF_SAME, DIFF_SAME,
			"+hostname hub\n+ip route 10.9.0.0 255.255.0.0 10.0.0.7\n" },
		{ "no interface Tunnel2", DIFF_SAME, DIFF_REMOVED,
			"-interface Tunnel2\n- ip address 10.0.2.1 255.255.255.0\n- ip nhrp network-id 2\n"
			"- tunnel source eth1\n- tunnel mode gre multipoint\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].lines, cases[i].first, cases[i].second, cases[i].text);
}

static void test_secrets_are_hidden(void **state)
{
	(void)state;
	check("interface Tunnel1\n ip nhrp authentication new", DIFF_CHANGED, DIFF_SAME,
		" interface Tunnel1\n- ip nhrp authentication *****\n+ ip nhrp authentication *****\n");
}

static void test_a_new_tunnel(void **state)
{
	struct config *before = parse(hub, "");
	struct config *after =
		parse(hub, "interface Tunnel3\n ip address 10.0.3.1 255.255.255.0\n"
			   " ip nhrp network-id 3\n tunnel source eth2\n tunnel mode gre multipoint");
	struct diff *diff = diff_make(before, after);

	(void)state;
	assert_int_equal(diff_of(diff, 1), DIFF_SAME);
	assert_int_equal(diff_of(diff, 3), DIFF_ADDED);
	assert_int_equal(diff_of(diff, 4), DIFF_SAME);
	assert_int_equal(diff->lines, 5);
	diff_free(diff);
	conf_free(before);
	conf_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_secrets_are_hidden),
		cmocka_unit_test(test_a_new_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
