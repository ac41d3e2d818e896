// SPDX-License-Identifier: GPL-2.0-or-later
/// What an enemy may try: strangers in the underlay, and members of the cloud who want more than their own.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bed.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/resolve.h"
#include "core/shortcut.h"

#define STRANGER "172.16.0.66"

static void resolve(struct bed *bed, const char *destination)
{
	resolve_start(bed->iface, ip(destination), bed->now);
	bed_miss(bed, "224.0.0.1"); // hands out what was sent
}

/// Who is asked for its own tunnel address vouches for that one, not for its neighbours on the subnet.
static void an_answer_overrides_no_part_of_the_tunnel_subnet(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	resolve(bed, "10.0.0.5");
	reply = bed_answer(bed, "10.0.0.6", "172.16.0.5", 25);
	bed_receive(bed, "172.16.0.5", &reply);
	assert_false(bed_has_override(bed, "10.0.0.0/25"));
	bed_free(bed);
}

static void nothing_is_resolved_that_is_no_host(void **state)
{
	struct bed *bed = bed_registered_spoke();

	(void)state;
	bed_route(bed, "0.0.0.0/0", "10.0.0.1", BED_TUNNEL, true);
	resolve(bed, "239.1.2.3");
	resolve(bed, "255.255.255.255");
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 0);
	bed_free(bed);
}

/// An Error Indication carries no password. It quotes `request`.
static struct nhrp_msg error_about(const struct bed_sent *request, const char *to)
{
	return (struct nhrp_msg) {
		.type = NHRP_ERROR_INDICATION,
		.hop_count = NHRP_DEFAULT_HOP_COUNT,
		.protocol_family = ADDR_IPV4,
		.src_nbma = ip(STRANGER),
		.src_protocol = ip("10.0.0.66"),
		.dst_protocol = ip(to),
		.error_code = NHRP_ERROR_AUTHENTICATION_FAILURE,
		.payload = request->packet,
		.payload_length = request->length,
	};
}

static void a_strangers_error_brings_no_server_down(void **state)
{
	struct bed *bed = bed_spoke();
	struct nhrp_msg error;

	(void)state;
	bed_start(bed);
	bed_miss(bed, "224.0.0.1");
	error = error_about(bed_find(bed, NHRP_REGISTRATION_REQUEST), "10.0.0.2");
	bed_receive(bed, STRANGER, &error);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 1);
	bed_receive(bed, "172.16.0.1", &error);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	bed_free(bed);
}

static void a_strangers_error_is_not_passed_on(void **state)
{
	struct bed *bed = bed_hub();
	const struct bed_sent quoted = { .packet = "junk", .length = 4 };
	struct nhrp_msg error = error_about(&quoted, "10.0.0.2");

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(bed);
	bed_receive(bed, STRANGER, &error);
	assert_int_equal(bed->sent_count, 0);
	bed_receive(bed, "172.16.0.3", &error);
	assert_int_equal(bed_count(bed, NHRP_ERROR_INDICATION), 1);
	bed_free(bed);
}

/// What carries no password is no sign of life.
static void an_error_keeps_no_dead_peer_alive(void **state)
{
	struct bed *bed = bed_hub();
	const struct bed_sent quoted = { .packet = "junk", .length = 4 };
	struct nhrp_msg error = error_about(&quoted, "10.0.0.1");
	const struct peer *peer;

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	peer = peer_find(bed->iface, ip("172.16.0.2"));
	node_on_use(bed->node, BED_IFACE, ip("172.16.0.2"), true, false, bed->now);
	assert_false(mono_is_never(peer->unanswered_since));
	bed_receive(bed, "172.16.0.2", &error);
	assert_false(mono_is_never(peer->unanswered_since));
	bed_free(bed);
}

static void a_registration_is_answered_by_its_server_only(void **state)
{
	static const uint8_t codes[] = { NHRP_CODE_OK, NHRP_CODE_PROHIBITED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct bed *bed = bed_spoke();
		struct nhrp_msg reply;

		bed_start(bed);
		bed_miss(bed, "224.0.0.1");
		reply = bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg;
		reply.type = NHRP_REGISTRATION_REPLY;
		reply.cies[0].code = codes[i];
		bed_receive(bed, STRANGER, &reply);
		assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
		assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
		assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
		bed_free(bed);
	}
}

