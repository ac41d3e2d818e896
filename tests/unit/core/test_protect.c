// SPDX-License-Identifier: GPL-2.0-or-later
// A protected tunnel: nothing before the SA, the hub's path meanwhile, and who may have which address.
#include "bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "core/message.h"
#include "core/nhs.h"
#include "core/resolve.h"

#define HUB "172.16.0.1"

static uint64_t refused(const struct bed *bed, enum refusal refusal)
{
	return bed->iface->counters.refused[refusal];
}

static bool calls(struct bed *bed, const char *nbma)
{
	bool call;

	return bed_wants_sa(bed, nbma, &call) && call;
}

static bool keeps(struct bed *bed, const char *nbma)
{
	bool call;

	return bed_wants_sa(bed, nbma, &call) && !call;
}

static struct bed *protected_spoke(void)
{
	struct bed *bed = bed_spoke();

	bed->iface_config.protected = true;
	bed_start(bed);
	return bed;
}

static struct bed *registered_spoke(void)
{
	struct bed *bed = protected_spoke();

	bed_sa(bed, HUB, SA_UP, "hub");
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_forget(bed);
	return bed;
}

static struct bed *protected_hub(void)
{
	struct bed *bed = bed_hub();

	bed->iface_config.protected = true;
	return bed;
}

static void a_server_is_not_talked_to_before_its_sa(void **state)
{
	struct bed *bed = protected_spoke();

	(void)state;
	bed_advance(bed, 20 * MONO_SECOND);
	assert_int_equal(bed->sent_count, 0);
	assert_true(calls(bed, HUB));
	bed_sa(bed, HUB, SA_FAILED, NULL);
	assert_int_equal(bed->sent_count, 0);
	bed_sa(bed, HUB, SA_UP, "hub");
	// At once, whatever the back-off is.
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	bed_answer_registration(bed, NHRP_CODE_OK);
	assert_int_equal(bed->events[EVENT_NHS_UP], 1);
	bed_free(bed);
}

static void a_server_that_lost_its_sa_is_asked_when_it_is_back(void **state)
{
	struct bed *bed = registered_spoke();

	(void)state;
	bed_sa(bed, HUB, SA_DOWN, NULL);
	bed_advance(bed, 2 * MONO_SECOND);
	assert_int_equal(bed->sent_count, 0);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	bed_sa(bed, HUB, SA_UP, "hub");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_advance(bed, 10 * MONO_SECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	bed_free(bed);
}

static void a_silent_server_gets_another_sa(void **state)
{
	struct bed *bed = registered_spoke();

	(void)state;
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	bed_advance(bed, 6 * MONO_SECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	assert_int_equal(bed->renewed, 1);
	bed_free(bed);
}

/// A probe that the peer leaves without an answer ends its binding, and its SA, which may be one that the
/// peer has lost. An answer that comes by another way than the probe went tells nothing of that way.
static void a_silent_peer_gets_another_sa(void **state)
{
	struct bed *bed = registered_spoke();
	struct nhrp_msg reply;

	(void)state;
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, HUB, &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	bed_forget(bed);
	resolve_probe(bed->iface, ip("10.0.0.3"), ip("172.16.0.3"), bed->now);
	bed_drain(bed);
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 32);
	bed_receive(bed, HUB, &reply);
	bed_advance(bed, 5 * MONO_SECOND);
	assert_false(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_int_equal(bed->renewed, 1);
	bed_free(bed);
}

static void ask_and_answer_by_hub(struct bed *bed)
{
	struct nhrp_msg reply;

	resolve_start(bed->iface, ip("192.168.3.5"), bed->now);
	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "172.16.0.3", 24);
	reply.dst_protocol = ip("192.168.3.5");
	reply.request_id = bed->sent[0]->msg.request_id;
	bed_receive(bed, HUB, &reply);
	bed_forget(bed);
}

static void a_shortcut_waits_for_its_sa(void **state)
{
	struct bed *bed = registered_spoke();

	(void)state;
	bed_route(bed, "192.168.3.0/24", "10.0.0.1", BED_TUNNEL, true);
	ask_and_answer_by_hub(bed);
	assert_true(calls(bed, "172.16.0.3"));
	assert_false(bed_has_override(bed, "192.168.3.0/24"));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip(HUB)));
	assert_int_equal(bed->events[EVENT_SHORTCUT_UP], 0);
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	assert_true(bed_has_override(bed, "192.168.3.0/24"));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("172.16.0.3")));
	assert_int_equal(bed->events[EVENT_SHORTCUT_UP], 1);
	// Without the SA traffic is on the hub's path again.
	bed_sa(bed, "172.16.0.3", SA_DOWN, NULL);
	assert_false(bed_has_override(bed, "192.168.3.0/24"));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip(HUB)));
	assert_true(calls(bed, "172.16.0.3"));
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	assert_true(bed_has_override(bed, "192.168.3.0/24"));
	// With the binding ends the wish.
	bed_advance(bed, 101 * MONO_SECOND);
	assert_false(calls(bed, "172.16.0.3") || keeps(bed, "172.16.0.3"));
	bed_free(bed);
}

