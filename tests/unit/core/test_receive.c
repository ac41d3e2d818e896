// SPDX-License-Identifier: GPL-2.0-or-later
/// What is refused, what is passed on, and what is answered with an Error Indication.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bed.h"
#include "core/message.h"

static struct bed *hub_with_clients(void)
{
	struct bed *bed = bed_hub();

	bed_start(bed);
	bed_register(bed, "172.16.0.2", "10.0.0.2", 0, 1);
	bed_register(bed, "172.16.0.3", "10.0.0.3", 0, 1);
	bed_forget(bed);
	return bed;
}

static struct nhrp_msg request(const char *destination)
{
	struct nhrp_msg msg = bed_message(NHRP_RESOLUTION_REQUEST, "172.16.0.3", "10.0.0.3", destination, 5);

	bed_cie(&msg, 32, 300);
	return msg;
}

static void assert_error(struct bed *bed, uint16_t code)
{
	const struct bed_sent *error = bed_find(bed, NHRP_ERROR_INDICATION);

	assert_non_null(error);
	assert_int_equal(bed->sent_count, 1);
	assert_int_equal(error->msg.error_code, code);
	assert_true(addr_equal(error->nbma, ip("172.16.0.3")));
}

static void a_request_is_passed_on_one_hop_fewer_with_our_record(void **state)
{
	struct bed *bed = hub_with_clients();
	struct nhrp_msg msg = request("192.168.2.9");
	struct nhrp_cie cies[4];
	const struct bed_sent *sent;

	(void)state;
	bed_receive(bed, "172.16.0.3", &msg);
	sent = bed_find(bed, NHRP_RESOLUTION_REQUEST);
	assert_non_null(sent);
	assert_true(addr_equal(sent->nbma, ip("172.16.0.2")));
	assert_int_equal(sent->msg.hop_count, NHRP_DEFAULT_HOP_COUNT - 1);
	assert_int_equal(sent->msg.request_id, 5);
	assert_int_equal(
		nhrp_ext_cies(nhrp_ext_find(&sent->msg, NHRP_EXT_FORWARD_TRANSIT), ADDR_IPV4, cies, 4), 1);
	assert_true(addr_equal(cies[0].protocol, ip("10.0.0.1")));
	assert_true(addr_equal(cies[0].nbma, ip("172.16.0.1")));
	assert_int_equal(bed->iface->counters.forwarded[NHRP_RESOLUTION_REQUEST], 1);
	// Seen again, it went in a circle.
	msg = sent->msg;
	bed_receive(bed, "172.16.0.3", &msg);
	assert_int_equal(bed->iface->counters.refused[REFUSED_LOOP], 1);
	assert_int_equal(bed_find(bed, NHRP_ERROR_INDICATION)->msg.error_code, NHRP_ERROR_LOOP_DETECTED);
	bed_free(bed);
}

static void the_last_hop_is_the_last(void **state)
{
	struct bed *bed = hub_with_clients();
	struct nhrp_msg msg = request("192.168.2.9");

	(void)state;
	msg.hop_count = 1;
	bed_receive(bed, "172.16.0.3", &msg);
	assert_error(bed, NHRP_ERROR_HOP_COUNT_EXCEEDED);
	assert_int_equal(bed->iface->counters.refused[REFUSED_HOP_COUNT], 1);
	bed_free(bed);
}

static void who_nobody_knows_is_denied(void **state)
{
	struct bed *bed = hub_with_clients();
	struct nhrp_msg unknown = request("10.0.0.99"), backwards = request("192.168.3.9");

	(void)state;
	bed_receive(bed, "172.16.0.3", &unknown);
	assert_int_equal(bed_find(bed, NHRP_RESOLUTION_REPLY)->msg.cies[0].code, NHRP_CODE_NO_BINDING);
	bed_forget(bed);
	// The way leads back to the one who asks.
	bed_receive(bed, "172.16.0.3", &backwards);
	assert_int_equal(bed_find(bed, NHRP_RESOLUTION_REPLY)->msg.cies[0].code, NHRP_CODE_NO_BINDING);
	bed_free(bed);
}

