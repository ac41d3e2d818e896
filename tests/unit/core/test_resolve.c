// SPDX-License-Identifier: GPL-2.0-or-later
/// Misses, resolutions, what answers become, and redirects.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bed.h"
#include "core/redirect.h"
#include "core/resolve.h"
#include "core/silent.h"
#include "core/shortcut.h"

/// Borrows the packet it quotes: one at a time.
static struct nhrp_msg redirect(const char *src, const char *dst)
{
	static uint8_t packet[20];
	struct nhrp_msg msg = bed_message(NHRP_TRAFFIC_INDICATION, "172.16.0.1", "10.0.0.1", src, 0);

	packet[0] = 0x45;
	memcpy(packet + 12, ip(src).bytes, 4);
	memcpy(packet + 16, ip(dst).bytes, 4);
	msg.payload = packet;
	msg.payload_length = sizeof(packet);
	return msg;
}

static void a_miss_goes_by_the_hub_until_it_is_resolved(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	bed_miss(bed, "10.0.0.3");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.1")));
	assert_true(addr_equal(bed_find(bed, NHRP_RESOLUTION_REQUEST)->nbma, ip("172.16.0.1")));
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_int_equal(bed->events[EVENT_BINDING_UP], 1);
	assert_null(resolve_find(bed->iface, ip("10.0.0.3")));
	// A copy of the answer is one that nobody asked for.
	reply.cies[0].nbma = ip("172.16.0.66");
	bed_receive(bed, "172.16.0.66", &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
	// It may come of a request that was repeated: only an answer to no question of ours is an error.
	assert_int_equal(bed_count(bed, NHRP_ERROR_INDICATION), 0);
	reply.request_id += 5000;
	bed_receive(bed, "172.16.0.66", &reply);
	assert_int_equal(
		bed_find(bed, NHRP_ERROR_INDICATION)->msg.error_code, NHRP_ERROR_INVALID_RESOLUTION_REPLY);
	bed_advance(bed, 101 * MONO_SECOND);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.3")));
	bed_free(bed);
}

static void questions_are_repeated_and_then_held_back(void **state)
{
	struct bed *bed = bed_registered_spoke();

	(void)state;
	bed_miss(bed, "10.0.0.3");
	bed_advance(bed, 17 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 4);
	assert_int_equal(bed->sent[0]->msg.request_id, bed->sent[3]->msg.request_id);
	assert_int_equal(bed->events[EVENT_RESOLUTION_FAILED], 1);
	resolve_start(bed->iface, ip("10.0.0.3"), bed->now);
	bed_advance(bed, 20 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 4);
	// Packets still go by the hub, which is a reason to ask again when the time is over.
	bed_advance(bed, 10 * MONO_SECOND);
	assert_in_range(bed_count(bed, NHRP_RESOLUTION_REQUEST), 5, 6);
	bed_free(bed);
}

/// 10.0.0.3 is asked for, and answers that it is at 172.16.0.3.
static void resolve_neighbour(struct bed *bed)
{
	struct nhrp_msg reply;

	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, "172.16.0.3", &reply);
}

/// Whose packets reach us may still not get ours: who was silent is asked itself before it is used again.
static void a_silent_peer_is_used_again_when_it_answers(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	resolve_neighbour(bed);
	resolve_probe(bed->iface, ip("10.0.0.3"), ip("172.16.0.3"), bed->now);
	bed_advance(bed, 5 * MONO_SECOND);
	assert_true(silent_is(bed->iface, ip("172.16.0.3"), bed->now));
	bed_advance(bed, 16 * MONO_SECOND);
	bed_forget(bed);
	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_forget(bed);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.1")));
	assert_true(addr_equal(bed_find(bed, NHRP_RESOLUTION_REQUEST)->nbma, ip("172.16.0.3")));
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_false(silent_is(bed->iface, ip("172.16.0.3"), bed->now));
	bed_free(bed);
}

