// SPDX-License-Identifier: GPL-2.0-or-later
// What sessions hear between their replies, the log of events, and replies in many parts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/cache.h"
#include "ctl/packet.h"
#include "ctl/server.h"
#include "stage.h"
#include "wire/nhrp_msg.h"

static json_t *hear_object(struct stage *stage, int fd)
{
	char *line = hear(stage, fd);
	assert_non_null(line);
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	free(line);
	return object;
}

/// Gives a command and takes its reply.
static void command(struct stage *stage, int fd, const char *line)
{
	char text[200];
	snprintf(text, sizeof(text), "{\"command\": \"%s\"}\n", line);
	say(fd, text);
	json_t *reply = hear_object(stage, fd);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
}

static void happen(struct stage *stage, enum event_type type, const char *protocol)
{
	const struct event event = {
		.type = type, .iface = 1, .protocol = ip(protocol), .nbma = ip("192.0.2.2")
	};
	ctl_server_event(stage->server, &event, "tunnel1", stage->hub->context.now());
}

/// The next thing that is heard is this event.
static void expect_event(struct stage *stage, int fd, const char *name, const char *protocol)
{
	json_t *object = hear_object(stage, fd);
	const json_t *event = json_object_get(object, "event");
	assert_string_equal(json_string_value(json_object_get(event, "event")), name);
	assert_string_equal(json_string_value(json_object_get(event, "protocol")), protocol);
	assert_string_equal(json_string_value(json_object_get(event, "interface")), "tunnel1");
	json_decref(object);
}

static void test_monitor(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = stage_client(stage), other = stage_client(stage);
	(void)state;
	happen(stage, EVENT_PEER_UP, "10.0.0.1");
	command(stage, fd, "terminal monitor");
	command(stage, other, "debug nhrp event peer 10.0.0.7");
	happen(stage, EVENT_PEER_UP, "10.0.0.2");
	happen(stage, EVENT_RESOLUTION_FAILED, "10.0.0.6");
	happen(stage, EVENT_RESOLUTION_FAILED, "10.0.0.7");
	happen(stage, EVENT_SHORTCUT_UP, "10.0.0.3");
	expect_event(stage, fd, "peer-up", "10.0.0.2");
	expect_event(stage, fd, "shortcut-up", "10.0.0.3");
	expect_event(stage, other, "resolution-failed", "10.0.0.7");
	command(stage, fd, "no terminal monitor");
	happen(stage, EVENT_PEER_UP, "10.0.0.4");
	command(stage, fd, "show version");
	close(fd);
	close(other);
	stage_free(stage);
}

static struct stage *cleared;

static void on_cleared(void *owner)
{
	(void)owner;
	happen(cleared, EVENT_PEER_DOWN, "10.0.0.2");
	happen(cleared, EVENT_PEER_DOWN, "10.0.0.3");
}

/// What a listening session's own command brings about is heard like everything else, and the reply, too.
static void test_own_events(void **state)
{
	struct stage *stage = cleared = stage_new(CTL_LIMITS_DEFAULT);
	int fd = stage_client(stage);
	unsigned replies = 0, events = 0;
	(void)state;
	stage->hub->context.changed = on_cleared;
	command(stage, fd, "terminal monitor");
	say(fd, "{\"command\": \"clear ip nhrp\"}\n{\"command\": \"show version\"}\n");
	while (replies < 2) {
		json_t *object = hear_object(stage, fd);
		replies += json_is_true(json_object_get(object, "ok"));
		events += json_is_object(json_object_get(object, "event"));
		json_decref(object);
	}
	assert_int_equal(events, 2);
	command(stage, fd, "no terminal monitor");
	close(fd);
	stage_free(stage);
}

