// SPDX-License-Identifier: GPL-2.0-or-later
// Configurations and the messages for strongSwan that they become, written as swanctl.conf would have it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"
#include "conf/conf.h"
#include "core/protect.h"
#include "ike/profile.h"

static const char tunnel[] = "interface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n"
			     " tunnel source eth0\n tunnel mode gre multipoint\n";
static const char keyring[] =
	"crypto ikev2 keyring K\n peer ALL\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key Key-1\n";

/// What was written, one line for each element, indented.
struct script {
	char text[8192];
	size_t used;
};

static void say(struct script *script, unsigned depth, const char *format, ...) PRINTF_LIKE(3, 4);

static void say(struct script *script, unsigned depth, const char *format, ...)
{
	va_list list;

	script->used += (size_t)snprintf(
		script->text + script->used, sizeof(script->text) - script->used, "%*s", (int)depth, "");
	va_start(list, format);
	script->used += (size_t)vsnprintf(
		script->text + script->used, sizeof(script->text) - script->used, format, list);
	va_end(list);
	assert_true(script->used < sizeof(script->text));
}

static void tell(struct script *script, struct vici_section section, unsigned depth)
{
	struct vici_element element;

	while (vici_next(&section, &element)) {
		int length = (int)element.name.length;
		const char *name = element.name.bytes;
		switch (element.kind) {
		case VICI_SECTION:
			say(script, depth, "%.*s {\n", length, name);
			tell(script, element.body, depth + 1);
			say(script, depth, "}\n");
			break;
		case VICI_LIST:
			say(script, depth, "%.*s:\n", length, name);
			tell(script, element.body, depth + 1);
			break;
		case VICI_VALUE:
			say(script, depth, "%.*s = %.*s\n", length, name, (int)element.value.length,
				element.value.bytes);
			break;
		case VICI_ITEM:
			say(script, depth, "%.*s\n", (int)element.value.length, element.value.bytes);
			break;
		}
	}
}

static void finish(struct script *script, struct vici_writer *writer)
{
	struct vici_packet packet;
	size_t length;
	const uint8_t *bytes = vici_writer_finish(writer, &length);

	assert_non_null(bytes);
	assert_true(vici_packet_read(bytes + VICI_HEADER_SIZE, length - VICI_HEADER_SIZE, &packet));
	say(script, 0, "%.*s\n", (int)packet.name.length, packet.name.bytes);
	tell(script, packet.message, 1);
	vici_writer_done(writer);
}

static void on_send(void *context, const char *command, struct vici_writer *writer)
{
	(void)command;
	finish(context, writer);
}

static struct config *parse(const char *blocks, const char *profile)
{
	struct conf_messages messages;
	char text[8192];

	snprintf(text, sizeof(text), "%s%s tunnel protection ipsec profile %s\n", blocks, tunnel, profile);
	struct config *config = conf_parse(text, strlen(text), &messages);
	if (!config)
		fail_msg("%s\nline %u: %s", text, messages.items[0].line, messages.items[0].text);
	conf_messages_free(&messages);
	return config;
}

static void connection_from(struct script *script, const struct config *config, const char *local,
	const char *remote, bool user_space, bool marks)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "load-conn");
	struct profile_connection wanted = {
		.name = "dmvpn-1",
		.profile = config->tunnels[0].protection.profile,
		.user_space = user_space,
		.marks = marks,
	};

	assert_true(addr_parse(local, &wanted.local));
	assert_true(!remote || addr_parse(remote, &wanted.remote));
	profile_put_connection(&writer, &config->crypto, &wanted);
	finish(script, &writer);
}

static void connection(
	struct script *script, const struct config *config, const char *remote, bool user_space, bool marks)
{
	connection_from(script, config, "192.0.2.1", remote, user_space, marks);
}

static void assert_has(const struct script *script, const char *part)
{
	if (!strstr(script->text, part))
		fail_msg("no\n%s\nin\n%s", part, script->text);
}

