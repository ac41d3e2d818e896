// SPDX-License-Identifier: GPL-2.0-or-later
// Views over nodes that the core itself made.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

#include "base/alloc.h"
#include "core/nhs.h"
#include "core/requester.h"
#include "core/shortcut.h"
#include "ctl/entry.h"
#include "ctl/views.h"
#include "fixture.h"
#include "ike/ike.h"
#include "link/link.h"

/// The fields of `expected` (JSON with ' for ") are in `view`, arrays element by element; takes `view`.
static void check_part(const json_t *view, const json_t *expected, const char *where)
{
	const char *key;
	json_t *value;
	if (json_is_object(expected)) {
		assert_true(json_is_object(view));
		json_object_foreach((json_t *)(uintptr_t)expected, key, value)
			check_part(json_object_get(view, key), value, key);
	} else if (json_is_array(expected)) {
		assert_int_equal(json_array_size(view), json_array_size(expected));
		for (size_t i = 0; i < json_array_size(expected); i++)
			check_part(json_array_get(view, i), json_array_get(expected, i), where);
	} else if (!json_equal(view, expected)) {
		char *got = json_dumps(view, JSON_ENCODE_ANY), *want = json_dumps(expected, JSON_ENCODE_ANY);
		fail_msg("%s is %s instead of %s", where, got, want);
	}
}

static void check(json_t *view, const char *expected)
{
	json_error_t error;
	char *text = alloc_string(expected);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	json_t *wanted = json_loads(text, 0, &error);
	if (wanted == NULL)
		fail_msg("the test's JSON, column %d: %s", error.column, error.text);
	assert_non_null(view);
	check_part(view, wanted, "the view");
	free(text);
	json_decref(wanted);
	json_decref(view);
}

