// SPDX-License-Identifier: GPL-2.0-or-later
// What is wanted of charon, and what becomes of it.
#include "ike/ike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "charon.h"
#include "conf/crypto.h"

#define ANY  "dmvpn-default-192.0.2.1"
#define PEER "198.51.100.2"
#define OURS "dmvpn-default-192.0.2.1-198.51.100.2"

struct bed {
	uv_loop_t loop;
	struct charon charon;
	struct crypto_config crypto;
	struct ike *ike;
	enum sa_state states[3]; ///< by interface, of PEER
	unsigned told[3][3];     ///< by interface and state
	char identity[64];
	bool wanders;         ///< PEER has another address, too
	const char *forsaken; ///< a peer that is wanted no more once PEER is up; NULL: none
};

static struct mono clock_now;

static struct mono now(void)
{
	return clock_now;
}

static struct addr ip(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, &addr));
	return addr;
}

static void on_sa(void *owner, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity)
{
	struct bed *bed = owner;

	assert_in_range(iface, 1, 2);
	if (bed->wanders && !addr_equal(nbma, ip(PEER)))
		return;
	assert_true(addr_equal(nbma, ip(PEER)));
	assert_int_equal(identity != NULL, state == SA_UP);
	bed->states[iface] = state;
	bed->told[iface][state]++;
	snprintf(bed->identity, sizeof(bed->identity), "%s", identity ? identity : "");
	if (bed->forsaken && state == SA_UP)
		ike_want(bed->ike, iface, ip(bed->forsaken), IKE_UNWANTED);
}

static void set_tunnel(struct bed *bed, uint32_t iface, const char *local)
{
	ike_set_tunnel(
		bed->ike, &(struct ike_tunnel) { .iface = iface, .profile = "default", .local = ip(local) });
}

static int set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const struct ike_handler handler = { .on_sa = on_sa, .now = now, .owner = bed };

	assert_non_null(bed);
	clock_now = (struct mono) { 1000 * MONO_SECOND };
	uv_loop_init(&bed->loop);
	charon_init(&bed->charon, &bed->loop);
	charon_start(&bed->charon);
	bed->ike = ike_new(&bed->loop, bed->charon.path, &bed->crypto, &handler);
	set_tunnel(bed, 1, "192.0.2.1");
	*state = bed;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	ike_close(bed->ike, false);
	uv_run(&bed->loop, UV_RUN_NOWAIT);
	charon_stop(&bed->charon, true);
	uv_run(&bed->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bed->loop), 0);
	free(bed);
	return 0;
}

/// Runs the loop until there were that many requests of a kind.
static void await(struct bed *bed, const char *name, const char *what, unsigned count)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (charon_asked(&bed->charon, name, what) < count && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(charon_asked(&bed->charon, name, what), count);
}

static void await_state(struct bed *bed, uint32_t iface, enum sa_state state, unsigned times)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (bed->told[iface][state] < times && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(bed->told[iface][state], times);
	assert_int_equal(bed->states[iface], state);
}

/// Has charon asked for a list, and waits until what came of it is done.
static void await_list(struct bed *bed)
{
	unsigned count;

	while (!bed->charon.client || charon_asked(&bed->charon, "list-sas", NULL) == 0)
		uv_run(&bed->loop, UV_RUN_ONCE);
	count = charon_asked(&bed->charon, "list-sas", NULL);
	charon_event(&bed->charon, "ike-rekey");
	await(bed, "list-sas", NULL, count + 1);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&bed->loop, UV_RUN_NOWAIT);
}

