// SPDX-License-Identifier: GPL-2.0-or-later
// Single lines in a valid block: what they come to, and what is said of those that are wrong.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/private.h"
#include "conf/conf.h"

#define BLOCK_LINES 5 ///< of `block`
static const char block[] = "interface Tunnel1\n"
			    " ip address 10.0.0.1 255.255.255.0\n"
			    " ip nhrp network-id 1\n"
			    " tunnel source eth0\n"
			    " tunnel mode gre multipoint\n";

/// The block and what follows it.
static struct config *parse(const char *lines, struct conf_messages *messages)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s%s\n", block, lines);
	return conf_parse(text, strlen(text), messages);
}

static void test_values(void **state)
{
	struct conf_messages messages;
	struct config *config = parse(
		"ip nhrp nhs 10.0.0.2 nbma 192.0.2.2 multicast priority 3 cluster 4\nip nhrp map 10.0.0.3 192.0.2.3\n"
		"ip nhrp map multicast dynamic\nip nhrp authentication BigScale\ntunnel key 9\nip nhrp redirect\n"
		"ip route 10.5.0.0/16 Tunnel1 10.0.0.5 7",
		&messages);

	(void)state;
	assert_non_null(config);
	const struct iface_config *iface = &config->node.ifaces[0];
	const struct tunnel_config *tunnel = &config->tunnels[0];
	assert_int_equal(config->node.iface_count, 1);
	assert_int_equal(iface->id, 1);
	assert_string_equal(iface->name, "tunnel1");
	assert_int_equal(addr_to_ipv4(iface->address.addr), 0x0a000001);
	assert_int_equal(iface->address.length, 24);
	assert_int_equal(iface->network_id, 1);
	assert_int_equal(iface->auth.kind, NHRP_AUTH_CLEARTEXT);
	assert_int_equal(iface->auth.length, 8);
	assert_memory_equal(iface->auth.key, "BigScale", 8);
	assert_int_equal(iface->holding_time, HOLDING_TIME_DEFAULT);
	assert_int_equal(iface->registration_timeout, 0);
	assert_true(iface->registration_unique);
	assert_false(iface->shortcut);
	assert_true(iface->redirect);
	assert_int_equal(iface->redirect_timeout, REDIRECT_TIMEOUT_DEFAULT);
	assert_true(iface->multicast_dynamic);
	assert_int_equal(iface->max_send_packets, MAX_SEND_PACKETS_DEFAULT);
	assert_int_equal(iface->max_send_interval, MAX_SEND_INTERVAL_DEFAULT);
	assert_int_equal(iface->mtu, 1472);
	assert_int_equal(iface->limits.registrations, limits_default().registrations);
	assert_int_equal(iface->nhs_count, 1);
	assert_int_equal(addr_to_ipv4(iface->nhs[0].nbma), 0xc0000202);
	assert_true(iface->nhs[0].multicast);
	assert_int_equal(iface->nhs[0].priority, 3);
	assert_int_equal(iface->nhs[0].cluster, 4);
	assert_int_equal(iface->map_count, 1);
	assert_int_equal(tunnel->ip_mtu, 1472);
	assert_int_equal(tunnel->mode, TUNNEL_GRE_MULTIPOINT);
	assert_string_equal(tunnel->source_interface, "eth0");
	assert_true(tunnel->has_key);
	assert_int_equal(tunnel->key, 9);
	assert_int_equal(config->route_count, 1);
	assert_string_equal(config->routes[0].interface, "tunnel1");
	assert_int_equal(addr_to_ipv4(config->routes[0].next_hop), 0x0a000005);
	assert_int_equal(config->routes[0].distance, 7);
	assert_int_equal(messages.count, 0);
	conf_free(config);
	conf_messages_free(&messages);
}