static void test_dmvpn_hub(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'schema': 'dmvpn/dmvpn/1', 'interfaces': [{'interface': 'tunnel1', 'type': 'Hub', 'up': true,"
		" 'shutdown': false, 'address': '10.0.0.1/24', 'source': '192.0.2.1', 'destination': null,"
		" 'mode': 'gre multipoint', 'nhs': [], 'peers': ["
		"  {'nbma': '192.0.2.2', 'entry_count': 1, 'entries': [{'tunnel_address': '10.0.0.2',"
		"   'state': 'UP', 'up_down_seconds': 50, 'attributes': 'D', 'target': '10.0.0.2/32'}]},"
		"  {'nbma': '198.51.100.3', 'entry_count': 1, 'entries': [{'tunnel_address': '10.0.0.3',"
		"   'state': 'UP', 'up_down_seconds': 10, 'attributes': 'DN', 'target': '10.0.0.3/32'}]}]}]}");
	fixture_free(hub);
}

static void test_dmvpn_spoke(void **state)
{
	struct fixture *spoke = spoke_new();
	(void)state;
	check(view_of(spoke, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'type': 'Spoke', 'nhs': [{'address': '10.0.0.1', 'flags': 'E'}], 'peers': ["
		"  {'nbma': null, 'entry_count': 1, 'entries': [{'tunnel_address': '192.168.9.9',"
		"   'state': 'NHRP', 'up_down_seconds': null, 'attributes': 'IX'}]},"
		"  {'nbma': '192.0.2.1', 'entry_count': 2, 'entries': ["
		"   {'tunnel_address': '10.0.0.1', 'state': 'NHRP', 'up_down_seconds': null, 'attributes': 'S'},"
		"   {'tunnel_address': '10.0.0.4', 'state': 'NHRP', 'attributes': 'I2'}]},"
		"  {'nbma': '192.0.2.3', 'entry_count': 3, 'entries': ["
		"   {'target': '10.0.0.3/32', 'attributes': 'DT1', 'up_down_seconds': 60},"
		"   {'target': '192.168.3.0/24', 'attributes': 'DT2'},"
		"   {'target': '192.168.4.0/24', 'attributes': 'DT1'}]}]}]}");

	spoke->context.node->ifaces[0]->dynamic_count = 1;
	check(view_of(spoke, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'type': 'Hub/Spoke'}]}");
	spoke->context.node->ifaces[0]->dynamic_count = 0;

	node_on_link(spoke->context.node, 1, false, 0, (struct addr) { 0 }, at(1001));
	json_t *view = view_of(spoke, view_dmvpn((struct addr) { 0 }), 1001);
	check(json_incref(json_array_get(json_object_get(view, "interfaces"), 0)), "{'up': false}");
	json_decref(view);
	fixture_free(spoke);
}

static void test_nhrp(void **state)
{
	struct fixture *hub = hub_new(), *spoke = spoke_new();
	(void)state;
	check(view_of(hub, view_nhrp(NHRP_FILTER_ALL), 1000),
		"{'schema': 'dmvpn/nhrp/1', 'entries': ["
		" {'target': '10.0.0.2/32', 'next_hop': '10.0.0.2', 'interface': 'tunnel1', 'type': 'dynamic',"
		"  'flags': ['unique', 'registered', 'used', 'nhop'], 'nbma': '192.0.2.2', 'claimed_nbma': null,"
		"  'created_seconds': 50, 'expire_seconds': 550},"
		" {'target': '10.0.0.3/32', 'flags': ['registered', 'nhop', 'nat'], 'nbma': '198.51.100.3',"
		"  'claimed_nbma': '192.168.0.3'}]}");
	check(view_of(spoke, view_nhrp(NHRP_FILTER_ALL), 1000),
		"{'entries': ["
		" {'target': '10.0.0.1/32', 'type': 'static', 'nhs': true, 'expire_seconds': null},"
		" {'target': '10.0.0.3/32', 'type': 'dynamic', 'flags': ['router', 'nhop', 'rib'], 'mtu': 1400},"
		" {'target': '10.0.0.4/32', 'type': 'dynamic', 'flags': ['temporary'], 'nbma': '192.0.2.1'},"
		" {'target': '192.168.3.0/24', 'next_hop': '10.0.0.3', 'flags': ['router', 'rib', 'nho'],"
		"  'nbma': '192.0.2.3', 'created_seconds': 60, 'expire_seconds': 540},"
		" {'target': '192.168.4.0/24', 'next_hop': '10.0.0.3', 'flags': ['router', 'rib']},"
		" {'target': '192.168.9.9/32', 'next_hop': null, 'type': 'incomplete', 'flags': ['negative'],"
		"  'nbma': null, 'created_seconds': 2, 'requests_unanswered': 1, 'reason': null}]}");
	fixture_free(hub);
	fixture_free(spoke);
}

static void test_nhrp_filters(void **state)
{
	static const struct {
		enum nhrp_filter filter;
		size_t count;
	} rows[] = {
		{ NHRP_FILTER_ALL, 6 },
		{ NHRP_FILTER_STATIC, 1 },
		{ NHRP_FILTER_DYNAMIC, 4 },
		{ NHRP_FILTER_INCOMPLETE, 1 },
		{ NHRP_FILTER_SHORTCUT, 3 },
		{ NHRP_FILTER_BRIEF, 5 },
	};
	struct fixture *spoke = spoke_new();
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *view = view_of(spoke, view_nhrp(rows[i].filter), 1000);
		assert_int_equal(json_array_size(json_object_get(view, "entries")), rows[i].count);
		json_decref(view);
	}
	check(view_of(spoke, view_nhrp_summary(), 1000),
		"{'schema': 'dmvpn/nhrp-summary/1', 'entries': 6, 'static': 1, 'dynamic': 4, 'incomplete': 1,"
		" 'next_hops': 1, 'temporary': 1, 'routes': 2, 'overrides': 1}");
	fixture_free(spoke);
}

/// What we answered for is an entry of the cache and no peer.
static void test_local(void **state)
{
	struct fixture *hub = hub_new();
	struct iface *iface = hub->context.node->ifaces[0];
	struct requester facts = { .iface = iface,
		.key.prefix = net("192.168.1.0/24"),
		.destination = ip("192.168.1.7"),
		.is_egress = true,
		.key.protocol = ip("10.0.0.2"),
		.nbma = ip("192.0.2.2") };
	(void)state;
	requester_note(iface, &facts, 300, at(990));
	facts.key.protocol = ip("10.0.0.3");
	requester_note(iface, &facts, 600, at(990));
	facts.key.prefix = net("10.0.0.3/32");
	facts.is_egress = false;
	requester_note(iface, &facts, 600, at(990));
	check(view_of(hub, view_nhrp(NHRP_FILTER_ALL), 1000),
		"{'entries': [{}, {}, {'target': '192.168.1.0/24', 'next_hop': '10.0.0.1', 'nbma': '192.0.2.1',"
		" 'flags': ['unique', 'router', 'local'], 'created_seconds': null, 'expire_seconds': 590}]}");
	check(view_of(hub, view_nhrp_summary(), 1000), "{'entries': 3, 'local': 1}");
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'peers': [{'entry_count': 1}, {'entry_count': 1}]}]}");
	fixture_free(hub);
}

