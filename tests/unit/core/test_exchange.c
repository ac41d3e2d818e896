// SPDX-License-Identifier: GPL-2.0-or-later
/// Our node in the place of one of FRR's: what was said to FRR in tests/vectors is said to ours, which must
/// come to the same. As hub: both spokes registered, requests passed on, replies passed back. As spoke: the
/// hub's tunnel address learnt, the redirect followed, the other spoke answered, a shortcut.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../wire/capture.h"
#include "bed.h"

static const char *folder;

static const struct nhrp_auth_key password = { .kind = NHRP_AUTH_CLEARTEXT, .length = 6, .key = "s3cr3t" };

static struct bed *frr_hub(const struct nhrp_auth_key *auth)
{
	struct bed *bed = bed_hub();

	bed->iface_config.address = (struct prefix) { .addr = ip("10.255.0.1"), .length = 32 };
	bed->nbma = ip("10.0.1.2");
	if (auth)
		bed->iface_config.auth = *auth;
	bed_start(bed);
	bed_route(bed, "10.255.0.0/24", NULL, BED_TUNNEL, true);
	bed_route(bed, "192.168.1.0/24", "10.255.0.2", BED_TUNNEL, true);
	bed_route(bed, "192.168.2.0/24", "10.0.0.2", BED_TUNNEL, false);
	bed_route(bed, "192.168.2.0/24", "10.255.0.3", BED_TUNNEL, true);
	return bed;
}

/// A packet on its way to the hub, not from it: the hub's record is not in it yet.
static bool is_to_hub(const struct nhrp_msg *msg)
{
	const struct nhrp_ext *forward = nhrp_ext_find(msg, NHRP_EXT_FORWARD_TRANSIT);
	const struct nhrp_ext *reverse = nhrp_ext_find(msg, NHRP_EXT_REVERSE_TRANSIT);

	switch (msg->type) {
	case NHRP_REGISTRATION_REQUEST:
		return true;
	case NHRP_RESOLUTION_REQUEST:
		return forward && forward->length == 0;
	case NHRP_RESOLUTION_REPLY:
		return reverse && reverse->length == 0;
	default:
		return false;
	}
}

/// Says to the hub what was said; returns how many packets that were.
static size_t replay(struct bed *bed, const char *file)
{
	struct capture capture;
	char path[512];
	const uint8_t *packet;
	size_t length, count = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	assert_true(capture_open(path, &capture));
	while ((packet = capture_next(&capture, 1, &length)) != NULL) {
		struct nhrp_msg msg;
		bool from_third;

		if (nhrp_msg_decode(packet, length, &msg, NULL) != NHRP_DECODE_OK || !is_to_hub(&msg))
			continue;
		// A reply goes from the one that was asked to the one that asks.
		from_third = addr_equal(msg.src_nbma, ip("10.0.3.2")) != (msg.type == NHRP_RESOLUTION_REPLY);
		bed_receive_bytes(bed, from_third ? "10.0.3.2" : "10.0.2.2", packet, length);
		count++;
	}
	capture_done(&capture);
	return count;
}

static void assert_both_registered(struct bed *bed)
{
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.255.0.2"), ip("10.0.2.2")));
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.255.0.3"), ip("10.0.3.2")));
	assert_int_equal(bed->iface->dynamic_count, 2);
	assert_int_equal(bed->iface->counters.registrations_refused, 0);
}

static void story(const char *file, const struct nhrp_auth_key *auth)
{
	struct bed *bed = frr_hub(auth);

	assert_true(replay(bed, file) >= 6);
	assert_both_registered(bed);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REPLY),
		bed->iface->counters.received[NHRP_REGISTRATION_REQUEST]);
	assert_int_equal(bed->iface->counters.forwarded[NHRP_RESOLUTION_REQUEST], 2);
	assert_int_equal(bed->iface->counters.forwarded[NHRP_RESOLUTION_REPLY], 2);
	assert_int_equal(bed->events[EVENT_PACKET_REFUSED], 0);
	bed_free(bed);
}

static void frr8_spokes_get_on_with_our_hub(void **state)
{
	(void)state;
	story("frr8-noauth-hub.pcap", NULL);
}

static void frr10_spokes_get_on_with_our_hub(void **state)
{
	(void)state;
	story("frr10-auth-hub.pcap", &password);
}

/// The second spoke registered with the right password; what it says with the wrong one is refused.
static void a_wrong_password_is_refused(void **state)
{
	struct bed *bed = frr_hub(&password);

	(void)state;
	assert_true(replay(bed, "frr10-badauth-hub.pcap") >= 3);
	assert_both_registered(bed);
	assert_true(bed->iface->counters.refused[REFUSED_AUTHENTICATION] > 0);
	assert_int_equal(
		bed_find(bed, NHRP_ERROR_INDICATION)->msg.error_code, NHRP_ERROR_AUTHENTICATION_FAILURE);
	bed_free(bed);
}

