// SPDX-License-Identifier: GPL-2.0-or-later
// The connection to charon, and what it tells.
#include "bed.h"

#include <string.h>

static void charon_restarts(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	bed_await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	charon_forget(&bed->charon);
	charon_stop(&bed->charon, true);
	while (ike_is_connected(bed->ike))
		uv_run(&bed->loop, UV_RUN_ONCE);
	// The kernel's SAs may live on: nothing is told yet.
	assert_int_equal(bed->states[1], SA_UP);
	charon_start(&bed->charon);
	// The peer does not know that the SA is gone, so that we call.
	bed_await(bed, "initiate", OURS, 1);
	bed_await_state(bed, 1, SA_DOWN, 1);
	assert_int_equal(charon_asked(&bed->charon, "load-conn", ANY), 1);
}

static void the_socket_goes_and_comes_back_with_the_sas(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await_state(bed, 1, SA_UP, 1);
	charon_stop(&bed->charon, false);
	while (ike_is_connected(bed->ike))
		uv_run(&bed->loop, UV_RUN_ONCE);
	charon_start(&bed->charon);
	bed_await_list(bed);
	assert_int_equal(bed->told[1][SA_UP] + bed->told[1][SA_DOWN] + bed->told[1][SA_FAILED], 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
}

static void what_is_not_vici_ends_the_connection_only(void **state)
{
	static const uint8_t length[] = { 0xff, 0xff, 0xff, 0xff }, type[] = { 0, 0, 0, 1, 9 },
			     unasked[] = { 0, 0, 0, 1, 1 }, open[] = { 0, 0, 0, 4, 1, 1, 1, 's' };
	static const struct {
		const uint8_t *bytes;
		size_t length;
	} cases[] = { { length, 4 }, { type, 5 }, { unasked, 5 }, { open, 8 } };
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bed_await_list(bed);
		charon_send_bytes(&bed->charon, cases[i].bytes, cases[i].length);
		charon_forget(&bed->charon);
		while (ike_is_connected(bed->ike))
			uv_run(&bed->loop, UV_RUN_ONCE);
	}
	bed_await_list(bed);
}

/// Of an identity that does not fit, the part that does is not taken for all of it.
static void a_peer_with_too_long_an_identity_is_refused(void **state)
{
	struct bed *bed = *state;
	char identity[300] = "";
	struct charon_sa sa = bed_spoke;

	memset(identity, 'a', sizeof(identity) - 1);
	sa.remote_id = identity;
	bed_await_list(bed);
	charon_up(&bed->charon, &sa);
	bed_await(bed, "terminate", "7", 1);
	assert_true(strlen(bed_await_sa(bed, 7)->remote_id) >= PROTECT_IDENTITY_SIZE);
	assert_int_equal(bed->told[1][SA_UP], 0);
}

/// A connection of swanctl.conf whose name only begins like the tunnel's is none of our business.
static void another_connection_of_the_administrator_is_left_alone(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = bed_spoke;

	ike_set_tunnel(bed->ike,
		&(struct ike_tunnel) {
			.iface = 2, .profile = "site", .foreign = true, .local = bed_ip("192.0.2.1") });
	bed_await_list(bed);
	sa.connection = "site-office";
	sa.age = 10;
	charon_up(&bed->charon, &sa);
	(void)bed_await_sa(bed, 7);
	bed_advance(bed, 200);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	assert_int_equal(bed->told[2][SA_UP], 0);
	sa.id = 8;
	sa.connection = "site";
	charon_up(&bed->charon, &sa);
	bed_await_state(bed, 2, SA_UP, 1);
}

static void a_rekeying_changes_nothing(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await_state(bed, 1, SA_UP, 1);
	bed->charon.sas[0].id = 8;
	charon_event(&bed->charon, "ike-rekey");
	bed_await_list(bed);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	assert_non_null(sa_find(ike_sas(bed->ike), 8));
	assert_null(sa_find(ike_sas(bed->ike), 7));
}

/// Whatever becomes of an SA is known by the events alone.
static void events_tell_all_without_a_list(void **state)
{
	struct bed *bed = *state;
	unsigned lists;
	const struct sa *sa;

	bed_await_list(bed);
	lists = charon_asked(&bed->charon, "list-sas", NULL);
	charon_ike(&bed->charon, &bed_spoke, true);
	sa = bed_await_sa(bed, 7);
	assert_true(sa->established && !sa_is_up(sa));
	charon_up(&bed->charon, &bed_spoke);
	while (!sa_is_up(sa))
		uv_run(&bed->loop, UV_RUN_ONCE);
	bed_now = mono_add(bed_now, MONO_SECOND);
	bed_await_state(bed, 1, SA_UP, 1);
	charon_rekey_child(&bed->charon, 7, 107, 108);
	while (sa->children[0].id != 108)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(sa->child_count, 1);
	charon_rekey_ike(&bed->charon, 7, 9);
	sa = bed_await_sa(bed, 9);
	assert_null(sa_find(ike_sas(bed->ike), 7));
	assert_int_equal(sa->child_count, 1);
	assert_int_equal(sa->children[0].id, 108);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	charon_ike(&bed->charon, &bed->charon.sas[0], false);
	bed_await_state(bed, 1, SA_DOWN, 1);
	assert_null(sa_find(ike_sas(bed->ike), 9));
	assert_int_equal(charon_asked(&bed->charon, "list-sas", NULL), lists);
}

/// The peer's address changed, and with it whose SA it is (MOBIKE).
static void an_sa_is_found_by_the_address_it_has_now(void **state)
{
	struct bed *bed = *state;

	bed->wanders = true;
	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[0].remote = "198.51.100.99";
	bed->charon.sas[1] = bed_spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].remote = "198.51.100.99";
	bed->charon.sas[1].remote_id = "another";
	bed_await_list(bed);
	assert_null(sa_first_with(ike_sas(bed->ike), bed_ip(PEER)));
	bed->charon.sas[0].remote = PEER;
	bed_await_list(bed);
	assert_int_equal(sa_first_with(ike_sas(bed->ike), bed_ip(PEER))->id, 7);
	assert_int_equal(sa_first_with(ike_sas(bed->ike), bed_ip("198.51.100.99"))->id, 8);
	assert_null(sa_first_with(ike_sas(bed->ike), bed_ip("198.51.100.99"))->next_there);
	bed->charon.sas[1].id = 0;
	bed_await_list(bed);
	assert_null(sa_first_with(ike_sas(bed->ike), bed_ip("198.51.100.99")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(charon_restarts),
		TEST(the_socket_goes_and_comes_back_with_the_sas),
		TEST(what_is_not_vici_ends_the_connection_only),
		TEST(a_peer_with_too_long_an_identity_is_refused),
		TEST(another_connection_of_the_administrator_is_left_alone),
		TEST(a_rekeying_changes_nothing),
		TEST(events_tell_all_without_a_list),
		TEST(an_sa_is_found_by_the_address_it_has_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