static void a_shortcut_is_the_identitys_own(void **state)
{
	struct authorize_config authorize[] = {
		{ (char *)(uintptr_t) "spoke*", net("10.0.0.0/24") },
		{ (char *)(uintptr_t) "SPOKE4", net("192.168.3.0/24") },
		{ (char *)(uintptr_t) "hub", net("10.0.0.1/32") },
	};

	(void)state;
	for (int owner = 3; owner <= 4; owner++) {
		struct bed *bed = bed_spoke();

		bed->iface_config.protected = true;
		bed->iface_config.authorize = authorize;
		bed->iface_config.authorize_count = ARRAY_SIZE(authorize);
		bed_start(bed);
		bed_sa(bed, HUB, SA_UP, "hub");
		bed_answer_registration(bed, NHRP_CODE_OK);
		bed_forget(bed);
		bed_route(bed, "192.168.3.0/24", "10.0.0.1", BED_TUNNEL, true);
		// The peer is who it is before the answer, or after it.
		if (owner == 4)
			ask_and_answer_by_hub(bed);
		bed_sa(bed, "172.16.0.3", SA_UP, owner == 3 ? "spoke3" : "spoke4");
		if (owner == 3)
			ask_and_answer_by_hub(bed);
		assert_int_equal(bed_has_override(bed, "192.168.3.0/24"), owner == 4);
		assert_int_equal(refused(bed, REFUSED_IDENTITY), owner == 4 ? 0 : 1);
		assert_int_equal(bed->events[EVENT_PACKET_REFUSED], owner == 4 ? 0 : 1);
		bed_free(bed);
	}
}

/// A spoke asks us for our LAN.
static void get_question(struct bed *bed)
{
	struct nhrp_msg msg =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.5", 7);

	bed_cie(&msg, 32, 100);
	bed_receive(bed, HUB, &msg);
}

static void an_answer_waits_for_the_sa(void **state)
{
	struct bed *bed = registered_spoke();

	(void)state;
	get_question(bed);
	assert_int_equal(bed->sent_count, 0);
	assert_true(calls(bed, "172.16.0.3"));
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 1);
	assert_true(addr_equal(bed->sent[0]->nbma, ip("172.16.0.3")));
	// The requester uses the SA now, so that it stays; but should it go, that is the requester's matter.
	assert_true(keeps(bed, "172.16.0.3"));
	bed_advance(bed, 700 * MONO_SECOND);
	assert_false(keeps(bed, "172.16.0.3") || calls(bed, "172.16.0.3"));
	bed_free(bed);
}