static void only_so_many_silent_peers_are_remembered(void **state)
{
	struct bed *bed = bed_registered_spoke();

	(void)state;
	for (uint32_t i = 0; i < 2000; i++)
		silent_note(bed->iface, addr_from_ipv4(0x0a000000 + i), bed->now);
	assert_int_equal(HASH_COUNT(bed->iface->silents), 1024);
	assert_false(silent_is(bed->iface, addr_from_ipv4(0x0a000000), bed->now));
	assert_true(silent_is(bed->iface, addr_from_ipv4(0x0a000000 + 1999), bed->now));
	assert_false(silent_is(
		bed->iface, addr_from_ipv4(0x0a000000 + 1999), mono_add(bed->now, 601 * MONO_SECOND)));
	bed_free(bed);
}

static void a_denial_takes_away_what_was_known(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	resolve_neighbour(bed);
	bed_forget(bed);
	resolve_start(bed->iface, ip("10.0.0.3"), bed->now);
	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	reply.cies[0].code = NHRP_CODE_NO_BINDING;
	bed_receive(bed, "172.16.0.1", &reply);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.3")));
	assert_int_equal(bed->events[EVENT_RESOLUTION_FAILED], 1);
	bed_free(bed);
}

static void a_redirect_becomes_a_shortcut(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg msg = redirect("192.168.2.5", "192.168.3.5"), reply;

	(void)state;
	bed_receive(bed, "172.16.0.1", &msg);
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 24);
	bed_receive(bed, "172.16.0.3", &reply);
	assert_true(bed_has_override(bed, "192.168.3.0/24"));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_int_equal(bed->events[EVENT_SHORTCUT_UP], 1);
	// While it is there no redirect asks again.
	bed_forget(bed);
	bed_receive(bed, "172.16.0.1", &msg);
	assert_int_equal(bed->sent_count, 0);
	bed_advance(bed, 101 * MONO_SECOND);
	assert_false(bed_has_override(bed, "192.168.3.0/24"));
	assert_int_equal(bed->events[EVENT_SHORTCUT_DOWN], 1);
	bed_free(bed);
}

/// Answers that must not become what they say.
static void answers_are_cut_or_refused(void **state)
{
	static const struct {
		const char *protocol, *nbma;
		uint8_t bits;
		const char *override; ///< NULL: none
	} cases[] = {
		{ "10.0.0.3", "172.16.0.3", 24, "192.168.3.0/24" },
		{ "10.0.0.3", "172.16.0.3", 32, "192.168.3.5/32" },
		{ "10.0.0.3", "172.16.0.3", 0, "192.168.3.5/32" },
		{ "10.0.0.3", "172.16.0.3", 8, "192.168.3.0/24" },
		{ "10.0.0.1", "172.16.0.1", 24, NULL },
		{ "10.0.0.2", "172.16.0.3", 24, NULL },
		{ "10.0.0.3", "172.16.0.2", 24, NULL },
		{ "10.0.0.3", "224.0.0.1", 24, NULL },
		{ "224.0.0.1", "172.16.0.3", 24, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *bed = bed_registered_spoke();
		struct nhrp_msg msg = redirect("192.168.2.5", "192.168.3.5"), reply;

		bed_receive(bed, "172.16.0.1", &msg);
		reply = bed_answer(bed, cases[i].protocol, cases[i].nbma, cases[i].bits);
		// Our own LAN, 192.168.2.0/24, lies next to it, so that nothing wider can be overridden.
		bed_receive(bed, "172.16.0.3", &reply);
		assert_int_equal(node_desired(bed->node)->counts[DESIRED_ROUTE], cases[i].override ? 1 : 0);
		if (cases[i].override)
			assert_true(bed_has_override(bed, cases[i].override));
		bed_free(bed);
	}
}

static void redirects_of_others_packets_are_refused(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct nhrp_msg msg = redirect("192.168.9.5", "192.168.3.5");

	(void)state;
	bed_receive(bed, "172.16.0.1", &msg);
	msg = redirect("192.168.2.5", "192.168.3.5");
	bed_receive(bed, "172.16.0.77", &msg);
	assert_int_equal(bed->iface->counters.refused[REFUSED_FORGED], 2);
	msg = redirect("192.168.2.5", "192.168.2.9");
	bed_receive(bed, "172.16.0.1", &msg);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 0);
	msg = redirect("192.168.2.5", "192.168.3.5");
	bed_receive(bed, "172.16.0.1", &msg);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 1);
	bed_free(bed);
}

