// SPDX-License-Identifier: GPL-2.0-or-later
/// What happens around hubs: restarts, moves, failover, bad underlays, hierarchies, loops and many spokes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/nhs.h"
#include "bed.h"

static void registrations_hold_for_hours(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 3);

	(void)state;
	network_run(star.network, 3 * 3600 * MONO_SECOND);
	bed_assert_registered(&star);
	assert_int_equal(star.hubs[0]->events[EVENT_PEER_UP], 3);
	assert_int_equal(star.hubs[0]->events[EVENT_PEER_DOWN], 0);
	assert_int_equal(star.spokes[0]->events[EVENT_NHS_DOWN], 0);
	bed_done(&star);
}

/// Where nothing changes, only registrations are sent.
static void a_quiet_cloud_is_quiet(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 2, 10);
	uint64_t before;

	(void)state;
	network_run(star.network, 100 * MONO_SECOND);
	before = star.network->nhrp_sent;
	network_run(star.network, 2000 * MONO_SECOND);
	// Ten spokes, two hubs, request and reply, every 180 to 200 seconds.
	assert_in_range(star.network->nhrp_sent - before, 10 * 2 * 2 * 9, 10 * 2 * 2 * 12);
	bed_done(&star);
}

/// Shortcuts in use cost a few packets for each life of theirs.
static void a_busy_cloud_is_quiet_too(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 4);
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		network_flow(star.network, star.spokes[i], host_lan(star.spokes[(i + 1) % 4], 10),
			500 * MONO_MILLISECOND);
	network_run(star.network, 100 * MONO_SECOND);
	before = star.network->nhrp_sent;
	network_run(star.network, 1200 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), 0);
	// Eight shortcuts refreshed four times at most, three packets each; four registrations, seven times.
	assert_in_range(star.network->nhrp_sent - before, 0, 8 * 4 * 3 + 4 * 7 * 2);
	bed_done(&star);
}

static void multicast_goes_to_registered_spokes(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 3);

	(void)state;
	assert_int_equal(HASH_COUNT(star.hubs[0]->receivers), 3);
	assert_int_equal(HASH_COUNT(star.spokes[0]->receivers), 1);
	host_stop(star.spokes[2], true);
	network_run(star.network, MONO_SECOND);
	assert_int_equal(HASH_COUNT(star.hubs[0]->receivers), 2);
	bed_done(&star);
}

/// A hub that lost everything: traffic makes the spokes register again in seconds.
static void a_hub_that_restarts_is_found_by_traffic(void **state)
{
	struct star star = bed_ready(STAR_PHASE1, 1, 2);
	struct flow *flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);
	struct flow *back = network_flow(
		star.network, star.spokes[1], host_lan(star.spokes[0], 10), 100 * MONO_MILLISECOND);
	uint64_t lost;

	(void)state;
	network_run(star.network, 5 * MONO_SECOND);
	host_stop(star.hubs[0], false);
	network_run(star.network, 2 * MONO_SECOND);
	host_start(star.hubs[0]);
	network_run(star.network, 8 * MONO_SECOND);
	lost = bed_lost(&star);
	network_run(star.network, 60 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 3);
	assert_int_equal(back->trail_count, 3);
	bed_done(&star);
}

/// Shortcuts carry on while the hub is away.
static void shortcuts_survive_a_hub_restart(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 2);
	struct flow *flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);

	(void)state;
	network_run(star.network, 5 * MONO_SECOND);
	host_stop(star.hubs[0], false);
	network_run(star.network, 30 * MONO_SECOND);
	host_start(star.hubs[0]);
	network_run(star.network, 1200 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), 0);
	assert_int_equal(flow->trail_count, 2);
	bed_assert_registered(&star);
	bed_done(&star);
}

/// The hub that is away for good is declared down in seven seconds, and asked ever more seldom.
static void a_dead_hub_is_declared_down(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 1);
	const struct host *spoke = star.spokes[0];

	(void)state;
	host_start(star.spokes[0]);
	network_run(star.network, 6900 * MONO_MILLISECOND);
	assert_int_equal(spoke->events[EVENT_NHS_DOWN], 0);
	assert_int_equal(spoke->packets_sent, 3);
	network_run(star.network, MONO_SECOND);
	assert_int_equal(spoke->events[EVENT_NHS_DOWN], 1);
	network_run(star.network, 1000 * MONO_SECOND);
	assert_in_range(spoke->packets_sent, 18, 23);
	assert_int_equal(spoke->events[EVENT_NHS_DOWN], 1);
	host_start(star.hubs[0]);
	network_run(star.network, 71 * MONO_SECOND);
	bed_assert_registered(&star);
	bed_done(&star);
}