/// What the lines come to in the canonical output: `wanted` is in it, or not in it where it starts with '!'.
static const struct {
	const char *lines;
	const char *wanted;
} accepted[] = {
	{ "", "! ip mtu" },
	{ "ip mtu 1476", "! ip mtu" },
	{ "ip mtu 1476\ntunnel key 1", " ip mtu 1476\n" },
	{ "ip mtu 1472\ntunnel key 1", "! ip mtu" },
	{ "ip mtu 1400\nno ip mtu", "! ip mtu" },
	{ "ip mtu 1400\nno ip mtu 1300", "! ip mtu" },
	{ "ip tcp adjust-mss 1360", " ip tcp adjust-mss 1360\n" },
	{ "IP NHRP HOLDTIME 00500", " ip nhrp holdtime 500\n" },
	{ "ip nhrp holdtime 600", "! ip nhrp holdtime" },
	{ "ip nhrp redirect timeout 8", " ip nhrp redirect\n" },
	{ "ip nhrp redirect timeout 2", " ip nhrp redirect timeout 2\n" },
	{ "ip nhrp redirect timeout 2\nno ip nhrp redirect timeout 2", "! ip nhrp redirect" },
	{ "ip nhrp max-send 10000 every 10", "! ip nhrp max-send" },
	{ "ip nhrp max-send 65535 every 65535", " ip nhrp max-send 65535 every 65535\n" },
	{ "ip nhrp limit registrations 1000000", " ip nhrp limit registrations 1000000\n" },
	{ "ip nhrp map multicast 192.0.2.2\nip nhrp map multicast 192.0.2.2\nno ip nhrp map multicast 192.0.2.2",
		"! ip nhrp map" },
	{ "ip nhrp map multicast group 239.1.1.1 10.0.0.12",
		" ip nhrp map multicast group 239.1.1.1/32 10.0.0.12\n" },
	{ "ip nhrp map multicast group 239.1.2.3 255.255.0.0 10.0.0.12\nip nhrp map multicast group "
	  "239.1.0.0/16 10.0.0.12",
		" ip nhrp map multicast group 239.1.0.0/16 10.0.0.12\n" },
	{ "ip nhrp map multicast group 239.1.1.1 10.0.0.12\nip nhrp map multicast group 239.1.1.1 10.0.0.11\n"
	  "no ip nhrp map multicast group 239.1.1.1 10.0.0.12",
		" ip nhrp map multicast group 239.1.1.1/32 10.0.0.11\n" },
	{ "ip nhrp map multicast group 239.1.1.1 10.0.0.12\nno ip nhrp map multicast group 239.1.1.1 10.0.0.12",
		"! ip nhrp map" },
	{ "ip nhrp map 10.0.0.2 192.0.2.2\nno ip nhrp map 10.0.0.2 192.0.2.3",
		" ip nhrp map 10.0.0.2 192.0.2.2\n" },
	{ "ip nhrp map 10.0.0.2 192.0.2.2\nno ip nhrp map 10.0.0.2 192.0.2.2", "! ip nhrp map" },
	{ "ip nhrp authentication hmac-md5 hmac-md5", " ip nhrp authentication hmac-md5 hmac-md5\n" },
	{ "ip nhrp authentication h", " ip nhrp authentication h\n" },
	{ "ip nhrp authentication first\nip nhrp authentication second", " ip nhrp authentication second\n" },
	{ "ip nhrp authentication first\nno ip nhrp authentication", "! ip nhrp authentication" },
	{ "no tunnel key 1", "! tunnel key" },
	{ "tunnel key 4294967295", " tunnel key 4294967295\n" },
	{ "tunnel link user\nno tunnel link", "! tunnel link" },
	{ "tunnel link auto", "! tunnel link" },
	{ "tunnel source eth 1", " tunnel source eth1\n" },
	{ "tunnel source 192.0.2.7", " tunnel source 192.0.2.7\n" },
	{ "tunnel source gi0/1\nalias interface GigabitEthernet0/1 wan", " tunnel source wan\n" },
	{ "alias interface gi0/1 eth1\nalias interface GigabitEthernet0/1 wan", "!gi0/1" },
	{ "alias interface Ethernet0 eth0", "alias interface Ethernet0 eth0\n" },
	{ "alias interface Gi1 eth7\nno alias interface Gi1 eth7", "!alias" },
	{ "description one ! two  three \t", " description one ! two  three\n" },
	{ "no description", "! description" },
	{ "shutdown\nno shutdown", "! shutdown" },
	{ "hostname a\nno hostname a", "!hostname" },
	{ "ip route 10.0.0.0 255.0.0.0 192.0.2.1 1", "ip route 10.0.0.0 255.0.0.0 192.0.2.1\n" },
	{ "ip route 10.0.0.0/8 eth0\nno ip route 10.0.0.0/8 eth0", "!ip route" },
	{ "ip route 10.0.0.0/8 Tunnel1\nno ip route 10.0.0.0/8 tunnel1", "!ip route" },
	{ "alias interface Gi0/1 wan\nip route 10.0.0.0/8 Gi0/1 5\nip route 10.0.0.0/8 wan 6",
		"!ip route 10.0.0.0 255.0.0.0 wan 5" },
	{ "interface tu1\nshutdown", " shutdown\n" },
	{ "interface Tunnel 1\nshutdown", " shutdown\n" },
	{ "interface Tunnel2\nno interface Tunnel2", "!Tunnel2" },
	{ "exit\nend\nexit", "interface Tunnel1\n" },
	// Other software's lines change nothing, and hide nothing of ours.
	{ "ip ospf cost 3\nshutdown", " shutdown\n" },
	{ " ip domain lookup\n shutdown", " shutdown\n" }, // known as a line outside of blocks
	{ "crypto map VPN 10 ipsec-isakmp\n set peer 192.0.2.1", "interface Tunnel1\n" },
	{ "router ospf 1\nnetwork 10.0.0.0\n interface Tunnel1\nshutdown", " shutdown\n" },
	{ "interface eth0\n shutdown", "! shutdown" },
	{ "interface eth0\nshutdown\nip mtu 1300", "! shutdown" },
	{ "version 15\n hostname indented", "hostname indented\n" },
	{ "ip dhcp pool X\n host 10.9.9.9", "!hostname" },
	{ "no tunnel protection ipsec profile X", "interface Tunnel1\n" },
	{ "banner motd #\n shutdown\n#\nhostname after", "! shutdown" },
	{ "banner motd #\n shutdown\n#\nhostname after", "hostname after\n" },
	{ "ip route 0.0.0.0 0.0.0.0 dhcp", "!ip route" },
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct conf_messages messages;
		struct config *config = parse(accepted[i].lines, &messages);
		const char *wanted = accepted[i].wanted;
		bool absent = wanted[0] == '!';
		if (!config)
			fail_msg("%s\n%s", accepted[i].lines, messages.items[0].text);
		char *printed = conf_print(config, false);
		if (absent == (strstr(printed, wanted + (absent ? 1 : 0)) != NULL))
			fail_msg("%s\n-- came to --\n%s", accepted[i].lines, printed);
		private_free(printed);
		conf_free(config);
		conf_messages_free(&messages);
	}
}