static void test_packets(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	struct nhrp_msg msg = { .type = NHRP_REGISTRATION_REQUEST,
		.hop_count = 255,
		.flags = NHRP_FLAG_REG_UNIQUE | NHRP_FLAG_NAT,
		.request_id = 3,
		.protocol_family = ADDR_IPV4,
		.src_nbma = ip("192.0.2.2"),
		.src_protocol = ip("10.0.0.2"),
		.dst_protocol = ip("10.0.0.1") };
	uint8_t packet[NHRP_MAX_PACKET];
	const struct packet_report report = { "tunnel1", true, ip("192.0.2.2"), packet,
		nhrp_msg_encode(&msg, packet, sizeof(packet)) };
	int fd = stage_client(stage), other = stage_client(stage);
	(void)state;
	command(stage, fd, "debug nhrp packet peer 10.0.0.2");
	command(stage, other, "debug nhrp packet peer 10.0.0.9");
	ctl_server_packet(stage->server, &report);
	json_t *object = hear_object(stage, fd);
	const json_t *heard = json_object_get(object, "packet");
	assert_string_equal(json_string_value(json_object_get(heard, "type")), "Registration Request");
	assert_string_equal(json_string_value(json_array_get(json_object_get(heard, "flags"), 0)), "unique");
	json_decref(object);
	command(stage, other, "show version");
	close(fd);
	close(other);
	stage_free(stage);
}

/// Who does not read is told how much was left out, and costs no more than the limit.
static void test_lost(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	int fd = stage_client(stage);
	json_t *object = NULL;
	size_t heard = 0;
	(void)state;
	command(stage, fd, "terminal monitor");
	for (int i = 0; i < 5000; i++)
		happen(stage, EVENT_PEER_UP, "10.0.0.2");
	do {
		json_decref(object);
		object = hear_object(stage, fd);
		heard++;
	} while (json_object_get(object, "lost") == NULL);
	assert_int_equal(heard - 1 + (size_t)json_integer_value(json_object_get(object, "lost")), 5000);
	json_decref(object);
	command(stage, fd, "no terminal monitor");
	close(fd);
	stage_free(stage);
}

static void test_events(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	(void)state;
	for (int i = 0; i < EVENTLOG_SIZE + 10; i++) {
		clock_set(1000 + i);
		happen(stage, EVENT_PEER_UP, "10.0.0.2");
	}
	json_t *reply = reply_of(stage->hub, "show events");
	const json_t *events = json_object_get(json_object_get(reply, "data"), "events");
	assert_int_equal(json_array_size(events), EVENTLOG_SIZE);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(events, 0), "number")), 11);
	json_decref(reply);
	reply = reply_of(stage->hub, "show events since 1m");
	events = json_object_get(json_object_get(reply, "data"), "events");
	assert_int_equal(json_array_size(events), 61);
	json_decref(reply);
	reply = reply_of(stage->hub, "show events since yesterday");
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	stage_free(stage);
}

#define MANY 5000

/// A long reply comes in parts, in order, while the tables change under it: what stays is there once.
static void test_parts(void **state)
{
	struct stage *stage = stage_new(CTL_LIMITS_DEFAULT);
	struct iface *iface = node_iface(stage->hub->context.node, 1);
	struct binding_facts facts = { .type = BINDING_DYNAMIC, .holding_time = 600 };
	int fd = stage_client(stage);
	size_t parts = 0, peers = 0;
	bool more = true;
	char last[64] = "";
	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		facts.nbma = addr_from_ipv4(0xc6120000 + i);
		assert_non_null(cache_set(iface, addr_from_ipv4(0x0a010000 + i), &facts, at(950)));
	}
	say(fd, "{\"command\": \"show dmvpn\"}\n");
	while (more) {
		json_t *reply = hear_object(stage, fd);
		const json_t *part =
			json_array_get(json_object_get(json_object_get(reply, "data"), "interfaces"), 0);
		const json_t *list = json_object_get(part, "peers");
		more = json_is_true(json_object_get(reply, "more"));
		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *nbma =
				json_string_value(json_object_get(json_array_get(list, i), "nbma"));
			peers += strncmp(nbma, "198.18.", 7) == 0 || strncmp(nbma, "198.19.", 7) == 0;
			assert_string_not_equal(nbma, last);
			snprintf(last, sizeof(last), "%s", nbma);
		}
		assert_true(json_array_size(list) <= 2 * VIEW_PART_ITEMS);
		parts++;
		for (uint32_t i = 0; i < 100; i++) { // others come meanwhile, and the tables grow
			facts.nbma = addr_from_ipv4((uint32_t)(0xcb000000 + parts * 100 + i));
			assert_non_null(cache_set(iface,
				addr_from_ipv4((uint32_t)(0x0a020000 + parts * 100 + i)), &facts, at(950)));
		}
		json_decref(reply);
	}
	assert_int_equal(peers, MANY);
	assert_true(parts > MANY / VIEW_PART_ITEMS);
	close(fd);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_own_events),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
