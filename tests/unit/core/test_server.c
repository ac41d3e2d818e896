// SPDX-License-Identifier: GPL-2.0-or-later
/// Registrations, what others may withdraw, and who is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/message.h"
#include "core/peer.h"

static void a_client_registers(void **state)
{
	struct bed *bed = bed_hub();
	const struct nhrp_msg *reply;

	(void)state;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 7), NHRP_CODE_OK);
	reply = &bed_find(bed, NHRP_REGISTRATION_REPLY)->msg;
	assert_int_equal(reply->request_id, 7);
	assert_int_equal(reply->cies[0].holding_time, 300);
	assert_true(addr_equal(reply->src_protocol, ip("10.0.0.2")));
	assert_true(nhrp_ext_find(reply, NHRP_EXT_RESPONDER)->length > 0);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.2")));
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.2"), ip("172.16.0.2")));
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 1);
	assert_int_equal(bed->events[EVENT_PEER_UP], 1);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 8);
	assert_int_equal(bed->events[EVENT_PEER_UP], 1);
	bed_advance(bed, 301 * MONO_SECOND);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.2")));
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 0);
	assert_int_equal(bed->events[EVENT_PEER_DOWN], 1);
	bed_free(bed);
}

/// Who may take an address that is registered: by the first one's wish.
static void codes_of_registrations(void **state)
{
	static const struct {
		uint16_t first;
		const char *nbma, *protocol;
		uint16_t flags;
		uint8_t bits;
		int code;
	} cases[] = {
		{ 0, "172.16.0.2", "10.0.0.2", 0, 0xff, NHRP_CODE_OK },
		{ 0, "172.16.0.3", "10.0.0.2", 0, 0xff, NHRP_CODE_OK },
		{ 0, "172.16.0.3", "10.0.0.2", NHRP_FLAG_REG_UNIQUE, 32, NHRP_CODE_OK },
		{ NHRP_FLAG_REG_UNIQUE, "172.16.0.2", "10.0.0.2", 0, 32, NHRP_CODE_OK },
		{ NHRP_FLAG_REG_UNIQUE, "172.16.0.3", "10.0.0.2", 0, 32, NHRP_CODE_UNIQUE_REGISTERED },
		{ 0, "172.16.0.3", "10.0.0.1", 0, 32, NHRP_CODE_PROHIBITED },
		{ 0, "172.16.0.1", "10.0.0.3", 0, 32, NHRP_CODE_PROHIBITED },
		{ 0, "172.16.0.3", "224.0.0.5", 0, 32, NHRP_CODE_PROHIBITED },
		{ 0, "172.16.0.3", "10.0.0.3", 0, 24, NHRP_CODE_NOT_UNIQUE },
		{ 0, "172.16.0.3", "10.0.0.3", NHRP_FLAG_REG_UNIQUE, 24, NHRP_CODE_PROHIBITED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *bed = bed_hub();
		struct nhrp_msg msg = bed_message(
			NHRP_REGISTRATION_REQUEST, cases[i].nbma, cases[i].protocol, "10.0.0.1", 9);
		const struct bed_sent *reply;

		bed_start(bed);
		assert_int_equal(
			bed_register(bed, "172.16.0.2", "10.0.0.2", cases[i].first, 1), NHRP_CODE_OK);
		bed_forget(bed);
		msg.flags = cases[i].flags;
		bed_cie(&msg, cases[i].bits, 300);
		bed_receive(bed, cases[i].nbma, &msg);
		reply = bed_find(bed, NHRP_REGISTRATION_REPLY);
		assert_non_null(reply);
		assert_int_equal(reply->msg.cies[0].code, cases[i].code);
		assert_int_equal(bed->iface->counters.registrations_refused, cases[i].code != NHRP_CODE_OK);
		assert_int_equal(bed->events[EVENT_REGISTRATION_REFUSED], cases[i].code != NHRP_CODE_OK);
		bed_free(bed);
	}
}

/// "nhs dynamic": it writes its own address, or none, and learns the server's from the reply.
static void a_client_need_not_know_the_servers_address(void **state)
{
	static const char *const destinations[] = { "10.0.0.2", "0.0.0.0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(destinations); i++) {
		struct bed *bed = bed_hub();
		struct nhrp_msg msg =
			bed_message(NHRP_REGISTRATION_REQUEST, "172.16.0.2", "10.0.0.2", destinations[i], 9);
		const struct bed_sent *reply;

		bed_start(bed);
		bed_cie(&msg, 32, 300);
		bed_receive(bed, "172.16.0.2", &msg);
		reply = bed_find(bed, NHRP_REGISTRATION_REPLY);
		assert_non_null(reply);
		assert_int_equal(reply->msg.cies[0].code, NHRP_CODE_OK);
		assert_true(addr_equal(reply->msg.dst_protocol, ip("10.0.0.1")));
		bed_free(bed);
	}
}

static void a_full_server_says_so(void **state)
{
	struct bed *bed = bed_hub();

	(void)state;
	bed->iface_config.limits.registrations = 2;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	assert_int_equal(bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1), NHRP_CODE_OK);
	assert_int_equal(bed_register(bed, "172.16.0.4", "10.0.0.4", 0, 1), NHRP_CODE_NO_RESOURCES);
	assert_int_equal(bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 2), NHRP_CODE_OK);
	assert_int_equal(bed->iface->counters.refused[REFUSED_LIMIT], 1);
	assert_int_equal(bed->iface->dynamic_count, 2);
	bed_free(bed);
}