/// Lets time go by, and the timer fire, where the machine is not too busy: what must follow is awaited.
static void advance(struct bed *bed, unsigned seconds)
{
	uint64_t end = uv_hrtime() + 600000000u;

	clock_now = mono_add(clock_now, seconds * MONO_SECOND);
	while (uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
}

static const struct charon_sa spoke = {
	.id = 7,
	.connection = ANY,
	.remote = PEER,
	.local_id = "hub",
	.remote_id = "spoke",
	.has_child = true,
};

static void existing_sas_are_taken_over(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await_state(bed, 1, SA_UP, 1);
	assert_string_equal(bed->identity, "spoke");
	assert_int_equal(charon_asked(&bed->charon, "load-conn", ANY), 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
	assert_string_equal(ike_peer_state(bed->ike, 1, ip(PEER)), "up");
}

static void an_sa_that_is_wanted_is_called_for_and_ended(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = spoke;

	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await(bed, "initiate", OURS, 1);
	assert_int_equal(charon_asked(&bed->charon, "load-conn", OURS), 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, ip(PEER)), "calling");
	sa.connection = OURS;
	sa.initiator = true;
	charon_up(&bed->charon, &sa);
	await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, ip(PEER), IKE_UNWANTED);
	clock_now = mono_add(clock_now, 3 * MONO_SECOND);
	await(bed, "terminate", "7", 1);
	charon_down(&bed->charon, 7);
	await_state(bed, 1, SA_DOWN, 1);
	await(bed, "unload-conn", OURS, 1);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 1);
}

static void a_call_that_fails_is_told_and_repeated(void **state)
{
	struct bed *bed = *state;

	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await(bed, "initiate", OURS, 1);
	clock_now = mono_add(clock_now, 9 * MONO_SECOND);
	await_state(bed, 1, SA_FAILED, 1);
	await(bed, "terminate", OURS, 1);
	clock_now = mono_add(clock_now, 2 * MONO_SECOND);
	await(bed, "initiate", OURS, 2);
	// Nobody wants it any more: nothing is asked for.
	ike_want(bed->ike, 1, ip(PEER), IKE_UNWANTED);
	await(bed, "unload-conn", OURS, 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, ip(PEER)), "down");
}

static void a_peer_that_is_only_kept_is_not_called(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, ip(PEER), IKE_KEEP);
	charon_down(&bed->charon, 7);
	await_state(bed, 1, SA_DOWN, 1);
	advance(bed, 40);
	assert_int_equal(charon_asked(&bed->charon, "initiate", NULL), 0);
}

static void a_peer_of_whom_nothing_is_heard_loses_its_sa(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	await_state(bed, 1, SA_UP, 1);
	advance(bed, 60);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	clock_now = mono_add(clock_now, 70 * MONO_SECOND);
	await(bed, "terminate", "7", 1);
}

static void an_sa_that_the_peer_began_is_told_when_it_is_at_its_end(void **state)
{
	struct bed *bed = *state;

	await_list(bed);
	charon_up(&bed->charon, &spoke);
	while (!sa_find(ike_sas(bed->ike), 7))
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(bed->told[1][SA_UP], 0);
	ike_heard(bed->ike, 1, ip(PEER));
	assert_int_equal(bed->told[1][SA_UP], 1);
	charon_down(&bed->charon, 7);
	await_state(bed, 1, SA_DOWN, 1);
	// Where nothing is heard, time tells.
	charon_up(&bed->charon, &spoke);
	await_state(bed, 1, SA_UP, 2);
}

static void charon_restarts(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, ip(PEER), IKE_KEEP);
	charon_forget(&bed->charon);
	charon_stop(&bed->charon, true);
	while (ike_is_connected(bed->ike))
		uv_run(&bed->loop, UV_RUN_ONCE);
	// The kernel's SAs may live on: nothing is told yet.
	assert_int_equal(bed->states[1], SA_UP);
	charon_start(&bed->charon);
	// The peer does not know that the SA is gone, so that we call.
	await(bed, "initiate", OURS, 1);
	await_state(bed, 1, SA_DOWN, 1);
	assert_int_equal(charon_asked(&bed->charon, "load-conn", ANY), 1);
}

