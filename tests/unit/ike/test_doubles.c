// SPDX-License-Identifier: GPL-2.0-or-later
// Two SAs with one peer, and several peers behind one address.
#include "bed.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

/// Both sides begin at once: of the two SAs the one of the lower identity stays.
static void begin_race(struct bed *bed, const char *local_id)
{
	struct charon_sa sa = bed_spoke;

	sa.local_id = local_id;
	sa.remote_id = "m";
	sa.id = sa.mark = 20;
	sa.connection = OURS;
	sa.initiator = true;
	bed->charon.sas[0] = sa;
	sa.id = sa.mark = 21;
	sa.connection = ANY;
	sa.initiator = false;
	bed->charon.sas[1] = sa;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	bed_await_list(bed);
}

static void the_one_that_loses_a_race_ends_its_sa(void **state)
{
	struct bed *bed = *state;

	begin_race(bed, "z");
	// The other one stays, but the peer may not have it yet.
	bed_advance(bed, 2);
	assert_int_equal(bed->mark, 20);
	bed_advance(bed, 1);
	bed_await_mark(bed, 21);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	bed_advance(bed, 4);
	bed_await(bed, "terminate", "20", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
}

static void the_one_that_wins_a_race_waits_for_the_other(void **state)
{
	struct bed *bed = *state;

	begin_race(bed, "a");
	bed_advance(bed, 5);
	assert_int_equal(bed->mark, 20);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	// Not for ever: other software may not know that there was a race.
	bed_advance(bed, 6);
	bed_await(bed, "terminate", "21", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
}

/// Packets go by the one that stays a while before the other one ends, however late we come to look.
static void the_one_that_packets_go_by_does_not_end(void **state)
{
	struct bed *bed = *state;

	begin_race(bed, "z");
	assert_int_equal(bed->mark, 20);
	bed_now = mono_add(bed_now, 7 * MONO_SECOND);
	bed_await(bed, "terminate", "20", 1);
	assert_int_equal(bed->mark, 21);
	assert_true(uv_now(&bed->loop) - bed->marked >= 400);
}

static void a_peer_that_restarted_leaves_an_old_sa(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = bed_spoke;

	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[0].age = 600;
	bed_await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	sa.id = 9;
	charon_up(&bed->charon, &sa);
	bed_await_list(bed);
	bed_advance(bed, 11);
	bed_await(bed, "terminate", "7", 1);
	charon_down(&bed->charon, 7);
	bed_await_list(bed);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	assert_int_equal(charon_asked(&bed->charon, "terminate", "9"), 0);
}

/// An SA with two children, where both sides called at once.
static void begin_twins(struct bed *bed, bool initiator, unsigned mark)
{
	bed->charon.sas[0] = bed_spoke;
	bed->charon.sas[0].initiator = initiator;
	bed->charon.sas[0].mark = mark;
	bed->charon.sas[0].has_second = true;
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	bed_await_list(bed);
}

static void of_two_children_that_stays_by_which_packets_go(void **state)
{
	struct bed *bed = *state;

	begin_twins(bed, true, 20);
	assert_int_equal(bed->mark, 20);
	bed_advance(bed, 9);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	bed_advance(bed, 2);
	bed_await(bed, "terminate", "207", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
}

static void of_two_children_without_marks_the_newest_stays(void **state)
{
	struct bed *bed = *state;

	begin_twins(bed, true, 0);
	bed_advance(bed, 11);
	bed_await(bed, "terminate", "107", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
}

static void a_second_child_is_for_the_initiator_to_end(void **state)
{
	struct bed *bed = *state;

	begin_twins(bed, false, 20);
	bed_advance(bed, 11);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
}

/// A call of this tunnel's is wanted, where ESP is charon's own.
static void want_in_user_space(struct bed *bed, const char *local)
{
	bed->charon.user_space = true;
	bed_set_tunnel(bed, 1, local);
	bed_await_list(bed);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_CALL);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&bed->loop, UV_RUN_NOWAIT);
}

static void of_two_the_one_with_the_lower_address_calls(void **state)
{
	struct bed *bed = *state;

	want_in_user_space(bed, "192.0.2.1");
	bed_await(bed, "initiate", OURS, 1);
}

static void the_one_with_the_greater_address_is_called(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = bed_spoke;

	want_in_user_space(bed, "203.0.113.1");
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
	sa.connection = "dmvpn-default-203.0.113.1";
	charon_up(&bed->charon, &sa);
	bed_await_sa(bed, sa.id);
	bed_advance(bed, 2);
	bed_await_state(bed, 1, SA_UP, 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
}

static void the_one_with_the_greater_address_calls_a_peer_that_does_not(void **state)
{
	struct bed *bed = *state;

	want_in_user_space(bed, "203.0.113.1");
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
	bed_advance(bed, 1);
	bed_await(bed, "initiate", NULL, 1);
}

/// Which of the peers behind its address an SA is with.
static unsigned behind(struct bed *bed, uint32_t id)
{
	return bed_await_sa(bed, id)->remote.behind;
}

static struct charon_sa marked(uint32_t id, const char *identity, unsigned mark)
{
	struct charon_sa sa = bed_spoke;

	sa.id = id;
	sa.remote_id = identity;
	sa.mark = mark;
	return sa;
}

static void marks_tell_peers_behind_one_address_apart(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa;

	bed->wanders = true;
	bed->charon.sas[0] = marked(8, "b", 2);
	bed->charon.sas[1] = marked(7, "a", 1);
	bed_await_list(bed);
	// In the order in which they came, whatever that of the list is.
	assert_int_equal(behind(bed, 7), 0);
	assert_int_equal(behind(bed, 8), 1);
	sa = marked(9, "c", 3);
	charon_up(&bed->charon, &sa);
	assert_int_equal(behind(bed, 9), 2);
	// The same peer has the same place, with another SA, and with other keys.
	sa = marked(10, "b", 4);
	charon_up(&bed->charon, &sa);
	assert_int_equal(behind(bed, 10), 1);
	charon_rekey_ike(&bed->charon, 8, 11);
	assert_int_equal(behind(bed, 11), 1);
	// One that begins has no place yet, and takes none from others.
	sa = marked(12, "", 0);
	sa.has_child = false;
	charon_ike(&bed->charon, &sa, true);
	assert_int_equal(behind(bed, 12), 0);
	// A place that is free is taken again.
	sa = marked(7, "a", 1);
	charon_ike(&bed->charon, &sa, false);
	sa = marked(13, "d", 5);
	charon_up(&bed->charon, &sa);
	assert_int_equal(behind(bed, 13), 0);
	assert_int_equal(behind(bed, 9), 2);
}

static unsigned warnings;
static char warning[512];

static void take_warning(const struct log_record *record)
{
	if (record->level != LOG_LEVEL_WARNING)
		return;
	warnings++;
	snprintf(warning, sizeof(warning), "%s", record->text);
}

/// The log names them, once. Neither SA ends, as none is the other's successor.
static void without_marks_they_are_one(void **state)
{
	struct bed *bed = *state;

	warnings = 0;
	log_set_writer(take_warning);
	bed->charon.sas[0] = marked(7, "a.example.net", 0);
	bed->charon.sas[1] = marked(8, "b.example.net", 0);
	bed_await_list(bed);
	assert_int_equal(behind(bed, 7), 0);
	assert_int_equal(behind(bed, 8), 0);
	ike_want(bed->ike, 1, bed_ip(PEER), IKE_KEEP);
	bed_advance(bed, 11);
	bed_advance(bed, 11);
	log_set_writer(log_write_text);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warning, "a.example.net"));
	assert_non_null(strstr(warning, "b.example.net"));
	assert_non_null(strstr(warning, "have the same address " PEER));
	assert_non_null(strstr(warning, "only the last one can be sent to"));
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_one_that_loses_a_race_ends_its_sa),
		TEST(the_one_that_wins_a_race_waits_for_the_other),
		TEST(the_one_that_packets_go_by_does_not_end),
		TEST(of_two_the_one_with_the_lower_address_calls),
		TEST(the_one_with_the_greater_address_is_called),
		TEST(the_one_with_the_greater_address_calls_a_peer_that_does_not),
		TEST(a_peer_that_restarted_leaves_an_old_sa),
		TEST(of_two_children_that_stays_by_which_packets_go),
		TEST(of_two_children_without_marks_the_newest_stays),
		TEST(a_second_child_is_for_the_initiator_to_end),
		TEST(marks_tell_peers_behind_one_address_apart),
		TEST(without_marks_they_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