static void an_answer_that_cannot_go_directly_goes_by_the_server(void **state)
{
	struct bed *bed = registered_spoke();

	(void)state;
	get_question(bed);
	bed_advance(bed, 2 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 1);
	assert_true(addr_equal(bed_find(bed, NHRP_RESOLUTION_REPLY)->nbma, ip(HUB)));
	bed_forget(bed);
	get_question(bed);
	bed_sa(bed, "172.16.0.3", SA_FAILED, NULL);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 1);
	assert_true(addr_equal(bed->sent[0]->nbma, ip(HUB)));
	bed_free(bed);
}

/// The peer that was led to another one is told of its end under an SA, though its own binding is gone.
static void an_sa_stays_for_a_purge(void **state)
{
	struct bed *bed = protected_hub();
	struct nhrp_msg request =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.9", 5);

	(void)state;
	bed_start(bed);
	bed_route(bed, "192.168.2.0/24", "10.0.0.2", BED_TUNNEL, true);
	bed_sa(bed, "172.16.0.2", SA_UP, "spoke2");
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_cie(&request, 32, 300);
	bed_receive(bed, "172.16.0.3", &request);
	assert_int_equal(bed->iface->requester_count, 1);
	bed_forget(bed);
	(void)node_clear(bed->node, (struct addr) { 0 }, bed->now);
	bed_drain(bed);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	assert_true(addr_equal(bed->sent[0]->nbma, ip("172.16.0.3")));
	assert_true(keeps(bed, "172.16.0.3"));
	assert_false(keeps(bed, "172.16.0.2"));
	bed_advance(bed, 10 * MONO_SECOND);
	assert_false(keeps(bed, "172.16.0.3"));
	bed_free(bed);
}

static void what_comes_before_the_news_of_the_sa_is_kept(void **state)
{
	struct bed *bed = protected_hub();

	(void)state;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), -1);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.2")));
	bed_sa(bed, "172.16.0.2", SA_UP, "spoke2");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REPLY), 1);
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.2"), ip("172.16.0.2")));
	assert_true(keeps(bed, "172.16.0.2"));
	// Not for long.
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_advance(bed, 2 * MONO_SECOND);
	bed_sa(bed, "172.16.0.3", SA_UP, "spoke3");
	assert_int_equal(bed->sent_count, 0);
	assert_int_equal(refused(bed, REFUSED_UNPROTECTED), 1);
	bed_free(bed);
}

static void strangers_cannot_fill_the_memory(void **state)
{
	struct bed *bed = protected_hub();
	struct nhrp_msg msg = bed_message(NHRP_REGISTRATION_REQUEST, "172.16.0.2", "10.0.0.2", "10.0.0.1", 1);
	char from[32];

	(void)state;
	bed_cie(&msg, 0xff, 300);
	bed_start(bed);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(from, sizeof(from), "172.17.%u.%u", i / 250, 1 + i % 250);
		bed_receive(bed, from, &msg);
	}
	assert_int_equal(bed->iface->held_peers, 256);
	assert_int_equal(refused(bed, REFUSED_UNPROTECTED), 1000 - 256);
	for (unsigned i = 0; i < 100; i++)
		bed_receive(bed, "172.17.0.1", &msg);
	assert_int_equal(refused(bed, REFUSED_UNPROTECTED), 1000 - 256 + 93);
	bed_advance(bed, 2 * MONO_SECOND);
	assert_int_equal(bed->iface->held_peers, 0);
	assert_null(bed->iface->protects);
	bed_free(bed);
}

/// A member asks in the name of one NBMA address after the other.
static void questions_cannot_fill_the_memory(void **state)
{
	enum { LIMIT = 10, QUESTIONS = 100 };
	struct bed *bed = bed_spoke();
	struct nhrp_msg msg =
		bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", "192.168.2.5", 7);

	(void)state;
	bed->iface_config.protected = true;
	bed->iface_config.limits.requesters = LIMIT;
	bed_start(bed);
	bed_sa(bed, HUB, SA_UP, "hub");
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_forget(bed);
	bed_cie(&msg, 32, 100);
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		msg.src_nbma = addr_from_ipv4(0xac110001 + i);
		bed_receive(bed, HUB, &msg);
	}
	bed_advance(bed, 2 * MONO_SECOND);
	assert_int_equal(bed->iface->held_peers, 0);
	// And the server's.
	assert_int_equal(HASH_COUNT(bed->iface->protects), LIMIT + 1);
	assert_int_equal(refused(bed, REFUSED_LIMIT), QUESTIONS - LIMIT);
	// There is room again when the answers are over.
	bed_advance(bed, 600 * MONO_SECOND);
	assert_int_equal(HASH_COUNT(bed->iface->protects), 1);
	bed_receive(bed, HUB, &msg);
	assert_int_equal(HASH_COUNT(bed->iface->protects), 2);
	bed_free(bed);
}

