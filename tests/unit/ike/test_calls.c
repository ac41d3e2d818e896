// SPDX-License-Identifier: GPL-2.0-or-later
// What is wanted of charon, and what becomes of it.
#include "bed.h"

#include <string.h>

static void existing_sas_are_taken_over(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await_state(bed, 1, SA_UP, 1);
	assert_string_equal(bed->identity, "spoke");
	assert_int_equal(charon_asked(&bed->charon, "load-conn", ANY), 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
	assert_string_equal(ike_peer_state(bed->ike, 1, bed_ip(PEER)), "up");
}

static void an_sa_that_is_wanted_is_called_for_and_ended(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = bed_spoke;

	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await(bed, "initiate", OURS, 1);
	assert_int_equal(charon_asked(&bed->charon, "load-conn", OURS), 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, bed_ip(PEER)), "calling");
	sa.connection = OURS;
	sa.initiator = true;
	charon_up(&bed->charon, &sa);
	bed_await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_UNWANTED);
	bed_now = mono_add(bed_now, 3 * MONO_SECOND);
	bed_await(bed, "terminate", "7", 1);
	charon_down(&bed->charon, 7);
	bed_await_state(bed, 1, SA_DOWN, 1);
	bed_await(bed, "unload-conn", OURS, 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 1);
}

/// So many of our calls of PEER failed in a row, the last one as the words say; NULL: none did.
static void expect_failures(const struct bed *bed, unsigned failures, const char *words)
{
	struct ike_attempts attempts = ike_attempts(bed->ike, 1, bed_ip(PEER));

	assert_true(attempts.ours);
	assert_int_equal(attempts.failures, failures);
	assert_int_equal(attempts.failure != NULL, words != NULL);
	if (words && !strstr(attempts.failure, words))
		fail_msg("\"%s\" does not say \"%s\"", attempts.failure, words);
}

static void a_call_that_fails_is_told_and_repeated(void **state)
{
	struct bed *bed = *state;

	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await(bed, "initiate", OURS, 1);
	expect_failures(bed, 0, NULL);
	bed_now = mono_add(bed_now, 9 * MONO_SECOND);
	bed_await_state(bed, 1, SA_FAILED, 1);
	expect_failures(bed, 1, "did not answer in time");
	bed_await(bed, "terminate", OURS, 1);
	bed_now = mono_add(bed_now, 2 * MONO_SECOND);
	bed_await(bed, "initiate", OURS, 2);
	expect_failures(bed, 1, "did not answer in time");
	// Nobody wants it any more: nothing is asked for.
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_UNWANTED);
	bed_await(bed, "unload-conn", OURS, 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, bed_ip(PEER)), "down");
}

static void a_peer_that_is_only_kept_is_not_called(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	bed_await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	charon_down(&bed->charon, 7);
	bed_await_state(bed, 1, SA_DOWN, 1);
	bed_advance(bed, 40);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
}

static void a_peer_of_whom_nothing_is_heard_loses_its_sa(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	bed_await_state(bed, 1, SA_UP, 1);
	bed_advance(bed, 60);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	bed_now = mono_add(bed_now, 70 * MONO_SECOND);
	bed_await(bed, "terminate", "7", 1);
}

static void an_sa_that_the_peer_began_is_told_when_it_is_at_its_end(void **state)
{
	struct bed *bed = *state;

	bed_await_list(bed);
	charon_up(&bed->charon, &bed_spoke);
	while (!sa_find(ike_sas(bed->ike), 7))
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(bed->told[1][SA_UP], 0);
	ike_heard(bed->ike, 1, bed_ip(PEER));
	assert_int_equal(bed->told[1][SA_UP], 1);
	charon_down(&bed->charon, 7);
	bed_await_state(bed, 1, SA_DOWN, 1);
	// Where nothing is heard, time tells.
	charon_up(&bed->charon, &bed_spoke);
	bed_await_sa(bed, 7);
	bed_now = mono_add(bed_now, MONO_SECOND);
	bed_await_state(bed, 1, SA_UP, 2);
}

/// Charon does not tell that it gave up a call, so that it is asked: for this call only.
static void a_call_that_charon_gave_up_is_noticed(void **state)
{
	struct bed *bed = *state;
	unsigned lists;

	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[0].remote = "198.51.100.99";
	bed->charon.sas[1] = bed_spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].connection = OURS;
	bed->charon.sas[1].initiator = true;
	bed->charon.sas[1].has_child = false;
	bed->wanders = true;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await(bed, "initiate", OURS, 1);
	bed_await_list(bed);
	lists = charon_asked(&bed->charon, "list-sas", "");
	bed_advance(bed, 2);
	bed_await(bed, "list-sas", OURS, 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, bed_ip(PEER)), "calling");
	bed->charon.sas[1].id = 0;
	bed_now = mono_add(bed_now, 2 * MONO_SECOND);
	bed_await_state(bed, 1, SA_FAILED, 1);
	assert_int_equal(charon_asked(&bed->charon, "list-sas", OURS), 2);
	assert_int_equal(charon_asked(&bed->charon, "list-sas", ""), lists);
	assert_non_null(sa_find(ike_sas(bed->ike), 7));
	assert_null(sa_find(ike_sas(bed->ike), 8));
	expect_failures(bed, 1, "strongSwan gave up");
}