static void without_the_password_nothing_is_taken(void **state)
{
	struct bed *bed = frr_hub(&password);

	(void)state;
	replay(bed, "frr8-noauth-hub.pcap");
	assert_int_equal(bed->iface->dynamic_count, 0);
	bed_free(bed);
}

/// The first spoke, before it says anything. Its request IDs are 1, 2, 3, like those of FRR's.
static struct bed *frr_spoke(const struct nhrp_auth_key *auth)
{
	struct bed *bed = bed_spoke();

	bed->iface_config.address = (struct prefix) { .addr = ip("10.255.0.2"), .length = 32 };
	bed->iface_config.holding_time = 60;
	bed->iface_config.registration_unique = false;
	bed->iface_config.shortcut = true;
	bed->servers[0] = (struct nhs_config) { .nbma = ip("10.0.1.2") };
	bed->nbma = ip("10.0.2.2");
	if (auth)
		bed->iface_config.auth = *auth;
	bed_start(bed);
	bed_route(bed, "192.168.2.0/24", NULL, BED_LAN, false);
	bed_route(bed, "192.168.0.0/16", "10.0.0.1", BED_TUNNEL, false);
	bed_route(bed, "192.168.1.0/24", NULL, BED_LAN, true);
	bed_route(bed, "10.255.0.0/24", NULL, BED_TUNNEL, true);
	bed_route(bed, "192.168.0.0/16", "10.255.0.1", BED_TUNNEL, true);
	bed_miss(bed, "224.0.0.1");
	return bed;
}

/// The next packet of this type that came from the hub is said to our node.
static void hear(struct bed *bed, struct capture *capture, uint8_t type)
{
	const uint8_t *packet;
	size_t length;

	while ((packet = capture_next(capture, 1, &length)) != NULL) {
		struct nhrp_msg msg;
		bool is_reply;

		if (nhrp_msg_decode(packet, length, &msg, NULL) != NHRP_DECODE_OK || msg.type != type)
			continue;
		is_reply = type == NHRP_RESOLUTION_REPLY || type == NHRP_REGISTRATION_REPLY;
		if (addr_equal(msg.src_nbma, bed->nbma) != is_reply)
			continue;
		bed_forget(bed);
		bed_receive_bytes(bed, "10.0.1.2", packet, length);
		return;
	}
	fail_msg("the capture has no more packets of type %u", type);
}

static const struct nhrp_msg *said(const struct bed *bed, uint8_t type, const char *nbma)
{
	const struct bed_sent *sent = bed_find(bed, type);

	assert_non_null(sent);
	assert_true(addr_equal(sent->nbma, ip(nbma)));
	return &sent->msg;
}

static void spokes_story(const char *file, const struct nhrp_auth_key *auth)
{
	struct bed *bed = frr_spoke(auth);
	struct capture capture;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	assert_true(capture_open(path, &capture));
	said(bed, NHRP_REGISTRATION_REQUEST, "10.0.1.2");
	hear(bed, &capture, NHRP_REGISTRATION_REPLY);
	assert_int_equal(bed->events[EVENT_NHS_UP], 1);
	assert_true(addr_equal(bed_neighbour(bed, "10.255.0.1"), ip("10.0.1.2")));

	hear(bed, &capture, NHRP_TRAFFIC_INDICATION);
	assert_true(
		addr_equal(said(bed, NHRP_RESOLUTION_REQUEST, "10.0.1.2")->dst_protocol, ip("192.168.2.1")));
	hear(bed, &capture, NHRP_RESOLUTION_REQUEST);
	assert_int_equal(said(bed, NHRP_RESOLUTION_REPLY, "10.0.3.2")->cies[0].prefix_length, 24);
	hear(bed, &capture, NHRP_RESOLUTION_REPLY);
	assert_true(bed_has_override(bed, "192.168.2.0/24"));
	assert_true(addr_equal(bed_neighbour(bed, "10.255.0.3"), ip("10.0.3.2")));

	bed_advance(bed, 20 * MONO_SECOND);
	said(bed, NHRP_REGISTRATION_REQUEST, "10.0.1.2");
	hear(bed, &capture, NHRP_REGISTRATION_REPLY);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	assert_int_equal(bed->events[EVENT_PACKET_REFUSED], 0);
	capture_done(&capture);
	bed_free(bed);
}

static void our_spoke_gets_on_with_an_frr8_hub(void **state)
{
	(void)state;
	spokes_story("frr8-noauth-s1.pcap", NULL);
}

static void our_spoke_gets_on_with_an_frr10_hub(void **state)
{
	(void)state;
	spokes_story("frr10-auth-s1.pcap", &password);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frr8_spokes_get_on_with_our_hub),
		cmocka_unit_test(frr10_spokes_get_on_with_our_hub),
		cmocka_unit_test(a_wrong_password_is_refused),
		cmocka_unit_test(without_the_password_nothing_is_taken),
		cmocka_unit_test(our_spoke_gets_on_with_an_frr8_hub),
		cmocka_unit_test(our_spoke_gets_on_with_an_frr10_hub),
	};

	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER-OF-CAPTURES\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