/// What is there already counts against the limit too when it becomes a registration.
static void the_limit_holds_for_addresses_that_were_known(void **state)
{
	struct bed *bed = bed_hub();
	const struct binding_facts cached = {
		.type = BINDING_CACHED, .nbma = ip("172.16.0.3"), .holding_time = 60
	};

	(void)state;
	bed->iface_config.limits.registrations = 1;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	assert_non_null(cache_set(bed->iface, ip("10.0.0.3"), &cached, bed->now));
	assert_int_equal(bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1), NHRP_CODE_NO_RESOURCES);
	assert_int_equal(bed->iface->dynamic_count, 1);
	bed_free(bed);
}

static void nat_is_noted_and_told(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg =
		bed_message(NHRP_REGISTRATION_REQUEST, "192.168.1.2", "10.0.0.2", "10.0.0.1", 9);
	const struct bed_sent *reply;

	(void)state;
	bed_start(bed);
	bed_cie(&msg, 32, 300);
	bed_receive(bed, "203.0.113.2", &msg);
	reply = bed_find(bed, NHRP_REGISTRATION_REPLY);
	assert_int_equal(reply->msg.cies[0].code, NHRP_CODE_OK);
	assert_true(addr_equal(reply->nbma, ip("203.0.113.2")));
	assert_true(addr_equal(message_nat_address(&reply->msg, ip("10.0.0.2")), ip("203.0.113.2")));
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.2"), ip("203.0.113.2")));
	assert_true(cache_find(bed->iface, ip("10.0.0.2"))->nat);
	bed_free(bed);
}

static struct nhrp_msg purge_of(const char *src_nbma, const char *src, const char *what, uint8_t bits)
{
	struct nhrp_msg msg = bed_message(NHRP_PURGE_REQUEST, src_nbma, src, "10.0.0.1", 5);

	bed_cie(&msg, bits, 0)->protocol = ip(what);
	return msg;
}

static void a_client_withdraws_only_its_own(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg forged = purge_of("172.16.0.3", "10.0.0.3", "10.0.0.2", 32);
	struct nhrp_msg own = purge_of("172.16.0.2", "10.0.0.2", "10.0.0.2", 32);

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_receive(bed, "172.16.0.3", &forged);
	assert_true(addr_is_set(bed_ask_neighbour(bed, "10.0.0.2")));
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 1);
	bed_forget(bed);
	bed_receive(bed, "172.16.0.2", &own);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.2")));
	assert_int_equal(bed_count(bed, NHRP_PURGE_REPLY), 1);
	own.flags = NHRP_FLAG_PURGE_NO_REPLY;
	bed_forget(bed);
	bed_receive(bed, "172.16.0.2", &own);
	assert_int_equal(bed->sent_count, 0);
	bed_free(bed);
}

/// A node that was led to a client is told when the client goes; three times, until it answers.
static void who_was_led_is_purged(bool answers)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg request =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.9", 5);
	struct nhrp_msg own = purge_of("172.16.0.2", "10.0.0.2", "10.0.0.2", 32), reply;
	const struct bed_sent *purge;

	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_cie(&request, 32, 300);
	bed_receive(bed, "172.16.0.3", &request);
	assert_int_equal(bed->iface->requester_count, 1);
	bed_forget(bed);
	bed_receive(bed, "172.16.0.2", &own);
	purge = bed_find(bed, NHRP_PURGE_REQUEST);
	assert_non_null(purge);
	assert_true(addr_equal(purge->nbma, ip("172.16.0.3")));
	assert_true(addr_equal(purge->msg.cies[0].protocol, ip("10.0.0.2")));
	if (answers) {
		reply = purge->msg;
		reply.type = NHRP_PURGE_REPLY;
		bed_receive(bed, "172.16.0.3", &reply);
		assert_int_equal(bed->iface->requester_count, 0);
		bed_receive(bed, "172.16.0.3", &reply);
		assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
	}
	bed_advance(bed, 20 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), answers ? 1 : 3);
	assert_int_equal(bed->iface->requester_count, 0);
	bed_free(bed);
}