static void the_hub_tells_where_nat_hides_the_requester(void **state)
{
	struct bed *bed = hub_with_clients();
	struct nhrp_msg registration =
		bed_message(NHRP_REGISTRATION_REQUEST, "192.168.77.4", "10.0.0.4", "10.0.0.1", 3);
	struct nhrp_msg msg =
		bed_message(NHRP_RESOLUTION_REQUEST, "192.168.77.4", "10.0.0.4", "192.168.2.9", 4);

	(void)state;
	bed_cie(&registration, 32, 300);
	bed_receive(bed, "203.0.113.4", &registration);
	bed_receive(bed, "203.0.113.4", &msg);
	assert_true(
		addr_equal(message_nat_address(&bed_find(bed, NHRP_RESOLUTION_REQUEST)->msg, ip("10.0.0.4")),
			ip("203.0.113.4")));
	bed_free(bed);
}

static void an_unknown_compulsory_extension(void **state)
{
	static const uint8_t data[] = { 1, 2, 3, 4 };
	struct bed *bed = hub_with_clients();
	struct nhrp_msg ours = request("10.0.0.1"), others = request("192.168.2.9"),
			optional = request("10.0.0.1");

	(void)state;
	assert_true(nhrp_ext_add(&ours, 0x123, true, data, sizeof(data)));
	assert_true(nhrp_ext_add(&others, 0x123, true, data, sizeof(data)));
	assert_true(nhrp_ext_add(&optional, 0x123, false, data, sizeof(data)));
	bed_receive(bed, "172.16.0.3", &ours);
	assert_error(bed, NHRP_ERROR_UNRECOGNIZED_EXTENSION);
	assert_int_equal(bed->iface->counters.refused[REFUSED_EXTENSION], 1);
	bed_forget(bed);
	// A transit node lets it pass, and everybody ignores one that is not compulsory.
	bed_receive(bed, "172.16.0.3", &others);
	assert_non_null(nhrp_ext_find(&bed_find(bed, NHRP_RESOLUTION_REQUEST)->msg, 0x123));
	bed_receive(bed, "172.16.0.3", &optional);
	assert_int_equal(bed_count(bed, NHRP_RESOLUTION_REPLY), 1);
	bed_free(bed);
}

static void what_is_not_authentic_changes_nothing(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg = bed_message(NHRP_REGISTRATION_REQUEST, "172.16.0.3", "10.0.0.3", "10.0.0.1", 3);
	struct nhrp_auth_key wrong = { .kind = NHRP_AUTH_CLEARTEXT, .length = 5, .key = "wrong" };
	uint8_t packet[NHRP_MAX_PACKET];
	size_t length;

	(void)state;
	bed->iface_config.auth =
		(struct nhrp_auth_key) { .kind = NHRP_AUTH_CLEARTEXT, .length = 5, .key = "right" };
	bed_start(bed);
	bed_cie(&msg, 32, 300);
	length = nhrp_auth_encode(&msg, &wrong, msg.src_protocol, packet, sizeof(packet));
	bed_receive_bytes(bed, "172.16.0.3", packet, length);
	assert_error(bed, NHRP_ERROR_AUTHENTICATION_FAILURE);
	assert_null(cache_find(bed->iface, ip("10.0.0.3")));
	bed_forget(bed);
	// A flood of them is answered at a limited rate, told at a limited rate, and counted one by one.
	for (int i = 0; i < 100; i++)
		bed_receive_bytes(bed, "172.16.0.3", packet, length);
	assert_in_range(bed->sent_count, 1, 10);
	assert_in_range(bed->events[EVENT_PACKET_REFUSED], 1, 21);
	assert_int_equal(bed->iface->counters.refused[REFUSED_AUTHENTICATION], 101);
	bed_free(bed);
}