static void test_used_for_a_minute(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	check(view_of(hub, view_nhrp(NHRP_FILTER_ALL), 1041),
		"{'entries': [{'flags': ['unique', 'registered', 'nhop']}, {}]}");
	fixture_free(hub);
}

static void test_nhs(void **state)
{
	static const struct {
		enum nhs_state state;
		const char *flags;
	} rows[] = {
		{ NHS_INIT, "W" },
		{ NHS_PROBE, "E" },
		{ NHS_UP, "RE" },
		{ NHS_CHECK, "RE" },
	};
	struct fixture *spoke = spoke_new();
	struct nhs *nhs = spoke->context.node->ifaces[0]->nhs;
	(void)state;
	check(view_nhs(spoke->context.node, at(1000)),
		"{'schema': 'dmvpn/nhrp-nhs/1', 'interfaces': [{'interface': 'tunnel1', 'nhs': ["
		" {'address': '10.0.0.1', 'nbma': '192.0.2.1', 'priority': 0, 'cluster': 0, 'state': 'probe',"
		"  'flags': 'E', 'active': true, 'replies_received': 0, 'last_reply_seconds': null,"
		"  'request_pending': true, 'public_nbma': null}]}]}");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		nhs->state = rows[i].state;
		nhs->last_reply = at(978);
		json_t *view = view_nhs(spoke->context.node, at(1000));
		const json_t *first = json_array_get(json_object_get(view, "interfaces"), 0);
		first = json_array_get(json_object_get(first, "nhs"), 0);
		assert_string_equal(json_string_value(json_object_get(first, "flags")), rows[i].flags);
		assert_int_equal(json_integer_value(json_object_get(first, "last_reply_seconds")), 22);
		json_decref(view);
	}
	nhs->state = NHS_UP;
	nhs->since = at(950);
	check(view_of(spoke, view_nhrp(NHRP_FILTER_STATIC), 1000), "{'entries': [{'state': 'UP'}]}");
	nhs->state = NHS_PROBE;
	fixture_free(spoke);
}

static void test_multicast(void **state)
{
	struct fixture *hub = hub_new(), *spoke = spoke_new();
	(void)state;
	json_t *view = view_of(hub, view_multicast(), 1000);
	assert_int_equal(json_array_size(json_object_get(view, "receivers")), 2);
	check(json_incref(json_array_get(json_object_get(view, "receivers"), 0)),
		"{'interface': 'tunnel1', 'kind': 'dynamic'}");
	json_decref(view);
	check(view_of(spoke, view_multicast(), 1000),
		"{'schema': 'dmvpn/nhrp-multicast/1', 'receivers': [{'nbma': '192.0.2.1', 'kind': 'nhs'}]}");
	fixture_free(hub);
	fixture_free(spoke);
}

static void test_traffic(void **state)
{
	struct fixture *hub = hub_new();
	struct counters *counters = &hub->context.node->ifaces[0]->counters;
	(void)state;
	*counters = (struct counters) { 0 };
	counters->sent[NHRP_TRAFFIC_INDICATION] = 5;
	counters->sent[NHRP_PURGE_REQUEST] = 2;
	counters->received[NHRP_REGISTRATION_REQUEST] = 1;
	counters->forwarded[NHRP_RESOLUTION_REQUEST] = 3;
	counters->refused[REFUSED_AUTHENTICATION] = 7;
	offenders_note(&counters->offenders, addr_from_ipv4(0xc6336409), "authentication failure");
	counters->redirect_suppressed = 9;
	hub->context.node->events_suppressed = 3;
	check(view_traffic(hub->context.node, at(1000)),
		"{'schema': 'dmvpn/nhrp-traffic/1', 'interfaces': [{'interface': 'tunnel1',"
		" 'max_send': {'packets': 100, 'interval_seconds': 10, 'usage_percent': 0},"
		" 'sent': {'total': 7, 'traffic_indication': 5, 'purge_request': 2, 'resolution_reply': 0},"
		" 'received': {'total': 1, 'registration_request': 1},"
		" 'forwarded': {'total': 3, 'resolution_request': 3}, 'refused': {'authentication': 7,"
		" 'malformed': 0}, 'refused_from': [{'nbma': '198.51.100.9', 'packets': 1,"
		" 'packets_at_most': 1, 'reason': 'authentication failure'}], 'redirects_suppressed': 9, 'registrations_refused': 0, 'quirks': 0}],"
		" 'events_suppressed': 3}");
	fixture_free(hub);
}