static void move(bool unique)
{
	struct star star = bed_make(1, STAR_SUMMARY, 1, 2);
	struct host *spoke = star.spokes[0];
	struct flow *flow;
	uint64_t lost;

	star.network->bounds.stale = 70 * MONO_SECOND;
	spoke->iface.registration_unique = unique;
	spoke->iface.holding_time = 60;
	bed_start(&star);
	flow = network_flow(star.network, star.spokes[1], host_lan(spoke, 10), 100 * MONO_MILLISECOND);
	network_run(star.network, 5 * MONO_SECOND);
	assert_int_equal(flow->trail_count, 2);
	host_move(spoke, bed_addr("172.18.0.1"));
	network_run(star.network, 2 * MONO_SECOND);
	if (unique) {
		// The server keeps the old address until its holding time ends.
		assert_string_equal(spoke->last[EVENT_NHS_DOWN].reason, "unique address registered already");
		assert_int_equal(star.hubs[0]->events[EVENT_PEER_MOVED], 0);
		network_run(star.network, 130 * MONO_SECOND);
	} else {
		assert_int_equal(star.hubs[0]->events[EVENT_PEER_MOVED], 1);
	}
	bed_assert_registered(&star);
	lost = bed_lost(&star);
	network_run(star.network, 60 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 2);
	bed_done(&star);
}

static void a_spoke_moves(void **state)
{
	(void)state;
	move(false);
}

static void a_unique_spoke_moves_when_its_registration_ends(void **state)
{
	(void)state;
	move(true);
}

/// Two hubs: the better one goes, and comes back.
static void failover(enum star_routes routes, size_t hops)
{
	struct star star = bed_make(1, routes, 2, 3);
	struct flow *flow;
	uint64_t lost;

	for (size_t i = 0; i < 3; i++)
		star.spokes[i]->follows_servers = true;
	bed_start(&star);
	flow = network_flow(star.network, star.spokes[0], host_lan(star.hubs[1], 10), 100 * MONO_MILLISECOND);
	assert_int_equal(nhs_active(host_iface(star.spokes[0])) - host_iface(star.spokes[0])->nhs, 0);
	bed_add_route(star.spokes[0], "10.200.0.0/16", host_address(star.hubs[0]), TUNNEL_DEVICE, 10);
	bed_add_route(star.spokes[0], "10.200.0.0/16", host_address(star.hubs[1]), TUNNEL_DEVICE, 11);
	bed_add_route(star.hubs[0], "10.200.1.0/24", host_address(star.hubs[1]), TUNNEL_DEVICE, 10);
	flow->stopped = true;
	flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);
	network_run(star.network, 5 * MONO_SECOND);
	assert_int_equal(flow->trail_count, hops);
	host_stop(star.hubs[0], false);
	network_run(star.network, 230 * MONO_SECOND);
	assert_int_equal(nhs_active(host_iface(star.spokes[0])) - host_iface(star.spokes[0])->nhs, 1);
	lost = bed_lost(&star);
	network_run(star.network, 30 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, hops);
	// A spoke that had no shortcut yet gets one by the other hub.
	flow = bed_talk(&star, 2, 0, 20);
	assert_int_equal(flow->trail_count, hops);
	assert_int_equal(flow->arrived, 20);
	host_start(star.hubs[0]);
	network_run(star.network, 71 * MONO_SECOND);
	bed_assert_registered(&star);
	assert_int_equal(nhs_active(host_iface(star.spokes[0])) - host_iface(star.spokes[0])->nhs, 0);
	network_run(star.network, 60 * MONO_SECOND);
	flow = bed_talk(&star, 1, 2, 20);
	assert_int_equal(flow->arrived, 20);
	assert_int_equal(flow->trail_count, hops);
	bed_done(&star);
}