/// Somebody plays a client's registration to another client, which passes it on, as it passes on whatever is
/// for the server: that does not move the first one.
static void a_registration_by_way_of_another_node_moves_nobody(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg = bed_message(NHRP_REGISTRATION_REQUEST, "172.16.0.2", "10.0.0.2", "10.0.0.1", 2);
	const struct nhrp_cie record = { .nbma = ip("172.16.0.3"), .protocol = ip("10.0.0.3") };
	uint8_t space[64];
	size_t length = nhrp_ext_append_cie(NULL, &record, space, sizeof(space));

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_cie(&msg, 32, 600);
	assert_true(nhrp_ext_replace(&msg, NHRP_EXT_FORWARD_TRANSIT, space, length));
	bed_receive(bed, "172.16.0.3", &msg);
	assert_true(addr_equal(cache_find(bed->iface, ip("10.0.0.2"))->peer->nbma, ip("172.16.0.2")));
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 1);
	bed_free(bed);
}

/// The same by a client that leaves out the record in which we would stand.
static void a_registration_cannot_hide_that_it_was_passed_on(void **state)
{
	struct bed *hub = bed_hub(), *victim = bed_registered_spoke();
	struct nhrp_msg msg = bed_message(NHRP_REGISTRATION_REQUEST, "172.16.0.3", "10.0.0.3", "10.0.0.2", 2);
	const struct bed_sent *sent;

	(void)state;
	bed_start(hub);
	bed_register(hub, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(hub, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(hub);
	bed_cie(&msg, 32, UINT16_MAX);
	msg.extension_count = 0;
	bed_receive(hub, "172.16.0.3", &msg);
	sent = bed_find(hub, NHRP_REGISTRATION_REQUEST);
	assert_non_null(sent);
	bed_receive(victim, "172.16.0.1", &sent->msg);
	assert_null(cache_find(victim->iface, ip("10.0.0.3")));
	assert_int_equal(victim->iface->counters.refused[REFUSED_FORGED], 1);
	// Nor by leaving no room for it.
	bed_forget(hub);
	for (uint16_t i = 0; i < NHRP_MAX_EXTENSIONS; i++)
		assert_true(nhrp_ext_add(&msg, 100 + i, false, NULL, 0));
	bed_receive(hub, "172.16.0.3", &msg);
	assert_int_equal(bed_count(hub, NHRP_REGISTRATION_REQUEST), 0);
	assert_int_equal(hub->iface->counters.refused[REFUSED_EXTENSION], 1);
	bed_free(victim);
	bed_free(hub);
}

/// A server that passed it on would lend it its own address, to which registrations went.
static void what_is_about_a_registration_is_not_passed_on(void **state)
{
	struct bed *bed = bed_hub(), *spoke = bed_spoke();
	struct nhrp_msg reply = bed_message(NHRP_REGISTRATION_REPLY, "172.16.0.2", "10.0.0.2", "10.0.0.1", 2);
	struct nhrp_msg error;

	(void)state;
	bed_start(spoke);
	bed_miss(spoke, "224.0.0.1");
	error = error_about(bed_find(spoke, NHRP_REGISTRATION_REQUEST), "10.0.0.2");
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(bed);
	bed_cie(&reply, 32, 600);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
	bed_receive(bed, "172.16.0.3", &error);
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 1);
	assert_int_equal(bed->sent_count, 0);
	bed_free(spoke);
	bed_free(bed);
}

/// Who has a shortcut by 10.0.0.3 to its network.
static struct bed *with_a_shortcut(void)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	resolve(bed, "192.168.3.1");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 24);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_true(bed_has_override(bed, "192.168.3.0/24"));
	bed_forget(bed);
	return bed;
}

static void a_node_that_was_resolved_is_registered_by_nobody_else(void **state)
{
	static const struct {
		const char *from;
		uint8_t code;
	} cases[] = { { STRANGER, NHRP_CODE_UNIQUE_REGISTERED }, { "172.16.0.3", NHRP_CODE_OK } };
	struct bed *bed = with_a_shortcut();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nhrp_msg msg =
			bed_message(NHRP_REGISTRATION_REQUEST, cases[i].from, "10.0.0.3", "10.0.0.2", 1);

		bed_cie(&msg, 32, 600);
		bed_forget(bed);
		bed_receive(bed, cases[i].from, &msg);
		assert_int_equal(bed_find(bed, NHRP_REGISTRATION_REPLY)->msg.cies[0].code, cases[i].code);
		assert_true(addr_equal(cache_find(bed->iface, ip("10.0.0.3"))->peer->nbma, ip("172.16.0.3")));
		assert_true(bed_has_override(bed, "192.168.3.0/24"));
	}
	bed_free(bed);
}

