// SPDX-License-Identifier: GPL-2.0-or-later
/// The life of shortcuts and resolved bindings: which prefix they have, and when they go.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/nhs.h"
#include "core/requester.h"
#include "core/resolve.h"
#include "bed.h"

static const struct addr none;

static const struct shortcut *shortcut_of(const struct star *star, size_t from, size_t to)
{
	return shortcut_find(host_iface(star->spokes[from]), host_lan(star->spokes[to], 10));
}

static void assert_prefix(const struct shortcut *shortcut, const char *text)
{
	char buffer[PREFIX_TEXT_SIZE];

	assert_non_null(shortcut);
	assert_string_equal(prefix_format(shortcut->prefix, buffer), text);
}

static void the_prefix_equals_the_routes(void **state)
{
	struct star star = bed_ready(STAR_EXACT, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.0/24");
	assert_true(shortcut_of(&star, 0, 1)->exact);
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

static void the_prefix_is_narrower_than_the_routes(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.0/24");
	assert_false(shortcut_of(&star, 0, 1)->exact);
	bed_done(&star);
}

static void a_default_route_is_overridden_by_the_lan(void **state)
{
	struct star star = bed_ready(STAR_DEFAULT, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.0/24");
	bed_done(&star);
}

/// The requester has a more specific route inside what the egress vouches for.
static void our_own_route_narrows_the_answer(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);

	(void)state;
	bed_add_route(star.spokes[0], "10.100.1.128/25", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	bed_start(&star);
	bed_talk(&star, 0, 1, 20);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.0/25");
	bed_done(&star);
}

/// The egress has a part of its LAN's prefix elsewhere.
static void the_egress_narrows_the_answer(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);

	(void)state;
	bed_add_route(star.spokes[1], "10.100.1.64/26", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	bed_start(&star);
	bed_talk(&star, 0, 1, 20);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.0/26");
	bed_done(&star);
}

/// In phase 2 a summary route by the hub stays with the hub: it sends no redirects.
static void phase2_with_a_summary_stays_by_the_hub(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);
	const struct flow *flow;

	(void)state;
	star.hubs[0]->iface.redirect = false;
	bed_start(&star);
	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail_count, 3);
	assert_null(shortcut_of(&star, 0, 1));
	bed_done(&star);
}

static void a_withdrawn_route_withdraws_the_shortcut(void **state)
{
	struct star star = bed_ready(STAR_EXACT, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	assert_non_null(shortcut_of(&star, 0, 1));
	bed_remove_route(star.spokes[0], "10.100.1.0/24", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	assert_null(shortcut_of(&star, 0, 1));
	assert_int_equal(star.spokes[0]->overrides.count, 0);
	bed_done(&star);
}

static void a_more_specific_route_withdraws_the_shortcut(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	bed_add_route(star.spokes[0], "10.100.1.10/32", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	assert_null(shortcut_of(&star, 0, 1));
	bed_talk(&star, 0, 1, 120);
	assert_prefix(shortcut_of(&star, 0, 1), "10.100.1.10/32");
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

/// The LAN leaves the far spoke: it purges, and packets go by the hub at once.
static void a_route_that_goes_at_the_far_end_is_purged(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 3);
	struct flow *flow;

	(void)state;
	bed_talk(&star, 0, 1, 20);
	assert_non_null(shortcut_of(&star, 0, 1));
	bed_remove_route(star.spokes[1], "10.100.1.0/24", none, LAN_DEVICE, 0);
	bed_add_route(star.spokes[1], "10.100.0.0/16", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	network_run(star.network, MONO_SECOND);
	assert_null(shortcut_of(&star, 0, 1));
	// It turns up behind the third spoke.
	bed_remove_route(star.hubs[0], "10.100.1.0/24", host_address(star.spokes[1]), TUNNEL_DEVICE, 10);
	bed_add_route(star.hubs[0], "10.100.1.0/24", host_address(star.spokes[2]), TUNNEL_DEVICE, 10);
	bed_add_route(star.spokes[2], "10.100.1.0/24", none, LAN_DEVICE, 0);
	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail[flow->trail_count - 1], star.spokes[2]->index);
	assert_int_equal(flow->arrived, flow->sent);
	bed_done(&star);
}

/// A purge that is lost is sent again.
static void a_lost_purge_is_repeated(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	star.network->bounds.stale = 8 * MONO_SECOND;
	star.network->underlay.loss = 100;
	bed_add_route(star.spokes[1], "10.100.1.10/32", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	star.network->underlay.loss = 0;
	assert_non_null(shortcut_of(&star, 0, 1));
	network_run(star.network, 4 * MONO_SECOND);
	assert_null(shortcut_of(&star, 0, 1));
	bed_done(&star);
}

/// A purge that never arrives: the shortcut ends with its holding time.
static void without_any_purge_the_holding_time_ends_it(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);

	(void)state;
	star.network->bounds.stale = 70 * MONO_SECOND;
	star.spokes[1]->iface.holding_time = 60;
	bed_start(&star);
	bed_talk(&star, 0, 1, 20);
	network_block(star.network, star.spokes[0], star.spokes[1], true);
	bed_add_route(star.spokes[1], "10.100.1.10/32", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	network_run(star.network, 50 * MONO_SECOND);
	assert_non_null(shortcut_of(&star, 0, 1));
	network_run(star.network, 12 * MONO_SECOND);
	assert_null(shortcut_of(&star, 0, 1));
	bed_done(&star);
}

static bool no_shortcut(void *context)
{
	return shortcut_of(context, 0, 1) == NULL;
}

/// The direct path breaks under traffic: within seven seconds packets go by the hub again.
static void silent_peer(enum star_routes routes)
{
	struct star star = bed_ready(routes, 1, 2);
	struct host *spoke = star.spokes[0];
	struct flow *flow;
	uint64_t lost;

	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail_count, 2);
	flow = network_flow(star.network, spoke, host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);
	network_run(star.network, 2 * MONO_SECOND);
	network_block(star.network, spoke, star.spokes[1], true);
	network_run(star.network, 8 * MONO_SECOND);
	lost = bed_lost(&star);
	if (lost > 75)
		network_violation(
			star.network, INVARIANT_EXPECTED, "lost %llu packets", (unsigned long long)lost);
	assert_int_equal(spoke->events[EVENT_BINDING_DOWN], 1);
	assert_string_equal(spoke->last[EVENT_BINDING_DOWN].reason, "peer does not answer");
	// It does not come back while the way is blocked, and nothing more is lost.
	network_run(star.network, 60 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 3);
	network_block(star.network, spoke, star.spokes[1], false);
	network_run(star.network, 200 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 2);
	bed_done(&star);
}

static void a_silent_peer_is_left_in_phase_3(void **state)
{
	(void)state;
	silent_peer(STAR_SUMMARY);
}

static void a_silent_peer_is_left_in_phase_2(void **state)
{
	(void)state;
	silent_peer(STAR_PHASE2);
}

/// One-way traffic is no sign of death: the peer answers the probe.
static void a_peer_that_only_listens_stays(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);
	struct flow *flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);

	(void)state;
	flow->one_way = true;
	network_run(star.network, 60 * MONO_SECOND);
	assert_int_equal(star.spokes[0]->events[EVENT_BINDING_DOWN], 0);
	assert_int_equal(flow->trail_count, 2);
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

static void a_shortcut_without_traffic_ends(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);
	struct flow *flow;

	(void)state;
	star.spokes[1]->iface.holding_time = 120;
	bed_start(&star);
	bed_talk(&star, 0, 1, 20);
	assert_non_null(shortcut_of(&star, 0, 1));
	assert_true(network_run_until(star.network, no_shortcut, &star, 121 * MONO_SECOND));
	network_run(star.network, 125 * MONO_SECOND);
	assert_null(cache_find(host_iface(star.spokes[0]), host_address(star.spokes[1])));
	// And it comes back when it is wanted.
	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail_count, 2);
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

static void in_use(enum star_routes routes)
{
	struct star star = bed_make(1, routes, 1, 2);
	struct host *spoke = star.spokes[0];
	struct flow *flow;

	spoke->iface.holding_time = 120;
	star.spokes[1]->iface.holding_time = 120;
	bed_start(&star);
	flow = network_flow(star.network, spoke, host_lan(star.spokes[1], 10), 500 * MONO_MILLISECOND);
	network_run(star.network, 1000 * MONO_SECOND);
	assert_int_equal(flow->trail_count, 2);
	assert_int_equal(spoke->events[EVENT_BINDING_UP], 1);
	assert_int_equal(spoke->events[EVENT_BINDING_DOWN], 0);
	assert_int_equal(spoke->events[EVENT_SHORTCUT_DOWN], 0);
	assert_int_equal(bed_lost(&star), 0);
	bed_done(&star);
}

static void a_shortcut_in_use_is_refreshed(void **state)
{
	(void)state;
	in_use(STAR_SUMMARY);
}

static void a_binding_in_use_is_refreshed(void **state)
{
	(void)state;
	in_use(STAR_PHASE2);
}

/// The far spoke restarts: its own bindings are gone, the near one's still hold.
static void a_spoke_that_restarts_is_reached_again(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);
	struct flow *flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);
	uint64_t lost;

	(void)state;
	network_run(star.network, 5 * MONO_SECOND);
	host_stop(star.spokes[1], false);
	network_run(star.network, 15 * MONO_SECOND);
	host_start(star.spokes[1]);
	network_run(star.network, 2 * MONO_SECOND);
	lost = bed_lost(&star);
	network_run(star.network, 60 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 2);
	bed_done(&star);
}