/// The first message, on line `line` behind the block.
static const struct {
	const char *lines;
	unsigned line;
	unsigned column;
	const char *text;
} refused[] = {
	{ "ip mtu 67", 1, 8, "from 68 to 17916" },
	{ "ip mtu -1", 1, 8, "expected a number" },
	{ "ip mtu 99999999999999999999", 1, 8, "expected a number" },
	{ "ip mtu", 1, 7, "incomplete" },
	{ "ip nhrp holdtime 0", 1, 18, "from 1 to 65535" },
	{ "ip nhrp network-id 4294967296", 1, 20, "expected a number" },
	{ "ip nhrp max-send 5 every 9", 1, 26, "from 10 to 65535" },
	{ "ip nhrp nhs 10.0.0.9 cluster 11", 1, 30, "from 0 to 10" },
	{ "ip nhrp nhs 10.0.0.9 nbma 224.0.0.1", 1, 27, "underlay" },
	{ "ip nhrp m", 1, 9, "ambiguous: `map` or `max-send`" },
	{ "t s", 1, 4, "incomplete" },
	{ "ip nhrp shortcutt", 1, 9, "did you mean `ip nhrp shortcut`?" },
	{ "tunnel mod gre multpoint", 1, 16, "did you mean `tunnel mode {gre multipoint|gre ip}`?" },
	{ "tunnel source 192.0.2", 1, 15, "expected an IPv4 address or an interface" },
	{ "tunnel source Loopback0", 1, 15, "alias interface Loopback0 eth0" },
	{ "tunnel source a-very-long-device", 1, 15, "too long" },
	{ "no ip nhrp map 10.0.0.1", 1, 24, "incomplete" },
	{ "no frobnicate", 1, 4, "unknown command" },
	{ "tunnel protection ipsec profile X", 1, 33, "there is no `crypto ipsec profile X`" },
	{ " crypto map VPN", 1, 2, "crypto maps are not supported" },
	{ "crypto map VPN 10 ipsec-isakmp", 1, 0, "not ours" },
	{ "router ospf 1\nip nhrp shortcut", 2, 1, "belongs into a block" },
	{ "ip http server\n ip nhrp shortcut", 2, 2, "belongs into a block" },
	{ "ipv6 nhrp map multicast dynamic", 1, 1, "IPv6" },
	{ "hostname two words", 1, 14,
		"\"words\" is too much: leave it out; the command is `hostname NAME`" },
	{ "no ip mtu 1400 5", 1, 16, "\"5\" is too much: leave it out; the command is `ip mtu <68-17916>`" },
	{ "ip nhrp authentication hmac-md5 two words", 1, 37,
		"\"*****\" is too much; the command is `ip nhrp authentication hmac-md5 KEY`" },
	// Words of a router's commands: which, why not, and what instead.
	{ "ip address 10.0.0.9 255.255.255.0 secondary", 1, 35,
		"`secondary`: a tunnel has one address here; leave" },
	{ "ip addr 10.0.0.9/24 sec", 1, 21, "`secondary`: a tunnel has one address here; leave" },
	{ "ip address dhcp", 1, 12,
		"`dhcp`: a tunnel needs an address of its own; write `ip address ADDRESS MASK`" },
	{ "ip nhrp authentication 0 clear", 1, 26, "`0`: the password is always in clear here; leave" },
	{ "ip nhrp authentication 6 JDYkZmFk", 1, 26, "`6`: this is encrypted with the router's master key" },
	{ "ip nhrp authentication 7 0123", 1, 26, "`7`: this is what `service password-encryption` made of" },
	{ "ip nhrp authentication 8 0123", 1, 26, "\"*****\" is too much; the command" },
	{ "ip nhrp auth hmac-sha256 7 0123", 1, 28, "`7`: the key is always in clear here; write it so" },
	{ "tunnel mode ip", 1, 13, "expected `gre`" },
	{ "tunnel mode gre multipoint ipv6", 1, 28,
		"`ipv6`: an underlay of IPv6 is not supported yet; leave" },
	{ "TUN MODE GRE MULTI IPV6", 1, 20, "`ipv6`: an underlay of IPv6 is not supported yet; leave" },
	{ "tunnel mode gre ipv6", 1, 17,
		"`ipv6`: an underlay of IPv6 is not supported yet; write `tunnel mode gre ip`" },
	{ "tunnel mode ipsec ipv4", 1, 13, "`ipsec`: tunnels are GRE here; write" },
	{ "tunnel protection ipsec profile X isakmp-profile Y", 1, 35,
		"`isakmp-profile`: IKEv1 is not supported" },
	{ "tunnel protection ipsec profile X shared ikev2-profile Y", 1, 42,
		"in the block `crypto ipsec profile`" },
	{ "crypto ikev2 keyring K\n peer P\n  pre-shared-key hex 0011", 3, 22,
		"`hex`: a key in hexadecimal" },
	{ "description \033[31mred", 1, 13, "text" },
	{ "interface Tunnel1000000000", 1, 0, "not ours" },
	{ "interfaces Tunnel2", 1, 1, "did you mean `interface" },
	{ "ip route 10.0.0.0/8 Null0", 1, 21, "alias interface Null0" },
	{ "ip route 10.0.0.0/8 eth0 256", 1, 26, "expected" },
	{ "ip route 10.0.0.0/33 eth0", 1, 10, "expected" },
	{ "alias interface eth1 eth0\nalias interface Gi0/1 eth1", 2, 23, "one alias has the name" },
	{ "alias interface Gi0/1 Gi0/2", 1, 23, "not a Linux device" },
	{ "interface eth0\nshutdwn", 2, 1, "did you mean `shutdown`?" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct conf_messages messages;
		struct config *config = parse(refused[i].lines, &messages);
		const struct conf_message *found = NULL;
		for (size_t j = 0; j < messages.count && !found; j++) {
			if (messages.items[j].line > BLOCK_LINES &&
				messages.items[j].column == refused[i].column)
				found = &messages.items[j];
		}
		if (!found || found->line != BLOCK_LINES + refused[i].line ||
			!strstr(found->text, refused[i].text))
			fail_msg("%s\n%u:%u: %s", refused[i].lines, found ? found->line : 0,
				found ? found->column : 0, found ? found->text : "no message");
		assert_int_equal(config == NULL, messages.errors > 0);
		conf_free(config);
		conf_messages_free(&messages);
	}
}