static void test_route(void **state)
{
	struct fixture *spoke = spoke_new();
	(void)state;
	check(view_of(spoke, view_route(true), 1000),
		"{'schema': 'dmvpn/route/1', 'routes': ["
		" {'code': 'C', 'prefix': '10.0.0.0/24', 'next_hop': null, 'interface': 'tunnel1'},"
		" {'code': 'H', 'prefix': '10.0.0.3/32', 'next_hop': null, 'interface': 'tunnel1',"
		"  'distance': 250, 'metric': 255, 'age_seconds': 60, 'override': null},"
		" {'code': 'O', 'prefix': '192.168.0.0/16', 'next_hop': '10.0.0.1', 'distance': 110,"
		"  'age_seconds': null, 'override': null},"
		" {'code': 'B', 'prefix': '192.168.3.0/24', 'next_hop': '10.0.0.1',"
		"  'override': {'next_hop': '10.0.0.3', 'interface': 'tunnel1', 'metric': 255,"
		"  'age_seconds': 60}},"
		" {'code': 'H', 'prefix': '192.168.4.0/24', 'next_hop': '10.0.0.3', 'age_seconds': 40}]}");
	check(view_of(spoke, view_route(false), 1000),
		"{'routes': [{'prefix': '10.0.0.3/32'}, {'prefix': '192.168.4.0/24'}]}");
	fixture_free(spoke);
}

/// One address: what of the table a packet to it goes by.
static void test_route_to(void **state)
{
	static const struct {
		const char *destination, *route;
	} rows[] = {
		{ "10.0.0.3", "{'routes': [{'code': 'H', 'prefix': '10.0.0.3/32', 'next_hop': null}]}" },
		{ "10.0.0.4", "{'routes': [{'code': 'C', 'prefix': '10.0.0.0/24'}]}" },
		{ "192.168.3.9",
			"{'routes': [{'code': 'B', 'prefix': '192.168.3.0/24', 'next_hop': '10.0.0.1',"
			" 'override': {'next_hop': '10.0.0.3'}}]}" },
		{ "192.168.4.1", "{'routes': [{'code': 'H', 'prefix': '192.168.4.0/24'}]}" },
		{ "192.168.5.1",
			"{'routes': [{'code': 'O', 'prefix': '192.168.0.0/16', 'override': null}]}" },
	};
	struct fixture *spoke = spoke_new();
	char line[64];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(line, sizeof(line), "sh ip ro %s", rows[i].destination);
		json_t *reply = reply_of(spoke, line);
		assert_string_equal(json_string_value(json_object_get(reply, "view")), "route-entry");
		check(json_incref(json_object_get(reply, "data")), rows[i].route);
		json_decref(reply);
	}
	// One whose next hop may not be used carries nothing.
	struct shortcut *shortcut =
		trie_longest(&iface_at(spoke->context.node, 0)->shortcuts, ip("192.168.4.1"));
	shortcut->usable = false;
	json_t *reply = reply_of(spoke, "show ip route 192.168.4.1");
	check(json_incref(json_object_get(reply, "data")),
		"{'routes': [{'code': 'O', 'prefix': '192.168.0.0/16', 'override': null}]}");
	json_decref(reply);
	fixture_free(spoke);
}

static bool fake_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	(void)link;
	if (!addr_equal(nbma, ip("192.0.2.2")))
		return false;
	*ret = (struct link_counters) { 3, 252, 4, 336 };
	return true;
}

static void fake_drops(struct link *link, struct link_drops *ret)
{
	(void)link;
	*ret = (struct link_drops) { .not_wanted = 2 };
}

static const char *fake_data_path(struct link *link)
{
	(void)link;
	return "pigeons";
}

static const struct link_ops fake_ops = {
	.name = "fake",
	.counters = fake_counters,
	.drops = fake_drops,
	.data_path = fake_data_path,
};
static struct link fake_link = { .ops = &fake_ops, .filter = "none (there are no strangers)" };

static struct link *find_link(void *owner, uint32_t iface)
{
	(void)owner;
	return iface == 1 ? &fake_link : NULL;
}

static const char *find_device_state(void *owner, uint32_t iface)
{
	(void)owner;
	return iface == 1 ? "dormant" : NULL;
}

