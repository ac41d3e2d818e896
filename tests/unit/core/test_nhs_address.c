// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bed.h"
#include "core/nhs.h"

#define HUBS "hubs.example.net"

/// A spoke with one server that tells its tunnel address itself.
static struct bed *dynamic_spoke(void)
{
	struct bed *bed = bed_spoke();

	bed->servers[0].protocol = (struct addr) { 0 };
	return bed;
}

/// A spoke whose server is known by name, and by `protocol` where that is not NULL.
static struct bed *named_spoke(const char *protocol)
{
	struct bed *bed = bed_spoke();

	bed->servers[0] = (struct nhs_config) { .name = HUBS, .multicast = true };
	if (protocol)
		bed->servers[0].protocol = ip(protocol);
	return bed;
}

static void resolve(struct bed *bed, const char *first, const char *second)
{
	struct addr addresses[] = { ip(first), second ? ip(second) : (struct addr) { 0 } };

	bed_forget(bed);
	node_on_name(bed->node, HUBS, addresses, second ? 2 : 1, bed->now);
	bed_advance(bed, 0);
	bed_miss(bed, "224.0.0.1");
}

/// The server at `nbma` answers the last request that was sent there, as the one with the address `protocol`.
static void answer(struct bed *bed, const char *nbma, const char *protocol)
{
	struct nhrp_msg reply = { .type = 0 };

	for (size_t i = 0; i < bed->sent_count; i++) {
		const struct bed_sent *sent = bed->sent[i];

		if (sent->msg.type == NHRP_REGISTRATION_REQUEST && addr_equal(sent->nbma, ip(nbma)))
			reply = sent->msg;
	}
	assert_int_equal(reply.type, NHRP_REGISTRATION_REQUEST);
	reply.type = NHRP_REGISTRATION_REPLY;
	reply.dst_protocol = ip(protocol);
	bed_receive(bed, nbma, &reply);
}

static bool receives_multicast(struct bed *bed, const char *nbma)
{
	struct desired_item item;

	return desired_find(
		&bed->node->desired, DESIRED_MULTICAST, BED_IFACE, (struct prefix) { 0 }, ip(nbma), &item);
}

static void a_server_tells_its_address(void **state)
{
	struct bed *bed = dynamic_spoke();
	const struct bed_sent *sent;

	(void)state;
	bed_start(bed);
	bed_miss(bed, "224.0.0.1");
	sent = bed_find(bed, NHRP_REGISTRATION_REQUEST);
	assert_true(addr_equal(sent->nbma, ip("172.16.0.1")));
	assert_true(addr_equal(sent->msg.dst_protocol, ip("10.0.0.2")));
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.1")));
	answer(bed, "172.16.0.1", "10.0.0.1");
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_true(addr_equal(bed->last[EVENT_NHS_UP].protocol, ip("10.0.0.1")));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.1")));
	// It is asked in the same way again: it may be another one by then.
	bed_forget(bed);
	bed_advance(bed, 200 * MONO_SECOND);
	assert_true(addr_equal(bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.dst_protocol, ip("10.0.0.2")));
	answer(bed, "172.16.0.1", "10.0.0.9");
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.1")));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.9"), ip("172.16.0.1")));
	bed_free(bed);
}

static void a_server_tells_its_address_in_the_responder_record(void **state)
{
	struct bed *bed = dynamic_spoke();
	const struct nhrp_cie cie = { .nbma = ip("172.16.0.1"), .protocol = ip("10.0.0.1") };
	uint8_t record[64];
	struct nhrp_msg reply;
	size_t length;

	(void)state;
	bed_start(bed);
	bed_miss(bed, "224.0.0.1");
	reply = bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg;
	reply.type = NHRP_REGISTRATION_REPLY;
	length = nhrp_ext_append_cie(NULL, &cie, record, sizeof(record));
	assert_true(nhrp_ext_replace(&reply, NHRP_EXT_RESPONDER, record, length));
	bed_receive(bed, "172.16.0.1", &reply);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.1")));
	bed_free(bed);
}

static void a_server_that_does_not_tell_its_address_is_not_up(void **state)
{
	struct bed *bed = dynamic_spoke();

	(void)state;
	bed_start(bed);
	bed_miss(bed, "224.0.0.1");
	answer(bed, "172.16.0.1", "10.0.0.2");
	assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
	assert_int_equal(bed->events[EVENT_PACKET_REFUSED], 1);
	bed_free(bed);
}