/// A purge of 192.168.3.0/24 in the name of `source`, by way of the server.
static struct nhrp_msg purge_by_the_server(const char *source)
{
	const struct nhrp_cie record = { .nbma = ip("172.16.0.1"), .protocol = ip("10.0.0.1") };
	static uint8_t space[64];
	struct nhrp_msg msg = bed_message(NHRP_PURGE_REQUEST, "172.16.0.3", source, "10.0.0.2", 7);

	bed_cie(&msg, 24, 0)->protocol = ip("192.168.3.0");
	assert_true(nhrp_ext_replace(&msg, NHRP_EXT_FORWARD_TRANSIT, space,
		nhrp_ext_append_cie(NULL, &record, space, sizeof(space))));
	return msg;
}

static void a_purge_that_was_passed_on_is_its_sources(void **state)
{
	static const struct {
		const char *source;
		bool allowed;
	} cases[] = { { "10.0.0.66", false }, { "10.0.0.3", true }, { "10.0.0.1", true } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *bed = with_a_shortcut();
		struct nhrp_msg msg = purge_by_the_server(cases[i].source);

		bed_receive(bed, "172.16.0.1", &msg);
		assert_int_equal(bed_has_override(bed, "192.168.3.0/24"), !cases[i].allowed);
		assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], !cases[i].allowed);
		bed_free(bed);
	}
}

static void a_purge_in_anothers_name_is_not_passed_on(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg = bed_message(NHRP_PURGE_REQUEST, "172.16.0.3", "10.0.0.3", "10.0.0.2", 7);

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(bed);
	bed_cie(&msg, 24, 0)->protocol = ip("192.168.3.0");
	bed_receive(bed, STRANGER, &msg);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 0);
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 1);
	bed_receive(bed, "172.16.0.3", &msg);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	bed_free(bed);
}

/// The underlay has one family of addresses; a node at an address of the other one cannot be sent to.
static void nobody_is_at_an_address_of_another_family(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg msg = bed_message(NHRP_RESOLUTION_REQUEST, "2001:db8::7", "10.0.0.7", "10.0.0.2", 9);

	(void)state;
	bed_cie(&msg, 32, 300);
	bed_receive(bed, "172.16.0.1", &msg);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 0);
	assert_int_equal(bed->iface->requester_count, 0);
	bed_miss(bed, "10.0.0.7");
	msg = bed_answer(bed, "10.0.0.7", "2001:db8::7", 32);
	bed_receive(bed, "172.16.0.1", &msg);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.7"), ip("172.16.0.1")));
	bed_free(bed);
}

/// One client that registers address after address must not leave nothing for the others.
static void one_client_does_not_fill_the_server(void **state)
{
	struct bed *bed = bed_hub();
	unsigned granted = 0;

	(void)state;
	bed_start(bed);
	for (unsigned i = 10; i < 250; i++) {
		char protocol[ADDR_TEXT_SIZE];

		snprintf(protocol, sizeof(protocol), "10.0.0.%u", i);
		granted += bed_register(bed, STRANGER, protocol, 0, i) == NHRP_CODE_OK;
	}
	assert_int_equal(granted, REGISTRATIONS_PER_CLIENT);
	assert_true(bed->iface->counters.refused[REFUSED_LIMIT] > 0);
	// Those that it has it can renew.
	assert_int_equal(bed_register(bed, STRANGER, "10.0.0.10", 0, 300), NHRP_CODE_OK);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	bed_free(bed);
}

/// What is reached by the tunnel is no address of the underlay: packets to it would go round.
static void nobody_is_at_an_address_of_the_tunnel(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg reply;

	(void)state;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "10.0.0.7", "10.0.0.7", 0, 1), NHRP_CODE_PROHIBITED);
	bed_free(bed);

	bed = bed_registered_spoke();
	resolve(bed, "10.0.0.7");
	reply = bed_answer(bed, "10.0.0.7", "10.0.0.8", 32);
	bed_receive(bed, "172.16.0.7", &reply);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.7")));
	bed_free(bed);
}

/// Who answers for a network behind it may name its own next hop, not move another's.
static void an_answer_moves_no_other_node(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	resolve(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, "172.16.0.3", &reply);
	bed_forget(bed);
	resolve(bed, "192.168.66.1");
	reply = bed_answer(bed, "10.0.0.3", STRANGER, 24);
	bed_receive(bed, STRANGER, &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_false(bed_has_override(bed, "192.168.66.0/24"));
	// It may have moved: that is asked by way of the server.
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 2);
	assert_true(addr_equal(bed->sent[1]->msg.dst_protocol, ip("10.0.0.3")));
	assert_true(addr_equal(bed->sent[1]->nbma, ip("172.16.0.1")));
	bed_free(bed);
}