/// A spoke that ends orderly leaves nothing behind anywhere.
static void a_spoke_that_leaves_is_forgotten(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);

	(void)state;
	bed_talk(&star, 0, 1, 20);
	host_stop(star.spokes[1], true);
	network_run(star.network, MONO_SECOND);
	assert_null(shortcut_of(&star, 0, 1));
	assert_null(cache_find(host_iface(star.hubs[0]), host_address(star.spokes[1])));
	assert_int_equal(star.hubs[0]->events[EVENT_PEER_DOWN], 1);
	bed_done(&star);
}

/// Behind 1:1 NAT, both ends.
static void nat(enum star_routes routes)
{
	struct star star = bed_make(1, routes, 1, 2);
	const struct iface *iface;
	struct flow *flow;

	host_set_nat(star.spokes[0], bed_addr("198.51.100.1"), false);
	host_set_nat(star.spokes[1], bed_addr("198.51.100.2"), false);
	bed_start(&star);
	flow = bed_talk(&star, 0, 1, 30);
	assert_int_equal(flow->trail_count, 2);
	assert_int_equal(bed_lost(&star), 0);
	iface = host_iface(star.spokes[0]);
	assert_true(addr_equal(iface->nhs[0].public_nbma, star.spokes[0]->public_nbma));
	assert_true(cache_find(iface, host_address(star.spokes[1]))->nat);
	bed_done(&star);
}