static void the_socket_goes_and_comes_back_with_the_sas(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await_state(bed, 1, SA_UP, 1);
	charon_stop(&bed->charon, false);
	while (ike_is_connected(bed->ike))
		uv_run(&bed->loop, UV_RUN_ONCE);
	charon_start(&bed->charon);
	await_list(bed);
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
		await_list(bed);
		charon_send_bytes(&bed->charon, cases[i].bytes, cases[i].length);
		charon_forget(&bed->charon);
		while (ike_is_connected(bed->ike))
			uv_run(&bed->loop, UV_RUN_ONCE);
	}
	await_list(bed);
}

static void a_rekeying_changes_nothing(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await_state(bed, 1, SA_UP, 1);
	bed->charon.sas[0].id = 8;
	charon_event(&bed->charon, "ike-rekey");
	await_list(bed);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	assert_non_null(sa_find(ike_sas(bed->ike), 8));
	assert_null(sa_find(ike_sas(bed->ike), 7));
}

/// Runs the loop until charon's number of the IKE SA is known.
static const struct sa *await_sa(struct bed *bed, uint32_t id)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (!sa_find(ike_sas(bed->ike), id) && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_non_null(sa_find(ike_sas(bed->ike), id));
	return sa_find(ike_sas(bed->ike), id);
}

/// Whatever becomes of an SA is known by the events alone.
static void events_tell_all_without_a_list(void **state)
{
	struct bed *bed = *state;
	unsigned lists;
	const struct sa *sa;

	await_list(bed);
	lists = charon_asked(&bed->charon, "list-sas", NULL);
	charon_ike(&bed->charon, &spoke, true);
	sa = await_sa(bed, 7);
	assert_true(sa->established && !sa_is_up(sa));
	charon_up(&bed->charon, &spoke);
	await_state(bed, 1, SA_UP, 1);
	charon_rekey_child(&bed->charon, 7, 107, 108);
	while (sa->children[0].id != 108)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(sa->child_count, 1);
	charon_rekey_ike(&bed->charon, 7, 9);
	sa = await_sa(bed, 9);
	assert_null(sa_find(ike_sas(bed->ike), 7));
	assert_int_equal(sa->child_count, 1);
	assert_int_equal(sa->children[0].id, 108);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	charon_ike(&bed->charon, &bed->charon.sas[0], false);
	await_state(bed, 1, SA_DOWN, 1);
	assert_null(sa_find(ike_sas(bed->ike), 9));
	assert_int_equal(charon_asked(&bed->charon, "list-sas", NULL), lists);
}

/// Charon does not tell that it gave up a call, so that it is asked: for this call only.
static void a_call_that_charon_gave_up_is_noticed(void **state)
{
	struct bed *bed = *state;
	unsigned lists;

	bed->charon.sas[0] = spoke;
	bed->charon.sas[0].remote = "198.51.100.99";
	bed->charon.sas[1] = spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].connection = OURS;
	bed->charon.sas[1].initiator = true;
	bed->charon.sas[1].has_child = false;
	bed->wanders = true;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await(bed, "initiate", OURS, 1);
	await_list(bed);
	lists = charon_asked(&bed->charon, "list-sas", "");
	advance(bed, 2);
	await(bed, "list-sas", OURS, 1);
	assert_string_equal(ike_peer_state(bed->ike, 1, ip(PEER)), "calling");
	bed->charon.sas[1].id = 0;
	clock_now = mono_add(clock_now, 2 * MONO_SECOND);
	await_state(bed, 1, SA_FAILED, 1);
	assert_int_equal(charon_asked(&bed->charon, "list-sas", OURS), 2);
	assert_int_equal(charon_asked(&bed->charon, "list-sas", ""), lists);
	assert_non_null(sa_find(ike_sas(bed->ike), 7));
	assert_null(sa_find(ike_sas(bed->ike), 8));
}