/// A secret is in no message, and hidden in the output when so asked.
static void test_secrets(void **state)
{
	static const char *const lines[] = {
		"ip nhrp authentication Secret Secret",
		"ip nhrp authentication SecretTooLong",
		"ip nhrp authentication hmac-md5 Secret Secret",
		"ip nhrp authentication hmac-md5 Secret\001",
		"ip nhrp authentication hmac-md5 7 Secret",
		"crypto ikev2 profile P\n authentication remote pre-share Secret",
		"crypto ikev2 profile P\n authentication local pre-share key hex Secret",
		"ip nhrp authentication 7 Secret",
		"crypto ikev2 keyring K\n peer P\n  pre-shared-key hex Secret",
		"ip nhrp authentcation Secret Secret",
		"ip nrhp authentcation hmac-md5 Secret Secret",
		"ip nhrp authentication Secret\nbogus",
		"crypto ikev2 keyring K\n peer P\n  pre-shared-key Secret Secret",
		"crypto ikev2 keyring K\n peer P\n  pre-shared-key 6 Secret",
		"crypto ikev2 keyring K\n peer P\n  pre-sharedkey Secret",
		"crypto ikev2 profile P\n authentication local pre-share key Secret Secret",
		("crypto ikev2 profile P\n authentication local pre-share key Secret\n"
		 " authentication remote pre-share key SecretOther"),
	};
	struct conf_messages messages;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_null(parse(lines[i], &messages));
		for (size_t j = 0; j < messages.count; j++)
			assert_null(strstr(messages.items[j].text, "Secret"));
		conf_messages_free(&messages);
	}
	struct config *config =
		parse("ip nhrp authentication hmac-md5 Secret\ncrypto ikev2 keyring K\n peer P\n"
		      "  pre-shared-key Secret\ncrypto ikev2 profile P\n"
		      " authentication local pre-share key Secret",
			&messages);
	assert_non_null(config);
	char *hidden = conf_print(config, true);
	char *open = conf_print(config, false);
	assert_non_null(strstr(hidden, " ip nhrp authentication hmac-md5 *****\n"));
	assert_non_null(strstr(hidden, "  pre-shared-key *****\n"));
	assert_non_null(strstr(hidden, " authentication local pre-share key *****\n"));
	assert_null(strstr(hidden, "Secret"));
	assert_non_null(strstr(open, " ip nhrp authentication hmac-md5 Secret\n"));
	private_free(hidden);
	private_free(open);
	conf_free(config);
	conf_messages_free(&messages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests_name("conf lines", tests, NULL, NULL);
}