static void test_key_alone(void **state)
{
	struct config *config = parse(keyring, "default");
	struct script script = { .used = 0 };

	(void)state;
	connection(&script, config, NULL, false, false);
	assert_string_equal(script.text,
		"load-conn\n"
		" dmvpn-1 {\n"
		"  version = 2\n"
		"  local_addrs:\n"
		"   192.0.2.1\n"
		"  remote_addrs:\n"
		"   %any\n"
		"  proposals:\n"
		"   aes256gcm16-aes128gcm16-prfsha384-prfsha256-curve25519-ecp256-ecp384-modp2048\n"
		"   aes256-aes128-sha256-sha384-curve25519-ecp256-ecp384-modp2048\n"
		"  unique = never\n"
		"  mobike = no\n"
		"  keyingtries = 1\n"
		"  send_cert = always\n"
		"  dpd_delay = 10s\n"
		"  reauth_time = 0s\n"
		"  rekey_time = 77760s\n"
		"  rand_time = 8640s\n"
		"  over_time = 8640s\n"
		"  local {\n"
		"   auth = psk\n"
		"  }\n"
		"  remote {\n"
		"   auth = psk\n"
		"   id = %any\n"
		"  }\n"
		"  children {\n"
		"   gre {\n"
		"    mode = transport\n"
		"    replay_window = 1024\n"
		"    local_ts:\n"
		"     dynamic[gre]\n"
		"    remote_ts:\n"
		"     dynamic[gre]\n"
		"    esp_proposals:\n"
		"     aes256gcm16-aes128gcm16-curve25519-ecp256-ecp384-modp2048\n"
		"     aes256gcm16-aes128gcm16\n"
		"    rekey_time = 3240s\n"
		"    rand_time = 360s\n"
		"    life_time = 3600s\n"
		"    start_action = none\n"
		"    close_action = none\n"
		"    dpd_action = clear\n"
		"   }\n"
		"  }\n"
		" }\n");
	conf_free(config);
}

static void test_everything(void **state)
{
	static const char blocks[] =
		"crypto ikev2 proposal P\n encryption aes-cbc-256 aes-gcm-256\n integrity sha256\n prf sha384\n"
		" group 19 14\n"
		"crypto ikev2 policy POL\n proposal P\n"
		"crypto ikev2 profile I\n match identity remote fqdn domain example.net\n"
		" identity local email hub@example.net\n authentication local pre-share key Key-2\n"
		" authentication remote pre-share\n lifetime 1000\n dpd 30 5 periodic\n"
		"crypto ipsec transform-set T1 esp-aes 256 esp-sha256-hmac\n"
		"crypto ipsec transform-set T2 esp-gcm\n mode transport\n"
		"crypto ipsec profile Q\n set transform-set T1 T2\n set pfs group20\n set ikev2-profile I\n"
		" set security-association lifetime seconds 1200\n"
		" set security-association lifetime kilobytes 5000\n";
	struct config *config = parse(blocks, "Q");
	struct script script = { .used = 0 };

	(void)state;
	connection(&script, config, "198.51.100.7", false, true);
	assert_has(&script, "  remote_addrs:\n   198.51.100.7\n");
	assert_has(&script, "  proposals:\n   aes256gcm16-prfsha384-ecp256-modp2048\n"
			    "   aes256-sha256-prfsha384-ecp256-modp2048\n");
	assert_has(&script, "  dpd_delay = 30s\n");
	assert_has(&script, "  rekey_time = 900s\n  rand_time = 100s\n  over_time = 100s\n");
	assert_has(&script, "  local {\n   auth = psk\n   id = email:hub@example.net\n  }\n");
	assert_has(&script, "  remote {\n   auth = psk\n   id = fqdn:*.example.net\n  }\n");
	assert_has(&script, "    mode = tunnel\n"); // a transform set is that, unless it says transport
	assert_has(&script, "    esp_proposals:\n     aes256-sha256-ecp384\n     aes128gcm16-ecp384\n");
	assert_has(&script, "    life_time = 1200s\n    life_bytes = 5120000\n");
	assert_has(&script,
		"    mark_in = %unique/0x00ffffff\n    mark_out = %unique/0x00ffffff\n    set_mark_in = %same\n");
	conf_free(config);
}