static void an_address_belongs_to_the_identity_that_registered_it(void **state)
{
	struct bed *bed = protected_hub();
	struct nhrp_msg purge;

	(void)state;
	bed_start(bed);
	bed_sa(bed, "172.16.0.2", SA_UP, "spoke2");
	bed_sa(bed, "172.16.0.9", SA_UP, "thief");
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	assert_int_equal(bed_register(bed, "172.16.0.9", "10.0.0.2", 0, 1), NHRP_CODE_PROHIBITED);
	assert_int_equal(refused(bed, REFUSED_IDENTITY), 1);
	assert_int_equal(bed->events[EVENT_REGISTRATION_REFUSED], 1);
	// Also behind the same NAT address, where only the identity tells them apart.
	bed_sa(bed, "172.16.0.2", SA_UP, "thief");
	assert_int_equal(bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 2), NHRP_CODE_PROHIBITED);
	purge = bed_message(NHRP_PURGE_REQUEST, "172.16.0.2", "10.0.0.2", "10.0.0.1", 3);
	bed_cie(&purge, 32, 0);
	bed_receive(bed, "172.16.0.2", &purge);
	assert_non_null(cache_find(bed->iface, ip("10.0.0.2")));
	// Nor does it get what is for the owner.
	assert_false(addr_is_set(bed_ask_neighbour(bed, "10.0.0.2")));
	// The owner may move.
	bed_sa(bed, "172.16.0.7", SA_UP, "spoke2");
	assert_int_equal(bed_register(bed, "172.16.0.7", "10.0.0.2", 0, 4), NHRP_CODE_OK);
	// For the holding time.
	bed_advance(bed, 301 * MONO_SECOND);
	assert_int_equal(bed_register(bed, "172.16.0.9", "10.0.0.2", 0, 5), NHRP_CODE_OK);
	bed_free(bed);
}

static void ownership_outlives_a_restart(void **state)
{
	struct bed *bed = protected_hub();

	(void)state;
	bed_start(bed);
	assert_true(node_restore(bed->node, BED_IFACE, ip("10.0.0.2"),
		&(struct binding_facts) { .type = BINDING_DYNAMIC,
			.nbma = ip("172.16.0.2"),
			.holding_time = 300,
			.identity = "spoke2" },
		bed->now));
	bed_sa(bed, "172.16.0.9", SA_UP, "thief");
	assert_int_equal(bed_register(bed, "172.16.0.9", "10.0.0.2", 0, 1), NHRP_CODE_PROHIBITED);
	bed_sa(bed, "172.16.0.8", SA_UP, "spoke2");
	assert_int_equal(bed_register(bed, "172.16.0.8", "10.0.0.2", 0, 1), NHRP_CODE_OK);
	bed_free(bed);
}

/// Two spokes behind 198.51.100.1, which think that they are at 192.168.0.2 and 192.168.0.3.
static struct bed *two_behind_one_address(void)
{
	struct bed *bed = protected_hub();

	bed_start(bed);
	bed_sa(bed, "198.51.100.1", SA_UP, "spoke2");
	bed_sa(bed, "198.51.100.1%1", SA_UP, "spoke3");
	assert_int_equal(
		bed_register_behind(bed, "198.51.100.1", "192.168.0.2", "10.0.0.2", 1), NHRP_CODE_OK);
	assert_int_equal(
		bed_register_behind(bed, "198.51.100.1%1", "192.168.0.3", "10.0.0.3", 1), NHRP_CODE_OK);
	return bed;
}

