// SPDX-License-Identifier: GPL-2.0-or-later
// `configure terminal`: which lines are applied when, and what the text is that they make.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/private.h"
#include "ctl/change.h"
#include "ctl/commands.h"
#include "fixture.h"

static const char running[] = "hostname hub\n"
			      "interface Tunnel1\n"
			      " ip address 10.0.0.1 255.255.255.0\n"
			      " ip nhrp network-id 1\n"
			      " tunnel source 192.0.2.1\n"
			      " tunnel mode gre multipoint\n";

/// A daemon that takes a configuration and does nothing with it.
struct host {
	struct fixture *fixture;
	struct config *config;
	unsigned applied;
};

static bool configure(void *owner, const char *text, size_t length, struct ctl_change *ret)
{
	struct host *host = owner;
	*ret = (struct ctl_change) { .text = alloc_string("") };
	struct config *config = conf_parse(text, length, &ret->messages);
	if (config == NULL)
		return false;
	conf_free(host->config);
	host->config = config;
	host->fixture->context.config = config;
	host->applied++;
	return true;
}

static void host_open(struct host *host)
{
	struct conf_messages messages;
	*host = (struct host) { .fixture = hub_new(),
		.config = conf_parse(running, strlen(running), &messages) };
	assert_non_null(host->config);
	host->fixture->context.config = host->config;
	host->fixture->context.owner = host;
	host->fixture->context.changed = NULL;
	host->fixture->context.configure = configure;
}

static void host_close(struct host *host)
{
	fixture_free(host->fixture);
	conf_free(host->config);
}

/// Gives a line; expects what is told (an error without its mark), and how often something was applied by
/// then.
static void type(struct host *host, const char *line, const char *told, unsigned applied, const char *mode)
{
	json_t *reply = reply_of(host->fixture, line);
	const char *text = json_string_value(json_object_get(reply, "error"));
	if (text == NULL)
		text = json_string_value(json_object_get(json_object_get(reply, "data"), "text"));
	expect_text(text != NULL ? text : "", told);
	assert_int_equal(host->applied, applied);
	const char *now = configure_mode(&host->fixture->session.configure);
	assert_string_equal(now != NULL ? now : "", mode);
	json_decref(reply);
}

static void expect_line(const struct host *host, const char *line, bool there)
{
	char *text = conf_print(host->config, false);
	if ((strstr(text, line) != NULL) != there)
		fail_msg("\"%s\" is %s:\n%s", line, there ? "missing" : "there", text);
	private_free(text);
}

static void test_lines(void **state)
{
	struct host host;
	(void)state;
	host_open(&host);
	type(&host, "conf t", "Enter configuration commands, …", 0, "config");
	type(&host, "hostname center", "", 1, "config");
	type(&host, "interface tunnel1", "", 2, "config-if");
	type(&host, "ip nhrp holdtime 300", "", 3, "config-if");
	expect_line(&host, " ip nhrp holdtime 300\n", true);
	type(&host, "ip nhrp holdtime 70000", "expected a number from 1 to 65535, not \"70000\"", 3,
		"config-if");
	type(&host, "ip nhrp holdtme 300", "unknown command \"holdtme\"; did you mean `ip nhrp holdtime …", 3,
		"config-if");
	type(&host, "no ip nhrp holdtime", "", 4, "config-if");
	expect_line(&host, "holdtime", false);
	type(&host, "do show version", "", 4, "config-if");
	type(&host, "hostname again", "", 5, "config");
	type(&host, "exit", "", 5, "");
	expect_line(&host, "hostname again\n", true);
	host_close(&host);
}

/// The lines of a new tunnel wait for each other.
static void test_new_tunnel(void **state)
{
	struct host host;
	(void)state;
	host_open(&host);
	type(&host, "configure terminal", "Enter…", 0, "config");
	type(&host, "interface Tunnel2", "% Not applied yet: Tunnel2: it has no address;…", 0, "config-if*");
	type(&host, "ip address 10.1.0.1 255.255.255.0", "% Not applied yet: Tunnel2: it has no source;…", 0,
		"config-if*");
	type(&host, "exit", "The lines of this block are not applied,…", 0, "config-if*");
	type(&host, "hostname elsewhere", "The lines of this block wait: Tunnel2: it has no source;…", 0,
		"config-if*");
	type(&host, "tunnel source 192.0.2.9", "% Not applied yet: Tunnel2: its mode is…", 0, "config-if*");
	type(&host, "tunnel mode gre multipoint",
		"% Not applied yet: Tunnel2: a multipoint tunnel needs NHRP;…", 0, "config-if*");
	type(&host, "ip nhrp network-id 2", "", 1, "config-if");
	type(&host, "end", "", 1, "");
	expect_line(&host, "interface Tunnel2\n", true);
	type(&host, "conf t", "Enter…", 1, "config");
	type(&host, "interface Tunnel3", "% Not applied yet:…", 1, "config-if*");
	type(&host, "abort", "", 1, "");
	expect_line(&host, "Tunnel3", false);
	type(&host, "conf t", "Enter…", 1, "config");
	type(&host, "no interface Tunnel2", "", 2, "config");
	expect_line(&host, "Tunnel2", false);
	host_close(&host);
}