static void test_modes(void **state)
{
	static const char blocks[] = "crypto ipsec transform-set T esp-gcm 256\n mode transport\n"
				     "crypto ipsec profile Q\n set transform-set T\n no set pfs\n";
	char text[2048];
	struct script script = { .used = 0 };

	(void)state;
	snprintf(text, sizeof(text), "%s%s", keyring, blocks);
	struct config *config = parse(text, "Q");
	assert_int_equal(config->tunnels[0].ip_mtu, 1400);
	connection(&script, config, NULL, false, false);
	assert_has(&script, "    mode = transport\n");
	assert_has(&script, "    esp_proposals:\n     aes256gcm16\n    rekey_time");
	script.used = 0;
	connection(&script, config, NULL, true, false);
	assert_has(&script, "    mode = tunnel\n");
	conf_free(config);
}

/// The reqid of a connection to one peer; 0: charon shall give one.
static unsigned request_id(
	const struct config *config, const char *local, const char *remote, bool user_space)
{
	struct script script = { .used = 0 };

	connection_from(&script, config, local, remote, user_space, false);
	const char *found = strstr(script.text, "reqid = ");
	return found ? (unsigned)strtoul(found + strlen("reqid = "), NULL, 10) : 0;
}

static void test_request_ids(void **state)
{
	struct config *config = parse(keyring, "default");
	const char *us = "192.0.2.1";
	unsigned one = request_id(config, us, "198.51.100.7", true);

	(void)state;
	assert_true(one >= 0x80000000);
	assert_int_equal(request_id(config, us, "198.51.100.7", true), one);
	assert_true(request_id(config, us, "198.51.100.8", true) >= 0x80000000);
	assert_int_not_equal(request_id(config, us, "198.51.100.8", true), one);
	assert_int_not_equal(request_id(config, us, "2001:db8::7", true), one);
	assert_int_not_equal(request_id(config, "192.0.2.2", "198.51.100.7", true), one);
	assert_int_equal(request_id(config, us, NULL, true), 0); // has many peers
	assert_int_equal(
		request_id(config, us, "198.51.100.7", false), 0); // the kernel looks at addresses, too
	conf_free(config);
}

static void test_keys(void **state)
{
	static const char blocks[] =
		"crypto ikev2 keyring A\n peer ALL\n  pre-shared-key Key-1\n"
		" peer HOST\n  address 192.0.2.7\n  pre-shared-key Key-2\n"
		" peer NET\n  address 10.0.0.0 255.0.0.0\n  identity fqdn domain example.net\n  pre-shared-key Key-3\n"
		"crypto ikev2 profile I\n authentication local pre-share key Key-4\n";
	struct config *config = parse(blocks, "default");
	struct script script = { .used = 0 };
	struct err err;

	(void)state;
	assert_true(profile_load_credentials(&config->crypto, on_send, &script, &err));
	assert_string_equal(script.text,
		"load-shared\n id = dmvpn-A-ALL\n type = IKE\n data = Key-1\n owners:\n"
		"load-shared\n id = dmvpn-A-HOST\n type = IKE\n data = Key-2\n owners:\n  192.0.2.7\n"
		"load-shared\n id = dmvpn-A-NET\n type = IKE\n data = Key-3\n owners:\n  10.0.0.0/8\n"
		"  fqdn:*.example.net\n"
		"load-shared\n id = dmvpn-I\n type = IKE\n data = Key-4\n owners:\n");
	conf_free(config);
}

