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
			" interface Tunnel1\n- ip nhrp map 10.0.0.7 192.0.2.7\n+ ip nhrp map 10.0.0.6 192.0.2.6\n" },
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

/// Each line under the heads of its blocks, in the order of the configuration; separators are no lines.
static void test_blocks(void **state)
{
	static const char peers[] =
		"crypto ikev2 proposal B\n encryption aes-cbc-256\n integrity sha256\n group 19\n"
		"crypto ikev2 proposal A\n encryption aes-cbc-256\n integrity sha256\n group 14\n"
		"crypto ikev2 keyring KEYS\n"
		" peer spoke2\n  address 192.0.2.2\n  pre-shared-key old2\n"
		" peer spoke1\n  address 192.0.2.1\n  pre-shared-key old1\n";
	static const struct {
		const char *lines, *text;
		unsigned count;
	} cases[] = {
		{ "", "", 0 },
		{ "crypto ikev2 keyring KEYS\n peer spoke1\n  pre-shared-key new1\n",
			" crypto ikev2 keyring KEYS\n  peer spoke1\n"
			"-  pre-shared-key *****\n+  pre-shared-key *****\n",
			2 },
		{ "crypto ikev2 keyring KEYS\n peer spoke3\n  address 192.0.2.3\n  pre-shared-key key3\n"
		  " no peer spoke2\ninterface Tunnel2\n ip mtu 1300\nip route 10.9.0.0/16 10.0.0.7\n",
			" crypto ikev2 keyring KEYS\n"
			"- peer spoke2\n-  address 192.0.2.2 255.255.255.255\n-  pre-shared-key *****\n"
			"+ peer spoke3\n+  address 192.0.2.3 255.255.255.255\n+  pre-shared-key *****\n"
			" interface Tunnel2\n+ ip mtu 1300\n"
			"+ip route 10.9.0.0 255.255.0.0 10.0.0.7\n",
			8 },
		{ "no crypto ikev2 proposal B\ncrypto ikev2 proposal C\n encryption aes-cbc-128\n integrity sha256\n"
		  " group 19\n",
			"-crypto ikev2 proposal B\n- encryption aes-cbc-256\n- integrity sha256\n- group 19\n"
			"+crypto ikev2 proposal C\n+ encryption aes-cbc-128\n+ integrity sha256\n+ group 19\n",
			8 },
		// Lines that two blocks exchange are in other blocks, and no others.
		{ "crypto ikev2 proposal A\n group 19\ncrypto ikev2 proposal B\n group 14\n",
			" crypto ikev2 proposal B\n- group 19\n+ group 14\n"
			" crypto ikev2 proposal A\n- group 14\n+ group 19\n",
			4 },
	};
	char first[2048];

	(void)state;
	snprintf(first, sizeof(first), "%s%s", hub, peers);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *before = parse(first, ""), *after = parse(first, cases[i].lines);
		struct diff *diff = diff_make(before, after);

		assert_string_equal(diff->text, cases[i].text);
		assert_int_equal(diff->lines, cases[i].count);
		diff_free(diff);
		conf_free(before);
		conf_free(after);
	}
}

/// The same entries in another order are no difference.
static void test_order_of_entries(void **state)
{
	(void)state;
	check("interface Tunnel1\n no ip nhrp map 10.0.0.7 192.0.2.7\n ip nhrp map 10.0.0.7 192.0.2.7",
		DIFF_SAME, DIFF_SAME, "");
	check("interface Tunnel1\n no ip nhrp map 10.0.0.7 192.0.2.7\n ip nhrp map 10.0.0.9 192.0.2.9\n"
	      " ip nhrp map 10.0.0.7 192.0.2.7\n ip nhrp map 10.0.0.6 192.0.2.6",
		DIFF_CHANGED, DIFF_SAME,
		" interface Tunnel1\n+ ip nhrp map 10.0.0.9 192.0.2.9\n+ ip nhrp map 10.0.0.6 192.0.2.6\n");
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
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_order_of_entries),
		cmocka_unit_test(test_a_new_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