static void test_interfaces(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	check(view_of(hub, view_interfaces(NULL), 1000), "{'interfaces': [{'link': null, 'drops': null}]}");
	check(view_of(hub, view_interfaces("tunnel7"), 1000), "{'interfaces': []}");
	check(view_of(hub, view_interfaces(NULL), 1000), "{'interfaces': [{'device_state': null}]}");
	hub->context.device_state = find_device_state;
	check(view_of(hub, view_interfaces(NULL), 1000), "{'interfaces': [{'device_state': 'dormant'}]}");
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'device_state': 'dormant'}]}");
	hub->context.link = find_link;
	hub->tunnel.description = (char[]) { "caf\xe9" };
	check(view_of(hub, view_interfaces("Tunnel1"), 1000),
		"{'schema': 'dmvpn/interface/1', 'interfaces': [{'interface': 'tunnel1', 'description': 'caf?',"
		" 'mtu': 1400, 'key': 1, 'source': '192.0.2.1', 'source_interface': 'eth0', 'link': 'fake',"
		" 'nhrp_filter': 'none (there are no strangers)',"
		" 'drops': {'unknown_peer': 0, 'not_wanted': 2, 'send_failed': 0, 'device_full': 0, 'socket_full': 0},"
		" 'peers': [{'nbma': '192.0.2.2', 'sent_packets': 3, 'sent_bytes': 252, 'received_packets': 4,"
		" 'received_bytes': 336}, {'nbma': '198.51.100.3', 'sent_packets': 0}]}]}");
	fixture_free(hub);
}

static void test_running_config(void **state)
{
	struct fixture *hub = hub_new();
	(void)state;
	hub->iface.auth = (struct nhrp_auth_key) { NHRP_AUTH_CLEARTEXT, 6, "SECRET" };
	json_t *view = view_running_config(&hub->config, false);
	const char *text = json_string_value(json_object_get(view, "text"));
	assert_non_null(text);
	assert_non_null(strstr(text, "interface"));
	assert_null(strstr(text, "SECRET"));
	json_decref(view);
	fixture_free(hub);
}

/// The block of a tunnel is what the whole configuration has of it.
static void test_running_interface(void **state)
{
	static const char *const rows[][2] = {
		{ "show running-config interface", "interface Tunnel1…" },
		{ "show running-config interface Tunnel1", "interface Tunnel1…" },
		{ "show running-config interface tunnel 2", "interface Tunnel2…" },
	};
	static const char two[] =
		"hostname hub\n"
		"interface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n"
		" ip nhrp authentication SECRET\n tunnel source eth0\n tunnel mode gre multipoint\n"
		"interface Tunnel2\n ip address 10.0.2.1 255.255.255.0\n ip nhrp network-id 2\n"
		" tunnel source eth0\n tunnel key 2\n tunnel mode gre multipoint\n";
	struct conf_messages messages;
	struct config *config = conf_parse(two, strlen(two), &messages);
	struct fixture *hub = hub_new();
	(void)state;
	assert_non_null(config);
	node_configure(hub->context.node, &config->node, at(1000));
	hub->context.config = config;
	json_t *all = view_running_config(config, false);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *reply = reply_of(hub, rows[i][0]);
		const char *text = json_string_value(json_object_get(json_object_get(reply, "data"), "text"));
		assert_non_null(text);
		expect_text(text, rows[i][1]);
		assert_non_null(strstr(json_string_value(json_object_get(all, "text")), text));
		assert_null(strstr(text, "SECRET"));
		assert_null(strstr(text, "hostname"));
		assert_int_equal(strstr(text, "Tunnel1") != NULL, i < 2);
		assert_int_equal(strstr(text, "Tunnel2") != NULL, i != 1);
		json_decref(reply);
	}
	json_decref(all);
	fixture_free(hub);
	conf_free(config);
	conf_messages_free(&messages);
}

/// An SA with a client of the hub; `child`: and it carries packets.
static struct sa *add_sa(struct sa_table *sas, uint32_t id, const char *remote, uint16_t port, bool child)
{
	struct sa *sa = alloc_zeroed(1, sizeof(*sa));

	sa->id = id;
	sa->established = true;
	sa->local = ip("192.0.2.1");
	sa_table_set_remote(sas, sa, ip(remote));
	sa->remote_port = port;
	sa->nat = port != 500;
	sa->since = at(940);
	snprintf(sa->remote_id, sizeof(sa->remote_id), "spoke%u.example.net", id);
	strcpy(sa->encryption, "AES_GCM_16");
	if (child)
		sa->children[sa->child_count++] = (struct sa_child) {
			.id = id, .installed = true, .spi_in = 0xabc, .mode = "TRANSPORT", .packets_in = 5
		};
	HASH_ADD(hh, sas->sas, id, sizeof(sa->id), sa);
	return sa;
}