/// Two nodes must not answer each other's errors without end (FRR's did).
static void an_error_indication_is_never_answered(void **state)
{
	struct bed *bed = hub_with_clients();
	struct nhrp_msg error = { .type = NHRP_ERROR_INDICATION,
		.hop_count = 255,
		.protocol_family = ADDR_IPV4,
		.src_nbma = ip("172.16.0.3"),
		.src_protocol = ip("10.0.0.3"),
		.dst_protocol = ip("10.0.0.1"),
		.error_code = NHRP_ERROR_AUTHENTICATION_FAILURE,
		.payload = (const uint8_t *)"junk",
		.payload_length = 4 };

	(void)state;
	bed_receive(bed, "172.16.0.3", &error);
	error.dst_protocol = ip("10.0.0.99");
	bed_receive(bed, "172.16.0.3", &error);
	error.dst_protocol = ip("192.168.200.1");
	bed_receive(bed, "172.16.0.3", &error);
	error.hop_count = 1;
	error.dst_protocol = ip("10.0.0.2");
	bed_receive(bed, "172.16.0.3", &error);
	assert_int_equal(bed->sent_count, 0);
	bed_free(bed);
}

static void what_nobody_asked_for_is_refused(void **state)
{
	static const uint8_t types[] = { NHRP_RESOLUTION_REPLY, NHRP_REGISTRATION_REPLY, NHRP_PURGE_REPLY };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct bed *bed = hub_with_clients();
		struct nhrp_msg msg = bed_message(types[i], "172.16.0.1", "10.0.0.1", "10.0.0.77", 12345);
		struct nhrp_cie *cie = bed_cie(&msg, 32, 300);

		cie->nbma = ip("172.16.0.66");
		cie->protocol = ip("10.0.0.77");
		bed_receive(bed, "172.16.0.3", &msg);
		assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
		assert_null(cache_find(bed->iface, ip("10.0.0.77")));
		bed_free(bed);
	}
}

static void garbage_is_counted(void **state)
{
	struct bed *bed = hub_with_clients();
	uint8_t packet[NHRP_MAX_PACKET] = { 0 };
	struct nhrp_msg msg = request("10.0.0.1");
	size_t length = nhrp_msg_encode(&msg, packet, sizeof(packet));

	(void)state;
	bed_receive_bytes(bed, "172.16.0.3", packet, 10);
	assert_int_equal(bed->iface->counters.refused[REFUSED_MALFORMED], 1);
	packet[30] ^= 1;
	bed_receive_bytes(bed, "172.16.0.3", packet, length);
	assert_int_equal(bed->iface->counters.refused[REFUSED_BAD_CHECKSUM], 1);
	node_on_link(bed->node, BED_IFACE, false, BED_TUNNEL, bed->nbma, bed->now);
	bed_receive(bed, "172.16.0.3", &msg);
	assert_int_equal(bed->iface->counters.refused[REFUSED_DOWN], 1);
	assert_int_equal(bed->sent_count, 0);
	bed_free(bed);
}

/// `ip nhrp max-send`, of which a quarter is for registrations.
static void sending_has_a_limit(void **state)
{
	struct bed *bed = bed_hub();
	struct nhrp_msg msg = request("10.0.0.1");

	(void)state;
	bed->iface_config.max_send_packets = 10;
	bed_start(bed);
	for (int i = 0; i < 50; i++)
		bed_receive(bed, "172.16.0.3", &msg);
	assert_int_equal(bed->sent_count, 8);
	assert_int_equal(bed->iface->counters.refused[REFUSED_MAX_SEND], 42);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_passed_on_one_hop_fewer_with_our_record),
		cmocka_unit_test(the_last_hop_is_the_last),
		cmocka_unit_test(who_nobody_knows_is_denied),
		cmocka_unit_test(the_hub_tells_where_nat_hides_the_requester),
		cmocka_unit_test(an_unknown_compulsory_extension),
		cmocka_unit_test(what_is_not_authentic_changes_nothing),
		cmocka_unit_test(an_error_indication_is_never_answered),
		cmocka_unit_test(what_nobody_asked_for_is_refused),
		cmocka_unit_test(garbage_is_counted),
		cmocka_unit_test(sending_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