/// Both sides begin at once: of the two SAs the one of the lower identity stays.
static void begin_race(struct bed *bed, const char *local_id)
{
	struct charon_sa sa = spoke;

	sa.local_id = local_id;
	sa.remote_id = "m";
	sa.id = 20;
	sa.connection = OURS;
	sa.initiator = true;
	bed->charon.sas[0] = sa;
	sa.id = 21;
	sa.connection = ANY;
	sa.initiator = false;
	bed->charon.sas[1] = sa;
	ike_want(bed->ike, 1, ip(PEER), IKE_KEEP);
	await_list(bed);
}

static void the_one_that_loses_a_race_ends_its_sa(void **state)
{
	struct bed *bed = *state;

	begin_race(bed, "z");
	advance(bed, 5);
	await(bed, "terminate", "20", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
}

static void the_one_that_wins_a_race_waits_for_the_other(void **state)
{
	struct bed *bed = *state;

	begin_race(bed, "a");
	advance(bed, 5);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	// Not for ever: other software may not know that there was a race.
	advance(bed, 6);
	await(bed, "terminate", "21", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 1);
}

static void a_peer_that_restarted_leaves_an_old_sa(void **state)
{
	struct bed *bed = *state;
	struct charon_sa sa = spoke;

	bed->charon.sas[0] = spoke;
	bed->charon.sas[0].age = 600;
	await_state(bed, 1, SA_UP, 1);
	ike_want(bed->ike, 1, ip(PEER), IKE_KEEP);
	sa.id = 9;
	charon_up(&bed->charon, &sa);
	await_list(bed);
	advance(bed, 11);
	await(bed, "terminate", "7", 1);
	charon_down(&bed->charon, 7);
	await_list(bed);
	assert_int_equal(bed->told[1][SA_DOWN], 0);
	assert_int_equal(charon_asked(&bed->charon, "terminate", "9"), 0);
}

static void tunnels_share_what_they_have_in_common(void **state)
{
	struct bed *bed = *state;

	set_tunnel(bed, 2, "192.0.2.1");
	bed->charon.sas[0] = spoke;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	ike_want(bed->ike, 2, ip(PEER), IKE_KEEP);
	await_state(bed, 1, SA_UP, 1);
	await_state(bed, 2, SA_UP, 1);
	ike_want(bed->ike, 1, ip(PEER), IKE_UNWANTED);
	advance(bed, 31);
	assert_int_equal(charon_asked(&bed->charon, "terminate", NULL), 0);
	ike_want(bed->ike, 2, ip(PEER), IKE_UNWANTED);
	clock_now = mono_add(clock_now, 3 * MONO_SECOND);
	await(bed, "terminate", "7", 1);
}

/// As when an answer that waited for the SA leads away from another peer.
static void news_of_one_peer_can_end_what_is_wanted_of_another(void **state)
{
	struct bed *bed = *state;

	await_list(bed);
	bed->forsaken = "198.51.100.3";
	ike_want(bed->ike, 1, ip(PEER), IKE_KEEP);
	ike_want(bed->ike, 1, ip(bed->forsaken), IKE_CALL);
	await(bed, "initiate", NULL, 1);
	charon_up(&bed->charon, &spoke);
	await_state(bed, 1, SA_UP, 1);
	await(bed, "unload-conn", ANY "-198.51.100.3", 1);
}

static void a_moved_source_takes_its_wants_along(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await_state(bed, 1, SA_UP, 1);
	set_tunnel(bed, 1, "192.0.2.77");
	await_state(bed, 1, SA_DOWN, 1);
	await(bed, "initiate", "dmvpn-default-192.0.2.77-198.51.100.2", 1);
	assert_int_equal(charon_asked(&bed->charon, "unload-conn", ANY), 1);
}

static void a_silent_peer_gets_another_sa(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	bed->charon.sas[0].age = 100;
	ike_want(bed->ike, 1, ip(PEER), IKE_CALL);
	await_state(bed, 1, SA_UP, 1);
	ike_renew(bed->ike, 1, ip(PEER));
	await_state(bed, 1, SA_DOWN, 1);
	await(bed, "terminate", "7", 1);
	await(bed, "initiate", OURS, 1);
}

/// The peer's address changed, and with it whose SA it is (MOBIKE).
static void an_sa_is_found_by_the_address_it_has_now(void **state)
{
	struct bed *bed = *state;

	bed->wanders = true;
	bed->charon.sas[0] = spoke;
	bed->charon.sas[0].remote = "198.51.100.99";
	bed->charon.sas[1] = spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].remote = "198.51.100.99";
	bed->charon.sas[1].remote_id = "another";
	await_list(bed);
	assert_null(sa_first_with(ike_sas(bed->ike), ip(PEER)));
	bed->charon.sas[0].remote = PEER;
	await_list(bed);
	assert_int_equal(sa_first_with(ike_sas(bed->ike), ip(PEER))->id, 7);
	assert_int_equal(sa_first_with(ike_sas(bed->ike), ip("198.51.100.99"))->id, 8);
	assert_null(sa_first_with(ike_sas(bed->ike), ip("198.51.100.99"))->next_there);
	bed->charon.sas[1].id = 0;
	await_list(bed);
	assert_null(sa_first_with(ike_sas(bed->ike), ip("198.51.100.99")));
}

