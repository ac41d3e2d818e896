// SPDX-License-Identifier: GPL-2.0-or-later
/// A running node gets another configuration: what the change does not concern stays as it is.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/cache.h"
#include "core/nhs.h"
#include "core/peer.h"
#include "core/shortcut.h"

/// A second configuration, to be changed before bed_configure(); it begins as a copy of the bed's.
struct change {
	struct node_config node;
	struct iface_config ifaces[2];
	struct nhs_config servers[2];
};

static void change_begin(struct change *change, const struct bed *bed)
{
	*change = (struct change) { .servers = { bed->servers[0], bed->servers[1] } };
	change->ifaces[0] = bed->iface_config;
	if (bed->iface_config.nhs)
		change->ifaces[0].nhs = change->servers;
	change->node = (struct node_config) { .ifaces = change->ifaces, .iface_count = 1 };
}

static void configure(struct bed *bed, const struct change *change)
{
	bed_forget(bed);
	node_configure(bed->node, &change->node, bed->now);
	bed_drain(bed);
}

/// Nothing that was wanted of the kernel changes, and no change is told.
static void assert_still(struct bed *bed)
{
	struct desired_item item;

	assert_false(desired_pop_change(node_desired(bed->node), &item));
}

static void settle(struct bed *bed)
{
	struct desired_item item;

	while (desired_pop_change(node_desired(bed->node), &item))
		;
}

static void the_same_again_changes_nothing(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct change change;
	struct mono wake = node_next_wake(bed->node);
	struct mono created;

	(void)state;
	bed_miss(bed, "10.0.0.3");
	settle(bed);
	created = cache_find(bed->iface, ip("10.0.0.1"))->created;
	bed->now.us += MONO_MILLISECOND;
	wake = node_next_wake(bed->node);
	change_begin(&change, bed);
	configure(bed, &change);
	assert_int_equal(bed->sent_count, 0);
	assert_still(bed);
	assert_int_equal(node_next_wake(bed->node).us, wake.us);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_int_equal(cache_find(bed->iface, ip("10.0.0.1"))->created.us, created.us);
	assert_true(addr_is_set(bed_neighbour(bed, "10.0.0.3")));
	bed_free(bed);
}

static void clients_stay_over_a_change_of_everything_soft(void **state)
{
	struct bed *bed = bed_hub();
	struct map_config map = { .protocol = ip("10.0.0.9"), .nbma = ip("172.16.0.9") };
	struct change change;

	(void)state;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.7", "10.0.0.7", 0, 1), NHRP_CODE_OK);
	settle(bed);
	change_begin(&change, bed);
	change.ifaces[0].holding_time = 60;
	change.ifaces[0].redirect = false;
	change.ifaces[0].max_send_packets = 7;
	change.ifaces[0].limits.registrations = 1;
	change.ifaces[0].maps = &map;
	change.ifaces[0].map_count = 1;
	configure(bed, &change);
	assert_true(addr_equal(bed_ask_neighbour(bed, "10.0.0.7"), ip("172.16.0.7")));
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.9"), ip("172.16.0.9")));
	assert_int_equal(bed->iface->dynamic_count, 1);
	assert_int_equal(bed->events[EVENT_PEER_DOWN], 0);
	// The new limit holds: nobody else can come, and who is there can renew.
	assert_int_not_equal(bed_register(bed, "172.16.0.8", "10.0.0.8", 0, 2), NHRP_CODE_OK);
	assert_int_equal(bed_register(bed, "172.16.0.7", "10.0.0.7", 0, 3), NHRP_CODE_OK);
	bed_free(bed);
}

static bool is_receiving_client(const struct bed *bed, const char *nbma)
{
	const struct peer *peer = peer_find(bed->iface, ip(nbma));

	return peer && peer->receiver;
}

static void maps_and_multicast_come_and_go(void **state)
{
	struct bed *bed = bed_hub();
	struct map_config maps[] = {
		{ .protocol = ip("10.0.0.8"), .nbma = ip("172.16.0.8") },
		{ .protocol = ip("10.0.0.9"), .nbma = ip("172.16.0.9") },
	};
	struct addr receiver = ip("172.16.0.200");
	struct desired_item item;
	struct change change, back;

	(void)state;
	bed->iface_config.maps = maps;
	bed->iface_config.map_count = 1;
	bed->iface_config.multicast = &receiver;
	bed->iface_config.multicast_count = 1;
	bed_start(bed);
	assert_int_equal(bed_register(bed, "172.16.0.7", "10.0.0.7", 0, 1), NHRP_CODE_OK);
	assert_true(is_receiving_client(bed, "172.16.0.7"));
	change_begin(&change, bed);
	change.ifaces[0].maps = &maps[1];
	change.ifaces[0].multicast_count = 0;
	change.ifaces[0].multicast_dynamic = false;
	configure(bed, &change);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.8")));
	assert_true(addr_is_set(bed_neighbour(bed, "10.0.0.9")));
	assert_false(desired_find(node_desired(bed->node), DESIRED_MULTICAST, BED_IFACE,
		(struct prefix) { 0 }, ip("172.16.0.200"), &item));
	assert_false(is_receiving_client(bed, "172.16.0.7"));
	// And back again.
	change_begin(&back, bed);
	configure(bed, &back);
	assert_true(addr_is_set(bed_neighbour(bed, "10.0.0.8")));
	assert_true(is_receiving_client(bed, "172.16.0.7"));
	bed_free(bed);
}