static void purges_are_repeated(void **state)
{
	(void)state;
	who_was_led_is_purged(false);
}

static void purges_end_with_the_answer(void **state)
{
	(void)state;
	who_was_led_is_purged(true);
}

/// Who asks anew before its Purge Reply came has the new answer, and its reply is no unsolicited one.
static void a_purge_is_acknowledged_after_the_next_question(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg request =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.9", 5);
	struct nhrp_msg own = purge_of("172.16.0.2", "10.0.0.2", "10.0.0.2", 32), reply;

	(void)state;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_cie(&request, 32, 300);
	bed_receive(bed, "172.16.0.3", &request);
	bed_receive(bed, "172.16.0.2", &own);
	reply = bed_find(bed, NHRP_PURGE_REQUEST)->msg;
	reply.type = NHRP_PURGE_REPLY;
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 2);
	request.request_id++;
	bed_receive(bed, "172.16.0.3", &request);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 0);
	assert_int_equal(bed->iface->requester_count, 1);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
	bed_free(bed);
}

static void only_so_many_requesters_are_remembered(void **state)
{
	struct bed *bed = bed_hub();

	(void)state;
	bed->iface_config.limits.requesters = 3;
	bed_start(bed);
	bed_route(bed, "192.168.9.0/24", NULL, BED_LAN, true);
	for (uint32_t i = 0; i < 10; i++) {
		char source[ADDR_TEXT_SIZE];
		struct nhrp_msg msg;

		snprintf(source, sizeof(source), "10.0.0.%u", 10 + i);
		msg = bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", source, "192.168.9.9", i);
		bed_receive(bed, "172.16.0.3", &msg);
	}
	assert_int_equal(bed->iface->requester_count, 3);
	assert_int_equal(bed->iface->counters.refused[REFUSED_LIMIT], 7);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 10);
	bed_free(bed);
}

/// An answer holds the prefix of our own route; when that changes, who asked is told.
static void an_answer_is_purged_with_its_route(void **state)
{
	struct bed *bed = bed_spoke();
	struct nhrp_msg request =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.9", 5);
	const struct bed_sent *reply;

	(void)state;
	bed_start(bed);
	bed_cie(&request, 32, 300);
	bed_forget(bed);
	bed_receive(bed, "172.16.0.1", &request);
	reply = bed_find(bed, NHRP_RESOLUTION_REPLY);
	assert_non_null(reply);
	assert_true(addr_equal(reply->nbma, ip("172.16.0.3")));
	assert_int_equal(reply->msg.cies[0].prefix_length, 24);
	assert_true(addr_equal(reply->msg.cies[0].protocol, ip("10.0.0.2")));
	assert_true(addr_equal(reply->msg.cies[0].nbma, ip("172.16.0.2")));
	bed_forget(bed);
	bed_route(bed, "192.168.7.0/24", NULL, BED_LAN, true);
	assert_int_equal(bed->sent_count, 0);
	bed_route(bed, "192.168.2.128/25", "10.0.0.1", BED_TUNNEL, true);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	assert_int_equal(bed_find(bed, NHRP_PURGE_REQUEST)->msg.cies[0].prefix_length, 24);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_registers),
		cmocka_unit_test(codes_of_registrations),
		cmocka_unit_test(a_client_need_not_know_the_servers_address),
		cmocka_unit_test(a_full_server_says_so),
		cmocka_unit_test(the_limit_holds_for_addresses_that_were_known),
		cmocka_unit_test(nat_is_noted_and_told),
		cmocka_unit_test(a_client_withdraws_only_its_own),
		cmocka_unit_test(purges_are_repeated),
		cmocka_unit_test(purges_end_with_the_answer),
		cmocka_unit_test(a_purge_is_acknowledged_after_the_next_question),
		cmocka_unit_test(only_so_many_requesters_are_remembered),
		cmocka_unit_test(an_answer_is_purged_with_its_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