/// A file of its own with this text; the caller unlinks it.
static void write_file(char path[static 32], const char *text)
{
	strcpy(path, "/tmp/dmvpn-test-XXXXXX");
	int fd = mkstemp(path);
	size_t length = strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	close(fd);
}

static void test_certificates(void **state)
{
	char ca[32], certificate[32], key[32], blocks[2048];
	struct script script = { .used = 0 };
	struct err err;

	(void)state;
	write_file(ca, "AUTHORITY");
	write_file(certificate, "OURS");
	write_file(key, "PRIVATE");
	snprintf(blocks, sizeof(blocks),
		"crypto pki trustpoint CA\n ca file %s\n certificate file %s\n key file %s\n revocation-check crl\n"
		"crypto ikev2 profile I\n authentication local rsa-sig\n authentication remote rsa-sig\n"
		" pki trustpoint CA\n identity local dn\n"
		"crypto ipsec profile Q\n set ikev2-profile I\n",
		ca, certificate, key);
	struct config *config = parse(blocks, "Q");
	assert_true(profile_load_credentials(&config->crypto, on_send, &script, &err));
	assert_string_equal(script.text, "load-cert\n type = X509\n flag = CA\n data = AUTHORITY\n"
					 "load-cert\n type = X509\n flag = NONE\n data = OURS\n"
					 "load-key\n type = any\n data = PRIVATE\n");
	script.used = 0;
	connection(&script, config, NULL, false, false);
	assert_has(&script, "  local {\n   auth = pubkey\n   certs:\n    OURS\n  }\n");
	assert_has(&script, "  remote {\n   auth = pubkey\n   id = %any\n   cacerts:\n    AUTHORITY\n"
			    "   revocation = strict\n  }\n");
	unlink(ca);
	unlink(certificate);
	script.used = 0;
	script.text[0] = '\0';
	assert_false(profile_load_credentials(&config->crypto, on_send, &script, &err));
	assert_non_null(strstr(err.text, "No such file"));
	assert_string_equal(script.text, "load-key\n type = any\n data = PRIVATE\n");
	unlink(key);
	conf_free(config);
}

static void test_accepts(void **state)
{
	static const char blocks[] =
		"crypto ikev2 profile I\n authentication local pre-share key Key-1\n"
		" match identity remote address 10.1.0.0 255.255.0.0\n match identity remote fqdn one.example.net\n"
		" match identity remote fqdn domain example.org\n match identity remote email domain example.org\n"
		" match identity remote key-id seven\n"
		"crypto ipsec profile Q\n set ikev2-profile I\n";
	static const char *const good[] = { "10.1.2.3", "one.example.net", "ONE.example.net",
		"a.b.example.org", "me@example.org", "seven" };
	static const char *const bad[] = { "10.2.0.1", "two.example.net", "example.org", "evilexample.org",
		"me@evilexample.org", "me@x.example.org", "eight", "", "C=CH, CN=one.example.net",
		"C=CH, CN=a.example.org" };
	static const char domain[] = ".example.org";
	char text[PROTECT_IDENTITY_SIZE + 1];
	struct config *config = parse(blocks, "Q");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!profile_accepts(&config->crypto, "Q", good[i]))
			fail_msg("%s is refused", good[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (profile_accepts(&config->crypto, "Q", bad[i]))
			fail_msg("%s is accepted", bad[i]);
	}
	assert_true(profile_accepts(&config->crypto, "default", "anybody"));
	// What is longer than an identity can be is cut, and nobody's.
	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - sizeof(domain), domain, sizeof(domain));
	assert_false(profile_accepts(&config->crypto, "Q", text));
	assert_false(profile_accepts(&config->crypto, "default", text));
	assert_true(profile_accepts(&config->crypto, "Q", text + 1));
	conf_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_alone),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_request_ids),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_accepts),
	};

	return cmocka_run_group_tests_name("ike profile", tests, NULL, NULL);
}