static void several_behind_one_address_are_told_apart(void **state)
{
	struct bed *bed = two_behind_one_address();
	const struct bed_sent *sent;
	struct nhrp_msg request;
	uint16_t place = 0;

	(void)state;
	// The reply went to the right one, and names the address as others see it.
	sent = bed_find(bed, NHRP_REGISTRATION_REPLY);
	assert_true(addr_equal(sent->nbma, ip("198.51.100.1%1")));
	assert_true(addr_equal(message_nat_address(&sent->msg, ip("10.0.0.3")), ip("198.51.100.1")));
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.2"), ip("198.51.100.1")));
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.3"), ip("198.51.100.1%1")));
	assert_true(cache_place_of(bed->iface, ip("198.51.100.1"), "spoke3", &place));
	assert_int_equal(place, 1);
	assert_false(cache_place_of(bed->iface, ip("198.51.100.1"), "spoke4", &place));
	// Neither can take the other's address.
	assert_int_equal(bed_register_behind(bed, "198.51.100.1%1", "192.168.0.3", "10.0.0.2", 2),
		NHRP_CODE_UNIQUE_REGISTERED);
	// What one asks of the other goes by us.
	bed_forget(bed);
	request = bed_message(NHRP_RESOLUTION_REQUEST, "192.168.0.2", "10.0.0.2", "10.0.0.3", 3);
	bed_receive(bed, "198.51.100.1", &request);
	assert_true(addr_equal(bed_find(bed, NHRP_RESOLUTION_REQUEST)->nbma, ip("198.51.100.1%1")));
	// One goes, the other stays.
	bed_sa(bed, "198.51.100.1", SA_DOWN, NULL);
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.3"), ip("198.51.100.1%1")));
	assert_true(keeps(bed, "198.51.100.1%1"));
	bed_free(bed);
}

static void who_comes_back_elsewhere_behind_the_address_is_known_again(void **state)
{
	struct bed *bed = two_behind_one_address();

	(void)state;
	bed_ask_neighbour(bed, "10.0.0.2");
	bed_ask_neighbour(bed, "10.0.0.3");
	bed_sa(bed, "198.51.100.1", SA_DOWN, NULL);
	bed_sa(bed, "198.51.100.1%1", SA_DOWN, NULL);
	// The other way round: nobody gets what is for the other, at no time.
	bed_sa(bed, "198.51.100.1", SA_UP, "spoke3");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip("198.51.100.1")));
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.2")));
	bed_sa(bed, "198.51.100.1%1", SA_UP, "spoke2");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.2"), ip("198.51.100.1%1")));
	// It registers from there, though the address was registered as unique.
	assert_int_equal(
		bed_register_behind(bed, "198.51.100.1%1", "192.168.0.2", "10.0.0.2", 5), NHRP_CODE_OK);
	bed_free(bed);
}

