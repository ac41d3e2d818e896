// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "cli/merge.h"
#include "core/cache.h"
#include "core/peer.h"
#include "core/resolve.h"
#include "core/shortcut.h"
#include "ctl/commands.h"

#define DEVICE 4242 ///< index that no device of the machine has

static int64_t clock_seconds = 1000;

struct mono at(int64_t seconds)
{
	return (struct mono) { seconds * MONO_SECOND };
}

void clock_set(int64_t seconds)
{
	clock_seconds = seconds;
}

static struct mono clock_now(void)
{
	return at(clock_seconds);
}

struct addr ip(const char *text)
{
	struct addr addr;
	if (!addr_parse(text, &addr))
		abort();
	return addr;
}

struct prefix net(const char *text)
{
	struct prefix prefix;
	if (!prefix_parse(text, &prefix))
		abort();
	return prefix;
}

static void on_changed(void *owner)
{
	struct fixture *fixture = owner;
	fixture->changes++;
}

static struct fixture *make(const char *address, const char *nbma)
{
	struct fixture *fixture = alloc_zeroed(1, sizeof(*fixture));
	fixture->iface = (struct iface_config) {
		.id = 1,
		.name = "tunnel1",
		.address = { .addr = ip(address), .length = 24 },
		.network_id = 1,
		.holding_time = 600,
		.max_send_packets = 100,
		.max_send_interval = 10,
		.limits = limits_default(),
		.nhs = &fixture->nhs,
	};
	fixture->tunnel = (struct tunnel_config) { .ip_mtu = 1400, .has_key = true, .key = 1 };
	strcpy(fixture->tunnel.source_interface, "eth0");
	fixture->config.node = (struct node_config) { .ifaces = &fixture->iface, .iface_count = 1 };
	fixture->config.tunnels = &fixture->tunnel;
	clock_set(1000);
	if (strcmp(address, "10.0.0.1") == 0) {
		fixture->iface.multicast_dynamic = true;
		fixture->iface.redirect = true;
	} else {
		fixture->nhs = (struct nhs_config) {
			.protocol = ip("10.0.0.1"), .nbma = ip("192.0.2.1"), .multicast = true
		};
		fixture->iface.nhs_count = 1;
		fixture->iface.shortcut = true;
	}
	fixture->context = (struct ctl_context) {
		.node = node_new(&fixture->config.node, 1, 100, at(900)),
		.config = &fixture->config,
		.now = clock_now,
		.started = at(400),
		.changed = on_changed,
		.owner = fixture,
	};
	node_on_link(fixture->context.node, 1, true, DEVICE, ip(nbma), at(900));
	return fixture;
}

static void bind(struct fixture *fixture, const char *protocol, struct binding_facts facts, int64_t seconds)
{
	facts.holding_time = 600;
	if (cache_set(fixture->context.node->ifaces[0], ip(protocol), &facts, at(seconds)) == NULL)
		abort();
}

struct fixture *hub_new(void)
{
	struct fixture *hub = make("10.0.0.1", "192.0.2.1");
	bind(hub, "10.0.0.2", (struct binding_facts) { BINDING_DYNAMIC, ip("192.0.2.2"), .unique = true },
		950);
	bind(hub, "10.0.0.3",
		(struct binding_facts) { BINDING_DYNAMIC, ip("198.51.100.3"), ip("192.168.0.3") }, 990);
	peer_find(hub->context.node->ifaces[0], ip("192.0.2.2"))->last_sent = at(980);
	return hub;
}

static void route(struct fixture *fixture, const char *prefix, const char *next_hop, uint8_t protocol)
{
	struct rib_route facts = { .prefix = net(prefix), .device = DEVICE, .protocol = protocol };
	if (next_hop != NULL)
		facts.next_hop = ip(next_hop);
	node_on_route(fixture->context.node, &facts, true, at(900));
}

struct fixture *spoke_new(void)
{
	struct fixture *spoke = make("10.0.0.2", "192.0.2.2");
	struct iface *iface = spoke->context.node->ifaces[0];
	const char *reason;

	route(spoke, "10.0.0.0/24", NULL, RTPROT_KERNEL);
	route(spoke, "192.168.0.0/16", "10.0.0.1", RTPROT_OSPF);
	route(spoke, "192.168.3.0/24", "10.0.0.1", RTPROT_BGP);
	bind(spoke, "10.0.0.3", (struct binding_facts) { BINDING_CACHED, ip("192.0.2.3"), .mtu = 1400 }, 940);
	bind(spoke, "10.0.0.4", (struct binding_facts) { BINDING_TEMPORARY, ip("192.0.2.1") }, 999);
	if (!shortcut_install(iface, ip("192.168.3.7"), net("192.168.3.0/24"), ip("10.0.0.3"), 600, 0,
		    at(940), &reason) ||
		!shortcut_install(iface, ip("192.168.4.9"), net("192.168.4.0/24"), ip("10.0.0.3"), 600, 0,
			at(960), &reason))
		abort();
	resolve_start(iface, ip("192.168.9.9"), at(998));
	return spoke;
}

json_t *view_of(struct fixture *fixture, struct view *view, int64_t seconds)
{
	json_t *whole = NULL;
	clock_set(seconds);
	while (!view->finished) {
		json_t *part = view->next(view, &fixture->context);
		if (part != NULL)
			merge_part(&whole, part);
	}
	view->free(view);
	merge_finish(whole);
	return whole;
}

json_t *reply_of(struct fixture *fixture, const char *line)
{
	const char *words[COMMAND_MAX_WORDS];
	size_t count = 0;
	char *copy = alloc_string(line), *rest;
	json_t *reply = NULL, *data = NULL;
	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	struct reply *parts = command_start(&fixture->context, &fixture->session, words, count);
	while (!reply_is_done(parts)) {
		json_t *part = reply_next(parts, &fixture->context);
		if (part == NULL)
			continue;
		if (json_object_get(part, "data") != NULL)
			merge_part(&data, json_incref(json_object_get(part, "data")));
		json_decref(reply);
		reply = part;
	}
	if (data != NULL) {
		merge_finish(data);
		json_object_set_new(reply, "data", data);
	}
	reply_free(parts);
	free(copy);
	return reply;
}

void expect_text(const char *text, const char *expected)
{
	size_t length = strlen(expected), dots = strlen("…");
	bool open = length >= dots && strcmp(expected + length - dots, "…") == 0;
	if (open ? strncmp(text, expected, length - dots) != 0 : strcmp(text, expected) != 0)
		fail_msg("\"%s\" instead of \"%s\"", text, expected);
}

void fixture_free(struct fixture *fixture)
{
	session_done(&fixture->session);
	eventlog_done(&fixture->context.events);
	node_free(fixture->context.node);
	free(fixture);
}