/// The password is wrong: its Error Indication is heard although it has no binding yet.
static void a_server_without_address_can_refuse(void **state)
{
	struct bed *bed = dynamic_spoke();
	struct nhrp_msg error;
	const struct bed_sent *sent;

	(void)state;
	bed_start(bed);
	bed_miss(bed, "224.0.0.1");
	sent = bed_find(bed, NHRP_REGISTRATION_REQUEST);
	error = bed_message(NHRP_ERROR_INDICATION, "172.16.0.1", "10.0.0.1", "10.0.0.2", 0);
	error.extension_count = 0;
	error.error_code = NHRP_ERROR_AUTHENTICATION_FAILURE;
	error.payload = sent->packet;
	error.payload_length = sent->length;
	bed_receive(bed, "172.16.0.1", &error);
	assert_int_equal(bed->events[EVENT_ERROR_RECEIVED], 1);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	assert_int_equal(bed_count(bed, NHRP_ERROR_INDICATION), 0);
	bed_free(bed);
}

static void each_address_of_a_name_is_a_server(void **state)
{
	struct bed *bed = named_spoke(NULL);

	(void)state;
	bed_start(bed);
	bed_advance(bed, 100 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 0);
	assert_null(nhs_active(bed->iface));
	resolve(bed, "172.16.0.1", "172.16.0.9");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 2);
	answer(bed, "172.16.0.1", "10.0.0.1");
	answer(bed, "172.16.0.9", "10.0.0.9");
	assert_int_equal(bed->events[EVENT_NHS_UP], 2);
	assert_true(receives_multicast(bed, "172.16.0.9"));
	// The same answer changes nothing; one address less ends one registration.
	resolve(bed, "172.16.0.9", "172.16.0.1");
	assert_int_equal(bed->sent_count, 0);
	resolve(bed, "172.16.0.1", NULL);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	assert_true(addr_equal(bed_find(bed, NHRP_PURGE_REQUEST)->nbma, ip("172.16.0.9")));
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.9")));
	assert_false(receives_multicast(bed, "172.16.0.9"));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.1")));
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	bed_free(bed);
}

static void a_name_that_moves_takes_its_server_along(void **state)
{
	struct bed *bed = named_spoke(NULL);

	(void)state;
	bed_start(bed);
	resolve(bed, "172.16.0.1", NULL);
	answer(bed, "172.16.0.1", "10.0.0.1");
	resolve(bed, "172.16.0.7", NULL);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	answer(bed, "172.16.0.7", "10.0.0.1");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.7")));
	bed_free(bed);
}

static void more_addresses_than_room_are_left_out(void **state)
{
	struct bed *bed = named_spoke(NULL);
	struct addr addresses[NHS_ADDRESSES_MAX + 5];

	(void)state;
	bed_start(bed);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		addresses[i] = addr_from_ipv4(0xac100100 + (uint32_t)i);
	node_on_name(bed->node, HUBS, addresses, ARRAY_SIZE(addresses), bed->now);
	bed_miss(bed, "224.0.0.1");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), NHS_ADDRESSES_MAX);
	bed_free(bed);
}

static void a_server_with_an_address_is_one_wherever_its_name_leads(void **state)
{
	struct bed *bed = named_spoke("10.0.0.1");

	(void)state;
	bed_start(bed);
	resolve(bed, "172.16.0.1", "172.16.0.9");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.1")));
	answer(bed, "172.16.0.1", "10.0.0.1");
	resolve(bed, "172.16.0.1", "172.16.0.9");
	assert_int_equal(bed->sent_count, 0);
	// It falls silent; asked again, DNS says the same, and the other address has its turn.
	bed_advance(bed, 300 * MONO_SECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	resolve(bed, "172.16.0.1", "172.16.0.9");
	answer(bed, "172.16.0.9", "10.0.0.1");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.9")));
	bed_free(bed);
}

/// One hub with two addresses in the underlay: traffic goes by the one that answers.
static void two_ways_to_one_server(void **state)
{
	struct bed *bed = named_spoke(NULL);

	(void)state;
	bed_start(bed);
	resolve(bed, "172.16.0.1", "172.16.0.9");
	answer(bed, "172.16.0.1", "10.0.0.1");
	answer(bed, "172.16.0.9", "10.0.0.1");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.1")));
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	bed_advance(bed, 5 * MONO_SECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.1"), ip("172.16.0.9")));
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_tells_its_address),
		cmocka_unit_test(a_server_tells_its_address_in_the_responder_record),
		cmocka_unit_test(a_server_that_does_not_tell_its_address_is_not_up),
		cmocka_unit_test(a_server_without_address_can_refuse),
		cmocka_unit_test(each_address_of_a_name_is_a_server),
		cmocka_unit_test(a_name_that_moves_takes_its_server_along),
		cmocka_unit_test(more_addresses_than_room_are_left_out),
		cmocka_unit_test(a_server_with_an_address_is_one_wherever_its_name_leads),
		cmocka_unit_test(two_ways_to_one_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