static void failover_in_phase_2(void **state)
{
	(void)state;
	failover(STAR_PHASE2, 2);
}

static void failover_in_phase_3(void **state)
{
	(void)state;
	failover(STAR_SUMMARY, 2);
}

/// A bad underlay delays everything and breaks nothing.
static void bad_underlay(uint32_t loss, uint32_t duplicate, int64_t jitter)
{
	struct star star = bed_make(7, STAR_SUMMARY, 1, 5);
	struct flow *flows[5];

	star.network->underlay.loss = loss;
	star.network->underlay.duplicate = duplicate;
	star.network->underlay.jitter = jitter;
	star.network->bounds.stale = 15 * MONO_SECOND;
	for (size_t i = 0; i < 5; i++)
		star.spokes[i]->iface.holding_time = 120;
	host_start(star.hubs[0]);
	for (size_t i = 0; i < 5; i++)
		host_start(star.spokes[i]);
	network_run(star.network, 60 * MONO_SECOND);
	for (size_t i = 0; i < 5; i++)
		flows[i] = network_flow(star.network, star.spokes[i], host_lan(star.spokes[(i + 2) % 5], 10),
			250 * MONO_MILLISECOND);
	network_run(star.network, 600 * MONO_SECOND);
	assert_int_equal(star.network->data_lost[LOSS_NO_NEIGHBOUR], 0);
	assert_int_equal(star.network->data_lost[LOSS_LOOP], 0);
	star.network->underlay.loss = 0;
	network_run(star.network, 80 * MONO_SECOND);
	bed_assert_registered(&star);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(flows[i]->trail_count, 2);
	bed_done(&star);
}

static void a_fifth_of_all_packets_is_lost(void **state)
{
	(void)state;
	bad_underlay(20, 0, MONO_MILLISECOND);
}

static void packets_come_twice_and_out_of_order(void **state)
{
	(void)state;
	bad_underlay(0, 50, 200 * MONO_MILLISECOND);
}

/// Two hubs that think of each other as the way to a network that neither has.
static void a_loop_of_hubs_is_found(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 2, 1);
	struct host *a = star.hubs[0], *b = star.hubs[1];
	struct flow *flow;
	uint64_t sent;

	(void)state;
	host_stop(a, false);
	host_stop(b, false);
	host_add_server(a, b);
	host_add_server(b, a);
	bed_add_route(a, "10.100.9.0/24", host_address(b), TUNNEL_DEVICE, 10);
	bed_add_route(b, "10.100.9.0/24", host_address(a), TUNNEL_DEVICE, 10);
	host_start(a);
	host_start(b);
	star.network->loops_allowed = true;
	network_run(star.network, 210 * MONO_SECOND);
	sent = star.network->nhrp_sent;
	flow = network_flow(star.network, star.spokes[0], addr_from_ipv4(0x0a64090a), MONO_SECOND);
	network_run(star.network, 20 * MONO_SECOND);
	flow->stopped = true;
	assert_int_equal(flow->arrived, 0);
	assert_in_range(star.network->nhrp_sent - sent, 1, 60);
	assert_null(shortcut_find(host_iface(star.spokes[0]), flow->destination));
	bed_done(&star);
}

/// spoke1 – hub1 – top – hub2 – spoke2: the request passes three transit nodes.
static void hierarchical_hubs_pass_requests_on(void **state)
{
	struct star star = bed_make(1, STAR_SUMMARY, 2, 2);
	struct host *top = network_add(star.network, "top", "10.0.0.9/16", "172.16.0.9");
	struct flow *flow;

	(void)state;
	top->iface.redirect = true;
	for (size_t i = 0; i < 2; i++) {
		struct host *hub = star.hubs[i], *spoke = star.spokes[i], *other = star.spokes[1 - i];
		char lan[PREFIX_TEXT_SIZE];

		// Each spoke has only the hub of its region.
		spoke->servers[0] = spoke->servers[i];
		spoke->iface.nhs_count = 1;
		bed_remove_route(spoke, "10.100.0.0/16", host_address(star.hubs[1 - i]), TUNNEL_DEVICE,
			(uint32_t)(11 - i));
		host_add_server(hub, top);
		prefix_format(other->lan, lan);
		bed_remove_route(hub, lan, host_address(other), TUNNEL_DEVICE, 10);
		bed_add_route(hub, lan, host_address(top), TUNNEL_DEVICE, 10);
		bed_add_route(top, lan, host_address(star.hubs[1 - i]), TUNNEL_DEVICE, 10);
	}
	host_start(top);
	host_start(star.hubs[1]);
	star.hub_count = 1;
	bed_start(&star);
	flow = bed_talk(&star, 0, 1, 1);
	assert_int_equal(flow->trail_count, 5);
	flow = bed_talk(&star, 0, 1, 20);
	assert_int_equal(flow->trail_count, 2);
	assert_int_equal(bed_lost(&star), 0);
	for (size_t i = 0; i < 2; i++) {
		if (star.hubs[i]->events[EVENT_PACKET_REFUSED] > 0)
			network_violation(star.network, INVARIANT_EXPECTED, "%s", star.hubs[i]->name);
	}
	bed_done(&star);
}