static void an_address_of_several_is_not_answered_directly(void **state)
{
	struct bed *bed = registered_spoke();
	struct nhrp_msg request, reply;

	(void)state;
	bed_route(bed, "192.168.9.0/24", "10.0.0.1", BED_TUNNEL, true);
	bed_sa(bed, "198.51.100.1", SA_UP, "spoke3");
	bed_sa(bed, "198.51.100.1%1", SA_UP, "spoke4");
	// A question by the hub could be from either.
	request = bed_message(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.4", "192.168.2.7", 3);
	bed_receive(bed, HUB, &request);
	assert_true(addr_equal(bed_find(bed, NHRP_RESOLUTION_REPLY)->nbma, ip(HUB)));
	// Who answers itself is known.
	bed_forget(bed);
	bed_miss(bed, "10.0.0.4");
	reply = bed_answer(bed, "10.0.0.4", "198.51.100.1", 32);
	bed_receive(bed, "198.51.100.1%1", &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.4"), ip("198.51.100.1%1")));
	// Another's answer by the hub is not.
	bed_forget(bed);
	bed_miss(bed, "10.0.0.3");
	reply = bed_answer(bed, "10.0.0.3", "198.51.100.1", 32);
	bed_receive(bed, HUB, &reply);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.3"), ip(HUB)));
	bed_free(bed);
}

static void registrations_are_authorized(void **state)
{
	static const struct {
		const char *identity, *protocol;
		int code;
	} cases[] = {
		{ "s2.branch.example", "10.0.0.2", NHRP_CODE_OK },
		{ "S3.BRANCH.example", "10.0.0.3", NHRP_CODE_OK },
		{ "s2.other.example", "10.0.0.2", NHRP_CODE_PROHIBITED },
		{ "s2.branch.example.org", "10.0.0.2", NHRP_CODE_PROHIBITED },
		{ "s2.branch.example", "10.0.0.200", NHRP_CODE_PROHIBITED },
		{ "sx.big.example", "10.0.0.200", NHRP_CODE_OK },
		{ "sxy.big.example", "10.0.0.200", NHRP_CODE_PROHIBITED },
		// An address of the cloud as identity is that address, however wide the line.
		{ "10.0.0.4", "10.0.0.4", NHRP_CODE_OK },
		{ "10.0.0.4", "10.0.0.5", NHRP_CODE_PROHIBITED },
		{ "", "10.0.0.2", NHRP_CODE_PROHIBITED },
	};
	struct authorize_config authorize[] = {
		{ (char *)(uintptr_t) "*.branch.example", net("10.0.0.0/26") },
		{ (char *)(uintptr_t) "s?.big.example", net("10.0.0.192/26") },
		{ (char *)(uintptr_t) "10.*", net("10.0.0.0/24") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *bed = protected_hub();

		bed->iface_config.authorize = authorize;
		bed->iface_config.authorize_count = ARRAY_SIZE(authorize);
		bed_start(bed);
		print_message("%s %s\n", cases[i].identity, cases[i].protocol);
		bed_sa(bed, "172.16.0.2", SA_UP, cases[i].identity);
		assert_int_equal(bed_register(bed, "172.16.0.2", cases[i].protocol, 0, 1), cases[i].code);
		bed_free(bed);
	}
}

static void without_protection_nothing_waits(void **state)
{
	struct bed *bed = bed_registered_spoke();
	bool call;

	(void)state;
	assert_false(bed_wants_sa(bed, HUB, &call));
	bed_sa(bed, HUB, SA_DOWN, NULL);
	get_question(bed);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 1);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_not_talked_to_before_its_sa),
		cmocka_unit_test(a_server_that_lost_its_sa_is_asked_when_it_is_back),
		cmocka_unit_test(a_silent_server_gets_another_sa),
		cmocka_unit_test(a_silent_peer_gets_another_sa),
		cmocka_unit_test(a_shortcut_waits_for_its_sa),
		cmocka_unit_test(a_shortcut_is_the_identitys_own),
		cmocka_unit_test(an_answer_waits_for_the_sa),
		cmocka_unit_test(an_answer_that_cannot_go_directly_goes_by_the_server),
		cmocka_unit_test(an_sa_stays_for_a_purge),
		cmocka_unit_test(what_comes_before_the_news_of_the_sa_is_kept),
		cmocka_unit_test(strangers_cannot_fill_the_memory),
		cmocka_unit_test(questions_cannot_fill_the_memory),
		cmocka_unit_test(an_address_belongs_to_the_identity_that_registered_it),
		cmocka_unit_test(ownership_outlives_a_restart),
		cmocka_unit_test(several_behind_one_address_are_told_apart),
		cmocka_unit_test(who_comes_back_elsewhere_behind_the_address_is_known_again),
		cmocka_unit_test(an_address_of_several_is_not_answered_directly),
		cmocka_unit_test(registrations_are_authorized),
		cmocka_unit_test(without_protection_nothing_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