/// Which of the peers behind its address an SA is with.
static unsigned behind(struct bed *bed, uint32_t id)
{
	return await_sa(bed, id)->remote.behind;
}

static struct charon_sa marked(uint32_t id, const char *identity, unsigned mark)
{
	struct charon_sa sa = spoke;

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
	await_list(bed);
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

static void without_marks_they_are_one(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = marked(7, "a", 0);
	bed->charon.sas[1] = marked(8, "b", 0);
	await_list(bed);
	assert_int_equal(behind(bed, 7), 0);
	assert_int_equal(behind(bed, 8), 0);
}

static void sessions_can_be_cleared(void **state)
{
	struct bed *bed = *state;

	bed->charon.sas[0] = spoke;
	bed->charon.sas[1] = spoke;
	bed->charon.sas[1].id = 8;
	bed->charon.sas[1].connection = "somebody-elses";
	await_state(bed, 1, SA_UP, 1);
	assert_int_equal(ike_clear(bed->ike, ip("198.51.100.99")), 0);
	assert_int_equal(ike_clear(bed->ike, ip(PEER)), 1);
	await(bed, "terminate", "7", 1);
	assert_int_equal(charon_asked(&bed->charon, "terminate", "8"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(existing_sas_are_taken_over),
		TEST(an_sa_that_is_wanted_is_called_for_and_ended),
		TEST(a_call_that_fails_is_told_and_repeated),
		TEST(a_peer_that_is_only_kept_is_not_called),
		TEST(a_peer_of_whom_nothing_is_heard_loses_its_sa),
		TEST(an_sa_that_the_peer_began_is_told_when_it_is_at_its_end),
		TEST(charon_restarts),
		TEST(the_socket_goes_and_comes_back_with_the_sas),
		TEST(what_is_not_vici_ends_the_connection_only),
		TEST(a_rekeying_changes_nothing),
		TEST(events_tell_all_without_a_list),
		TEST(a_call_that_charon_gave_up_is_noticed),
		TEST(the_one_that_loses_a_race_ends_its_sa),
		TEST(the_one_that_wins_a_race_waits_for_the_other),
		TEST(a_peer_that_restarted_leaves_an_old_sa),
		TEST(tunnels_share_what_they_have_in_common),
		TEST(news_of_one_peer_can_end_what_is_wanted_of_another),
		TEST(a_moved_source_takes_its_wants_along),
		TEST(a_silent_peer_gets_another_sa),
		TEST(an_sa_is_found_by_the_address_it_has_now),
		TEST(marks_tell_peers_behind_one_address_apart),
		TEST(without_marks_they_are_one),
		TEST(sessions_can_be_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