/// Questions and answers without end do not use up what keeps the cloud together.
static void registrations_have_room_left_by_other_messages(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg = bed_message(NHRP_RESOLUTION_REQUEST, STRANGER, "10.0.0.66", "10.0.0.1", 1);

	(void)state;
	bed->iface_config.max_send_packets = 40;
	bed_start(bed);
	for (int i = 0; i < 100; i++)
		bed_receive(bed, STRANGER, &msg);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 30);
	assert_int_equal(bed->iface->counters.refused[REFUSED_MAX_SEND], 70);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	bed_free(bed);
}

/// Every question in another name must not make the next one dearer. Without an index the time is some 20 s.
static void a_flood_of_requesters_costs_little(void **state)
{
	struct bed *bed = bed_hub();
	clock_t start = clock();

	(void)state;
	bed->iface_config.max_send_packets = 1;
	bed_start(bed);
	bed_route(bed, "192.168.9.0/24", NULL, BED_LAN, true);
	for (uint32_t i = 0; i < 40000; i++) {
		struct nhrp_msg msg =
			bed_message(NHRP_RESOLUTION_REQUEST, STRANGER, "10.0.0.66", "192.168.9.9", i);

		msg.src_protocol = addr_from_ipv4(0x0b000000 + i);
		bed_receive(bed, STRANGER, &msg);
	}
	assert_int_equal(bed->iface->requester_count, 40000);
	assert_true(clock() - start < 8 * CLOCKS_PER_SEC);
	bed_free(bed);
}

/// Purges of all that there is, by one who may withdraw nothing, and the end of many next hops: neither walks
/// over all shortcuts each time, as once 50 ms a purge with 2,000 of them.
static void withdrawals_cost_little(void **state)
{
	enum {
		COUNT = 10000,
	};
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg purge = bed_message(NHRP_PURGE_REQUEST, STRANGER, "10.0.0.66", "10.0.0.2", 7);
	clock_t start = clock();

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		struct addr next_hop = addr_from_ipv4(0x0a000100 + i),
			    network = addr_from_ipv4(0xc0a90000 + i);
		const struct binding_facts facts = {
			.type = BINDING_CACHED, .nbma = addr_from_ipv4(0xac110000 + i), .holding_time = 60
		};
		const char *reason;

		assert_non_null(cache_set(bed->iface, next_hop, &facts, bed->now));
		assert_true(shortcut_install(
			bed->iface, network, prefix_host(network), next_hop, 60, 0, bed->now, &reason));
	}
	purge.flags = NHRP_FLAG_PURGE_NO_REPLY;
	for (int i = 0; i < NHRP_MAX_CIES; i++)
		bed_cie(&purge, 1, 0)->protocol = ip("192.0.0.0");
	for (int i = 0; i < 1000; i++)
		bed_receive(bed, STRANGER, &purge);
	bed_advance(bed, 70 * MONO_SECOND);
	assert_null(cache_find(bed->iface, addr_from_ipv4(0x0a000100)));
	assert_true(clock() - start < 8 * CLOCKS_PER_SEC);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_overrides_no_part_of_the_tunnel_subnet),
		cmocka_unit_test(nothing_is_resolved_that_is_no_host),
		cmocka_unit_test(a_strangers_error_brings_no_server_down),
		cmocka_unit_test(a_strangers_error_is_not_passed_on),
		cmocka_unit_test(an_error_keeps_no_dead_peer_alive),
		cmocka_unit_test(a_registration_is_answered_by_its_server_only),
		cmocka_unit_test(a_registration_by_way_of_another_node_moves_nobody),
		cmocka_unit_test(a_registration_cannot_hide_that_it_was_passed_on),
		cmocka_unit_test(what_is_about_a_registration_is_not_passed_on),
		cmocka_unit_test(a_node_that_was_resolved_is_registered_by_nobody_else),
		cmocka_unit_test(a_purge_that_was_passed_on_is_its_sources),
		cmocka_unit_test(a_purge_in_anothers_name_is_not_passed_on),
		cmocka_unit_test(nobody_is_at_an_address_of_another_family),
		cmocka_unit_test(one_client_does_not_fill_the_server),
		cmocka_unit_test(nobody_is_at_an_address_of_the_tunnel),
		cmocka_unit_test(an_answer_moves_no_other_node),
		cmocka_unit_test(registrations_have_room_left_by_other_messages),
		cmocka_unit_test(a_flood_of_requesters_costs_little),
		cmocka_unit_test(withdrawals_cost_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