/// The lines of a block that was refused do not go to the one that is open.
static void test_refused_block(void **state)
{
	static const char no_block[] = "This is not taken, as the block that it stands in was refused.…";
	struct host host;
	(void)state;
	host_open(&host);
	type(&host, "configure terminal", "Enter…", 0, "config");
	type(&host, "interface Tunnel2", "% Not applied yet: Tunnel2: it has no address;…", 0, "config-if*");
	type(&host, "interface Tunnel3", "The lines of this block wait: Tunnel2: it has no address;…", 0,
		"config-if*");
	type(&host, "ip address 10.3.0.1 255.255.255.0", no_block, 0, "config-if*");
	type(&host, "hostname elsewhere", no_block, 0, "config-if*");
	type(&host, "interface Tunnel2", "% Not applied yet: Tunnel2: it has no address;…", 0, "config-if*");
	type(&host, "ip address 10.1.0.1 255.255.255.0", "% Not applied yet: Tunnel2: it has no source;…", 0,
		"config-if*");
	type(&host, "abort", "", 0, "");
	type(&host, "configure terminal", "Enter…", 0, "config");
	type(&host, "interface Tunnel1", "", 1, "config-if");
	type(&host, "crypto ikev2 keyring", "the command is incomplete: …", 1, "config-if");
	type(&host, "ip nhrp holdtime 300", no_block, 1, "config-if");
	type(&host, "interface Tunnel1", "", 2, "config-if");
	type(&host, "ip nhrp holdtime 300", "", 3, "config-if");
	type(&host, "end", "", 3, "");
	expect_line(&host, "10.3.0.1", false);
	// Where no block is open, nothing is mistaken for another's.
	type(&host, "configure terminal", "Enter…", 3, "config");
	type(&host, "crypto ikev2 keyring", "the command is incomplete: …", 3, "config");
	type(&host, "hostname elsewhere", "", 4, "config");
	host_close(&host);
}

static void test_nested_blocks(void **state)
{
	struct host host;
	(void)state;
	host_open(&host);
	type(&host, "configure terminal", "Enter…", 0, "config");
	type(&host, "crypto ikev2 keyring K", "", 1, "config-crypto");
	type(&host, "peer one", "% Not applied yet:…", 1, "config-crypto*");
	type(&host, "address 192.0.2.7", "% Not applied yet:…", 1, "config-crypto*");
	type(&host, "pre-shared-key abcdefghijklmnop", "", 2, "config-crypto");
	type(&host, "end", "", 2, "");
	expect_line(&host, "pre-shared-key abcdefghijklmnop\n", true);
	host_close(&host);
}

static void test_save(void **state)
{
	struct host host;
	char directory[] = "/tmp/configure-test-XXXXXX", path[80], backup[90];
	struct stat status;
	(void)state;
	host_open(&host);
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/dmvpnd.conf", directory);
	snprintf(backup, sizeof(backup), "%s.bak", path);
	host.fixture->context.config_path = path;
	FILE *file = fopen(path, "w");
	fputs("! the old one\n", file);
	fclose(file);
	chmod(path, 0640);
	type(&host, "write memory", "Written to /tmp/configure-test…", 0, "");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	struct conf_messages messages;
	struct config *again = conf_load(path, &messages);
	assert_non_null(again);
	conf_free(again);
	assert_int_equal(stat(backup, &status), 0);
	assert_int_equal(status.st_size, strlen("! the old one\n"));
	type(&host, "write", "Written to /tmp/configure-test…", 0, "");
	assert_int_equal(stat(backup, &status), 0);
	assert_int_equal(status.st_size, strlen("! the old one\n"));
	unlink(path);
	unlink(backup);
	rmdir(directory);
	type(&host, "copy running-config startup-config", "cannot write /tmp/configure-test…", 0, "");
	host_close(&host);
}

/// What the file says, whatever runs: in the form of what runs, and without its secrets.
static void test_startup(void **state)
{
	struct host host;
	char path[] = "/tmp/startup-test-XXXXXX";
	(void)state;
	host_open(&host);
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	host.fixture->context.config_path = path;
	FILE *file = fopen(path, "w");
	fprintf(file, "HOSTNAME other\nrouter eigrp 1\n%s ip nhrp authentication Secret\n",
		strchr(running, '\n') + 1);
	fclose(file);
	type(&host, "show startup-config",
		"hostname other\ninterface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n"
		" ip nhrp authentication *****\n ip nhrp network-id 1\n tunnel source 192.0.2.1\n"
		" tunnel mode gre multipoint\n!\nend\n",
		0, "");
	file = fopen(path, "w");
	fputs("! a remark\ninterface Tunnel1\n ip nhrp network-id 0\n", file);
	fclose(file);
	type(&host, "show startup-config",
		"Nothing is shown, as the file has 4 errors; `dmvpnd --check --config /tmp/startup-test…", 0,
		"");
	unlink(path);
	type(&host, "show startup-config",
		"Nothing is shown, as the file has 1 error; `dmvpnd --check --config /tmp/startup-test…", 0,
		"");
	host_close(&host);
}

static void test_none(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	json_t *reply = reply_of(hub, "configure terminal");
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	fixture_free(hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_new_tunnel),
		cmocka_unit_test(test_refused_block),
		cmocka_unit_test(test_nested_blocks),
		cmocka_unit_test(test_save),
		cmocka_unit_test(test_startup),
		cmocka_unit_test(test_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