/// As where the transform sets differ: the IKE SA stays without a child. An SA that comes up ends the row.
static void a_call_that_ends_without_a_child_says_so(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = bed_spoke;

	sa.connection = OURS;
	sa.initiator = true;
	sa.has_child = false;
	bed_await_list(bed);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await(bed, "initiate", OURS, 1);
	bed->charon.sas[0] = sa;
	charon_ike(&bed->charon, &sa, true);
	bed_await_sa(bed, 7);
	bed_now = mono_add(bed_now, 9 * MONO_SECOND);
	bed_await_state(bed, 1, SA_FAILED, 1);
	expect_failures(bed, 1, "no SA for packets");
	sa.has_child = true;
	charon_up(&bed->charon, &sa);
	bed_await_state(bed, 1, SA_UP, 1);
	expect_failures(bed, 0, NULL);
}

static void tunnels_share_what_they_have_in_common(void **state)
{
	struct bed *bed = *state;

	bed_set_tunnel(bed, 2, "192.0.2.1");
	bed->charon.sas[0] = bed_spoke;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	ike_want(bed->ike, 2, bed_ip(PEER), IKE_KEEP);
	bed_await_state(bed, 1, SA_UP, 1);
	bed_await_state(bed, 2, SA_UP, 1);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_UNWANTED);
	bed_advance(bed, 31);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	ike_want(bed->ike, 2, bed_ip(PEER), IKE_UNWANTED);
	bed_now = mono_add(bed_now, 3 * MONO_SECOND);
	bed_await(bed, "terminate", "7", 1);
}

/// As when an answer that waited for the SA leads away from another peer.
static void news_of_one_peer_can_end_what_is_wanted_of_another(void **state)
{
	struct bed *bed = *state;

	bed_await_list(bed);
	bed->forsaken = "198.51.100.3";
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	ike_want(bed->ike, 1, bed_ip(bed->forsaken), IKE_CALL);
	bed_await(bed, "initiate", NULL, 1);
	charon_up(&bed->charon, &bed_spoke);
	bed_await_sa(bed, 7);
	bed_now = mono_add(bed_now, MONO_SECOND);
	bed_await_state(bed, 1, SA_UP, 1);
	bed_await(bed, "unload-conn", ANY "-198.51.100.3", 1);
}

static void a_moved_source_takes_its_wants_along(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await_state(bed, 1, SA_UP, 1);
	bed_set_tunnel(bed, 1, "192.0.2.77");
	bed_await_state(bed, 1, SA_DOWN, 1);
	bed_await(bed, "initiate", "dmvpn-default-192.0.2.77-198.51.100.2", 1);
	assert_int_equal(charon_asked(&bed->charon, "unload-conn", ANY), 1);
}

static void a_silent_peer_gets_another_sa(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[0].age = 100;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	bed_await_state(bed, 1, SA_UP, 1);
	ike_renew(bed->ike, 1, bed_ip(PEER));
	bed_await_state(bed, 1, SA_DOWN, 1);
	bed_await(bed, "terminate", "7", 1);
	bed_await(bed, "initiate", OURS, 1);
}

static void sessions_can_be_cleared(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[1] = bed_spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].connection = "somebody-elses";
	bed_await_state(bed, 1, SA_UP, 1);
	assert_int_equal(ike_clear(bed->ike, bed_ip("198.51.100.99")), 0);
	assert_int_equal(ike_clear(bed->ike, bed_ip(PEER)), 1);
	bed_await(bed, "terminate", "7", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", "8"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(existing_sas_are_taken_over),
		TEST(an_sa_that_is_wanted_is_called_for_and_ended),
		TEST(a_call_that_fails_is_told_and_repeated),
		TEST(a_peer_that_is_only_kept_is_not_called),
		TEST(a_peer_of_whom_nothing_is_heard_loses_its_sa),
		TEST(an_sa_that_the_peer_began_is_told_when_it_is_at_its_end),
		TEST(a_call_that_charon_gave_up_is_noticed),
		TEST(a_call_that_ends_without_a_child_says_so),
		TEST(tunnels_share_what_they_have_in_common),
		TEST(news_of_one_peer_can_end_what_is_wanted_of_another),
		TEST(a_moved_source_takes_its_wants_along),
		TEST(a_silent_peer_gets_another_sa),
		TEST(sessions_can_be_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