static void nat_in_phase_2(void **state)
{
	(void)state;
	nat(STAR_PHASE2);
}

static void nat_in_phase_3(void **state)
{
	(void)state;
	nat(STAR_SUMMARY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prefix_equals_the_routes),
		cmocka_unit_test(the_prefix_is_narrower_than_the_routes),
		cmocka_unit_test(a_default_route_is_overridden_by_the_lan),
		cmocka_unit_test(our_own_route_narrows_the_answer),
		cmocka_unit_test(the_egress_narrows_the_answer),
		cmocka_unit_test(phase2_with_a_summary_stays_by_the_hub),
		cmocka_unit_test(a_withdrawn_route_withdraws_the_shortcut),
		cmocka_unit_test(a_more_specific_route_withdraws_the_shortcut),
		cmocka_unit_test(a_route_that_goes_at_the_far_end_is_purged),
		cmocka_unit_test(a_lost_purge_is_repeated),
		cmocka_unit_test(without_any_purge_the_holding_time_ends_it),
		cmocka_unit_test(a_silent_peer_is_left_in_phase_3),
		cmocka_unit_test(a_silent_peer_is_left_in_phase_2),
		cmocka_unit_test(a_peer_that_only_listens_stays),
		cmocka_unit_test(a_shortcut_without_traffic_ends),
		cmocka_unit_test(a_shortcut_in_use_is_refreshed),
		cmocka_unit_test(a_binding_in_use_is_refreshed),
		cmocka_unit_test(a_spoke_that_restarts_is_reached_again),
		cmocka_unit_test(a_spoke_that_leaves_is_forgotten),
		cmocka_unit_test(nat_in_phase_2),
		cmocka_unit_test(nat_in_phase_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