static bool receives(const struct bed *bed, const char *group, const char *nbma)
{
	struct desired_item item;

	return desired_find(node_desired(bed->node), DESIRED_MULTICAST, BED_IFACE,
		group ? net(group) : (struct prefix) { 0 }, nbma ? ip(nbma) : (struct addr) { 0 }, &item);
}

static void groups_have_receivers_of_their_own(void **state)
{
	struct bed *bed = bed_hub();
	struct group_config groups[] = {
		{ net("239.1.1.1/32"), ip("10.0.0.7") },
		{ net("239.1.1.1/32"), ip("10.0.0.8") },
		{ net("239.2.0.0/16"), ip("10.0.0.8") },
	};
	struct change change, back;

	(void)state;
	bed->iface_config.groups = groups;
	bed->iface_config.group_count = ARRAY_SIZE(groups);
	bed_start(bed);
	// A group is there before its receivers are: it goes to nobody.
	assert_true(receives(bed, "239.1.1.1/32", NULL) && receives(bed, "239.2.0.0/16", NULL));
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 2);
	assert_int_equal(bed_register(bed, "172.16.0.7", "10.0.0.7", 0, 1), NHRP_CODE_OK);
	assert_true(is_receiving_client(bed, "172.16.0.7") && receives(bed, "239.1.1.1/32", "172.16.0.7"));
	assert_false(receives(bed, "239.2.0.0/16", "172.16.0.7"));
	assert_int_equal(bed_register(bed, "172.16.0.8", "10.0.0.8", 0, 1), NHRP_CODE_OK);
	assert_true(
		receives(bed, "239.1.1.1/32", "172.16.0.8") && receives(bed, "239.2.0.0/16", "172.16.0.8"));
	// Somebody who is in no group.
	assert_int_equal(bed_register(bed, "172.16.0.9", "10.0.0.9", 0, 1), NHRP_CODE_OK);
	assert_false(receives(bed, "239.1.1.1/32", "172.16.0.9"));
	// The first group goes, the second gets another receiver.
	change_begin(&change, bed);
	change.ifaces[0].groups = (struct group_config[]) { { net("239.2.0.0/16"), ip("10.0.0.9") } };
	change.ifaces[0].group_count = 1;
	configure(bed, &change);
	assert_false(receives(bed, "239.1.1.1/32", NULL) || receives(bed, "239.1.1.1/32", "172.16.0.7"));
	assert_false(receives(bed, "239.2.0.0/16", "172.16.0.8"));
	assert_true(receives(bed, "239.2.0.0/16", "172.16.0.9") && is_receiving_client(bed, "172.16.0.8"));
	change_begin(&back, bed);
	configure(bed, &back);
	assert_true(receives(bed, "239.1.1.1/32", "172.16.0.7") && receives(bed, "239.2.0.0/16", NULL));
	// A receiver whose registration ends.
	bed_advance(bed, 301 * MONO_SECOND);
	assert_false(receives(bed, "239.1.1.1/32", "172.16.0.7") || is_receiving_client(bed, "172.16.0.7"));
	assert_int_equal(node_desired(bed->node)->counts[DESIRED_MULTICAST], 2);
	bed_free(bed);
}

static void a_server_is_added_and_the_other_goes_on(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct mono refresh = bed->iface->nhs[0].timer.at;
	struct change change;

	(void)state;
	change_begin(&change, bed);
	change.servers[1] = change.servers[0];
	change.servers[0] = (struct nhs_config) { .protocol = ip("10.0.0.200"), .nbma = ip("172.16.0.200") };
	change.ifaces[0].nhs_count = 2;
	configure(bed, &change);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	assert_true(addr_equal(bed->sent[0]->nbma, ip("172.16.0.200")));
	assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
	assert_int_equal(bed->iface->nhs[1].state, NHS_UP);
	assert_int_equal(bed->iface->nhs[1].timer.at.us, refresh.us);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	// Its timer works in its new place.
	bed_forget(bed);
	bed_advance(bed, mono_between(bed->now, refresh));
	assert_int_equal(bed->iface->nhs[1].state, NHS_CHECK);
	bed_free(bed);
}