static void on_sa(void *owner, uint32_t iface, struct addr nbma, enum sa_state sa, const char *identity)
{
	(void)owner, (void)iface, (void)nbma, (void)sa, (void)identity;
}

static struct mono hub_now(void)
{
	return at(1000);
}

static void test_crypto(void **state)
{
	const struct crypto_config crypto = { 0 };
	const struct ike_handler handler = { .on_sa = on_sa, .now = hub_now };
	struct ike *ike = ike_new(uv_default_loop(), "/nonexistent", &crypto, &handler);
	struct sa_table *sas = (struct sa_table *)(uintptr_t)ike_sas(ike);
	struct fixture *hub = hub_new();

	(void)state;
	hub->context.ike = ike;
	hub->iface.protected = true;
	hub->tunnel.protection = (struct tunnel_protection) { PROTECTION_IPSEC, (char[]) { "DMVPN" }, false };
	struct node *node = hub->context.node;
	add_sa(sas, 1, "192.0.2.2", 500, true);
	add_sa(sas, 2, "198.51.100.3", 4500, false);
	add_sa(sas, 3, "198.51.100.3", 1025, true);
	add_sa(sas, 4, "198.51.100.3", 1025, false);
	add_sa(sas, 5, "198.51.100.9", 500, true)->local = ip("192.0.2.99"); // another tunnel's
	node_on_sa(node, 1, ip("192.0.2.2"), SA_UP, "spoke1.example.net", at(950));
	clock_set(1000);
	check(view_crypto(&hub->context),
		"{'schema': 'dmvpn/crypto/1', 'interfaces': [{'interface': 'tunnel1', 'profile': 'DMVPN',"
		" 'local': '192.0.2.1', 'ip_mtu': 1400, 'sessions': ["
		"{'peer': '192.0.2.2', 'port': 500, 'nat': false, 'status': 'UP-ACTIVE', 'up_seconds': 60,"
		" 'identity': 'spoke1.example.net', 'ike_sas': [{'id': 1, 'established': true, 'flows':"
		"  [{'spi_in': '0x00000ABC', 'mode': 'TRANSPORT', 'packets_in': 5}]}]},"
		"{'peer': '198.51.100.3', 'port': 4500, 'status': 'UP-IDLE', 'ike_sas': [{'id': 2}]},"
		"{'peer': '198.51.100.3', 'port': 1025, 'nat': true, 'status': 'UP-ACTIVE',"
		" 'ike_sas': [{'id': 3}, {'id': 4}]}]}]}");
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'protection': 'DMVPN', 'crypto_sessions': [{}, {}, {}], 'peers': ["
		"{'nbma': '192.0.2.2', 'entries': [{'state': 'UP'}]},"
		"{'nbma': '198.51.100.3', 'entries': [{'state': 'IPSEC'}]}]}]}");
	sa_table_done(sas);
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'crypto_sessions': [{'peer': '192.0.2.2', 'status': 'DOWN', 'port': null}],"
		" 'peers': [{}, {'entries': [{'state': 'IKE'}]}]}]}");
	hub->iface.protected = false;
	hub->tunnel.protection = (struct tunnel_protection) { .kind = PROTECTION_NONE };
	check(view_of(hub, view_dmvpn((struct addr) { 0 }), 1000),
		"{'interfaces': [{'protection': null, 'peers': ["
		"{'entries': [{'state': 'UP'}]}, {'entries': [{'state': 'UP'}]}]}]}");
	ike_close(ike, false);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(uv_default_loop()), 0);
	fixture_free(hub);
}

static void test_version(void **state)
{
	struct config config = { .hostname = (char[]) { "hub" } };
	(void)state;
	check(view_version(&config, at(400), at(1000)),
		"{'schema': 'dmvpn/version/1', 'hostname': 'hub', 'uptime_seconds': 600}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dmvpn_hub),
		cmocka_unit_test(test_dmvpn_spoke),
		cmocka_unit_test(test_nhrp),
		cmocka_unit_test(test_nhrp_filters),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_used_for_a_minute),
		cmocka_unit_test(test_nhs),
		cmocka_unit_test(test_multicast),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_to),
		cmocka_unit_test(test_crypto),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_running_config),
		cmocka_unit_test(test_running_interface),
		cmocka_unit_test(test_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