static void two_hundred_spokes_talk(void **state)
{
	struct star star = bed_ready(STAR_SUMMARY, 1, 200);
	struct flow *flows[200];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		flows[i] = network_flow(star.network, star.spokes[i],
			host_lan(star.spokes[(i * 7 + 3) % 200], 10), 500 * MONO_MILLISECOND);
	network_run(star.network, 10 * MONO_SECOND);
	for (size_t i = 0; i < 200; i++) {
		if ((i * 7 + 3) % 200 != i)
			assert_int_equal(flows[i]->trail_count, 2);
	}
	assert_int_equal(bed_lost(&star), 0);
	// The hub goes and comes back: nothing notices but the registrations.
	host_stop(star.hubs[0], false);
	network_run(star.network, 5 * MONO_SECOND);
	host_start(star.hubs[0]);
	for (size_t i = 0; i < 200; i++)
		flows[i]->interval = 10 * MONO_SECOND;
	network_run(star.network, 210 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), 0);
	assert_int_equal(host_iface(star.hubs[0])->dynamic_count, 200);
	bed_done(&star);
}

/// One spoke is cut off from all others for a while.
static void a_partition_heals(void **state)
{
	struct star star = bed_make(3, STAR_SUMMARY, 1, 3);
	struct flow *flow;
	uint64_t lost;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		star.spokes[i]->iface.holding_time = 60;
	bed_start(&star);
	star.network->bounds.stale = 20 * MONO_SECOND;
	flow = network_flow(
		star.network, star.spokes[0], host_lan(star.spokes[1], 10), 100 * MONO_MILLISECOND);
	network_run(star.network, 10 * MONO_SECOND);
	host_cut(star.spokes[1], true);
	network_run(star.network, 120 * MONO_SECOND);
	host_cut(star.spokes[1], false);
	network_run(star.network, 75 * MONO_SECOND);
	bed_assert_registered(&star);
	lost = bed_lost(&star);
	network_run(star.network, 30 * MONO_SECOND);
	assert_int_equal(bed_lost(&star), lost);
	assert_int_equal(flow->trail_count, 2);
	bed_done(&star);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registrations_hold_for_hours),
		cmocka_unit_test(a_quiet_cloud_is_quiet),
		cmocka_unit_test(a_busy_cloud_is_quiet_too),
		cmocka_unit_test(multicast_goes_to_registered_spokes),
		cmocka_unit_test(a_hub_that_restarts_is_found_by_traffic),
		cmocka_unit_test(shortcuts_survive_a_hub_restart),
		cmocka_unit_test(a_dead_hub_is_declared_down),
		cmocka_unit_test(a_spoke_moves),
		cmocka_unit_test(a_unique_spoke_moves_when_its_registration_ends),
		cmocka_unit_test(failover_in_phase_2),
		cmocka_unit_test(failover_in_phase_3),
		cmocka_unit_test(a_fifth_of_all_packets_is_lost),
		cmocka_unit_test(packets_come_twice_and_out_of_order),
		cmocka_unit_test(a_loop_of_hubs_is_found),
		cmocka_unit_test(hierarchical_hubs_pass_requests_on),
		cmocka_unit_test(two_hundred_spokes_talk),
		cmocka_unit_test(a_partition_heals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