static void only_so_much_is_asked_at_once(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed->iface_config.limits.resolutions = 3;
	bed->iface_config.limits.cached = 5;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	for (int i = 10; i < 30; i++) {
		char text[ADDR_TEXT_SIZE];

		snprintf(text, sizeof(text), "10.0.0.%d", i);
		bed_miss(bed, text);
	}
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 3);
	assert_int_equal(bed->iface->cached_count, 5);
	assert_true(bed->iface->counters.refused[REFUSED_LIMIT] > 0);
	bed_free(bed);
}

static void a_server_only_node_does_not_ask(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed->iface_config.server_only = true;
	bed_start(bed);
	bed_miss(bed, "10.0.0.3");
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REQUEST), 0);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.1")));
	bed_free(bed);
}

static void traffic(struct bed *bed, const char *src, const char *dst)
{
	const struct nhrp_msg msg = redirect(src, dst);

	node_on_traffic(bed->node, BED_IFACE, BED_IFACE, msg.payload, msg.payload_length, bed->now);
	bed_miss(bed, "224.0.0.1");
}

/// The hub tells the sender's spoke, once in eight seconds for each pair, and for so many pairs.
static void a_hub_redirects_at_a_limited_rate(void **state)
{
	struct bed *bed = bed_hub();

	(void)state;
	bed->iface_config.limits.redirects = 2;
	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(bed);
	for (int i = 0; i < 5; i++)
		traffic(bed, "192.168.2.5", "192.168.3.5");
	assert_int_equal(bed_count(bed, NHRP_TRAFFIC_INDICATION), 1);
	assert_true(addr_equal(bed->sent[0]->nbma, ip("172.16.0.2")));
	assert_int_equal(bed->iface->counters.redirect_suppressed, 4);
	traffic(bed, "192.168.3.5", "192.168.2.5");
	assert_int_equal(bed_count(bed, NHRP_TRAFFIC_INDICATION), 2);
	traffic(bed, "192.168.3.6", "192.168.2.5");
	assert_int_equal(bed_count(bed, NHRP_TRAFFIC_INDICATION), 2);
	// Between two hosts behind one spoke, and from nowhere, there is no shorter way.
	bed_advance(bed, 9 * MONO_SECOND);
	traffic(bed, "192.168.2.5", "192.168.2.6");
	traffic(bed, "8.8.8.8", "192.168.2.6");
	assert_int_equal(bed_count(bed, NHRP_TRAFFIC_INDICATION), 2);
	traffic(bed, "192.168.2.5", "192.168.3.5");
	assert_int_equal(bed_count(bed, NHRP_TRAFFIC_INDICATION), 3);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_miss_goes_by_the_hub_until_it_is_resolved),
		cmocka_unit_test(questions_are_repeated_and_then_held_back),
		cmocka_unit_test(a_silent_peer_is_used_again_when_it_answers),
		cmocka_unit_test(only_so_many_silent_peers_are_remembered),
		cmocka_unit_test(a_denial_takes_away_what_was_known),
		cmocka_unit_test(a_redirect_becomes_a_shortcut),
		cmocka_unit_test(answers_are_cut_or_refused),
		cmocka_unit_test(redirects_of_others_packets_are_refused),
		cmocka_unit_test(only_so_much_is_asked_at_once),
		cmocka_unit_test(a_server_only_node_does_not_ask),
		cmocka_unit_test(a_hub_redirects_at_a_limited_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