static void a_server_is_removed(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct change change;

	(void)state;
	bed_miss(bed, "10.0.0.3");
	change_begin(&change, bed);
	change.ifaces[0].nhs_count = 0;
	configure(bed, &change);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	assert_int_equal(bed->iface->nhs_count, 0);
	assert_false(addr_is_set(bed_neighbour(bed, "10.0.0.1")));
	bed_forget(bed);
	bed_advance(bed, 1000 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 0);
	bed_free(bed);
}

static void what_a_server_should_know_is_told_at_once(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct change change;

	(void)state;
	change_begin(&change, bed);
	change.ifaces[0].holding_time = 60;
	configure(bed, &change);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	assert_int_equal(bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.cies[0].holding_time, 60);
	assert_int_equal(bed->iface->nhs[0].state, NHS_CHECK);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	bed_free(bed);
}

static void shortcuts_end_where_they_are_switched_off(void **state)
{
	struct bed *bed = bed_registered_spoke();
	const struct binding_facts facts = {
		.type = BINDING_CACHED, .nbma = ip("172.16.0.3"), .holding_time = 600
	};
	struct change change;
	const char *reason;

	(void)state;
	assert_non_null(cache_set(bed->iface, ip("10.0.0.3"), &facts, bed->now));
	assert_true(shortcut_install(bed->iface, ip("192.168.3.1"), net("192.168.3.0/24"), ip("10.0.0.3"),
		600, 0, bed->now, &reason));
	assert_true(bed_has_override(bed, "192.168.3.0/24"));
	change_begin(&change, bed);
	change.ifaces[0].shortcut = false;
	configure(bed, &change);
	assert_false(bed_has_override(bed, "192.168.3.0/24"));
	assert_int_equal(bed->events[EVENT_SHORTCUT_DOWN], 1);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	bed_free(bed);
}

static void interfaces_come_and_go_and_the_first_one_does_not_notice(void **state)
{
	struct bed *bed = bed_registered_spoke();
	struct change change, back;
	struct iface *first = bed->iface;

	(void)state;
	settle(bed);
	change_begin(&change, bed);
	change.ifaces[1] = change.ifaces[0];
	change.ifaces[0].id = 2;
	change.ifaces[0].address = net("10.0.5.2/24");
	change.ifaces[0].address.addr = ip("10.0.5.2");
	change.ifaces[0].nhs_count = 0;
	change.node.iface_count = 2;
	configure(bed, &change);
	assert_int_equal(bed->sent_count, 0);
	assert_still(bed);
	assert_ptr_equal(node_iface(bed->node, BED_IFACE), first);
	assert_int_equal(node_iface(bed->node, 2)->nhs_count, 0);
	assert_false(node_iface(bed->node, 2)->up);
	// It takes part, and goes again.
	node_on_link(bed->node, 2, true, 11, bed->nbma, bed->now);
	change_begin(&back, bed);
	configure(bed, &back);
	assert_null(node_iface(bed->node, 2));
	assert_int_equal(bed->sent_count, 0);
	assert_int_equal(first->nhs[0].state, NHS_UP);
	bed_free(bed);
}

static void a_removed_interface_takes_its_registration_back(void **state)
{
	struct bed *bed = bed_registered_spoke();

	(void)state;
	node_remove(bed->node, BED_IFACE, bed->now);
	bed_drain(bed);
	assert_int_equal(bed_count(bed, NHRP_PURGE_REQUEST), 1);
	assert_null(node_iface(bed->node, BED_IFACE));
	bed_advance(bed, 1000 * MONO_SECOND);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 0);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_again_changes_nothing),
		cmocka_unit_test(clients_stay_over_a_change_of_everything_soft),
		cmocka_unit_test(maps_and_multicast_come_and_go),
		cmocka_unit_test(groups_have_receivers_of_their_own),
		cmocka_unit_test(a_server_is_added_and_the_other_goes_on),
		cmocka_unit_test(a_server_is_removed),
		cmocka_unit_test(what_a_server_should_know_is_told_at_once),
		cmocka_unit_test(shortcuts_end_where_they_are_switched_off),
		cmocka_unit_test(interfaces_come_and_go_and_the_first_one_does_not_notice),
		cmocka_unit_test(a_removed_interface_takes_its_registration_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
