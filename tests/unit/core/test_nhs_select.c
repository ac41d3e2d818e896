// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/nhs.h"

#define SERVERS 3

static const char *const nbma[SERVERS] = { "172.16.0.1", "172.16.0.8", "172.16.0.9" };

/// A spoke with three servers, the first the best, of which it may be connected to `connections`.
static struct bed *spoke(struct nhs_config servers[static SERVERS], uint8_t connections)
{
	static const char *const protocol[SERVERS] = { "10.0.0.1", "10.0.0.8", "10.0.0.9" };
	struct bed *bed = bed_spoke();

	for (uint8_t i = 0; i < SERVERS; i++)
		servers[i] = (struct nhs_config) {
			.protocol = ip(protocol[i]), .nbma = ip(nbma[i]), .multicast = true, .priority = i
		};
	bed->iface_config.nhs = servers;
	bed->iface_config.nhs_count = SERVERS;
	bed->iface_config.max_connections[0] = connections;
	bed_start(bed);
	return bed;
}

/// Lets time go by in small steps, while the servers whose bit is set in `alive` answer.
static void live(struct bed *bed, unsigned alive, int64_t us)
{
	struct mono end = mono_add(bed->now, us);

	while (mono_before(bed->now, end)) {
		struct nhrp_msg replies[BED_MAX_SENT];
		const char *from[BED_MAX_SENT];
		size_t count = 0;

		bed_advance(bed, 20 * MONO_MILLISECOND);
		for (size_t i = 0; i < bed->sent_count; i++) {
			for (unsigned j = 0; j < SERVERS; j++) {
				if (bed->sent[i]->msg.type != NHRP_REGISTRATION_REQUEST ||
					!(alive & 1U << j) || !addr_equal(bed->sent[i]->nbma, ip(nbma[j])))
					continue;
				replies[count] = bed_message(NHRP_REGISTRATION_REPLY, "172.16.0.2",
					"10.0.0.2", "10.0.0.1", bed->sent[i]->msg.request_id);
				from[count++] = nbma[j];
			}
		}
		bed_forget(bed);
		for (size_t i = 0; i < count; i++) {
			bed_cie(&replies[i], 32, 600);
			bed_receive(bed, from[i], &replies[i]);
		}
	}
}

/// Which servers are up, as bits.
static unsigned up(const struct bed *bed)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < SERVERS; i++)
		bits |= nhs_is_up(&bed->iface->nhs[i]) ? 1U << i : 0;
	return bits;
}

static bool receives_multicast(const struct bed *bed, unsigned server)
{
	struct desired_item item;

	return desired_find(&bed->node->desired, DESIRED_MULTICAST, BED_IFACE, (struct prefix) { 0 },
		ip(nbma[server]), &item);
}

static void all_are_connected_where_nothing_limits_them(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 0);

	(void)state;
	live(bed, 7, MONO_SECOND);
	assert_int_equal(up(bed), 7);
	bed_free(bed);
}

static void the_best_of_a_cluster_are_connected(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 2);

	(void)state;
	live(bed, 7, MONO_SECOND);
	assert_int_equal(up(bed), 3);
	assert_true(receives_multicast(bed, 1));
	assert_false(receives_multicast(bed, 2));
	assert_int_equal(bed->iface->nhs[2].requests_sent, 0);
	bed_free(bed);
}

static void another_cluster_is_another_matter(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);

	(void)state;
	servers[2].cluster = 1;
	bed_free(bed);
	bed = bed_spoke();
	bed->iface_config.nhs = servers;
	bed->iface_config.nhs_count = SERVERS;
	bed->iface_config.max_connections[0] = 1;
	bed_start(bed);
	live(bed, 7, MONO_SECOND);
	assert_int_equal(up(bed), 5);
	bed_free(bed);
}

/// The next one takes over when one is declared down, and leaves when the better one is back.
static void a_dead_server_is_replaced(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);

	(void)state;
	live(bed, 7, MONO_SECOND);
	assert_int_equal(up(bed), 1);
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	live(bed, 6, 6 * MONO_SECOND);
	assert_int_equal(up(bed), 2);
	assert_true(receives_multicast(bed, 1));
	live(bed, 7, 60 * MONO_SECOND);
	assert_int_equal(up(bed), 1);
	assert_false(receives_multicast(bed, 1));
	assert_string_equal(bed->last[EVENT_NHS_DOWN].reason, "a better server is up");
	bed_free(bed);
}

/// Both of two die: the third, then all are tried.
static void the_last_one_is_tried_too(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);

	(void)state;
	live(bed, 4, 30 * MONO_SECOND);
	assert_int_equal(up(bed), 4);
	live(bed, 2, 300 * MONO_SECOND);
	assert_int_equal(up(bed), 2);
	bed_free(bed);
}

static void it_returns_after_its_fallback_time(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);
	struct mono back;

	(void)state;
	bed->iface_config.nhs_fallback = 30;
	live(bed, 7, MONO_SECOND);
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	live(bed, 6, 6 * MONO_SECOND);
	assert_int_equal(up(bed), 2);
	while (bed->iface->nhs[0].state != NHS_FALLBACK)
		live(bed, 7, MONO_SECOND);
	back = bed->now;
	live(bed, 7, 15 * MONO_SECOND);
	assert_int_equal(up(bed), 2);
	assert_ptr_equal(nhs_active(bed->iface), &bed->iface->nhs[1]);
	// It stumbles: its time begins anew.
	live(bed, 6, 5 * MONO_SECOND);
	assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
	live(bed, 7, mono_between(bed->now, mono_add(back, 40 * MONO_SECOND)));
	assert_int_equal(up(bed), 2);
	live(bed, 7, 60 * MONO_SECOND);
	assert_int_equal(up(bed), 1);
	bed_free(bed);
}

/// The other one dies meanwhile: there is nothing to wait for.
static void its_fallback_time_ends_when_it_is_needed(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);

	(void)state;
	bed->iface_config.nhs_fallback = 60;
	live(bed, 3, MONO_SECOND);
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	live(bed, 2, 6 * MONO_SECOND);
	while (bed->iface->nhs[0].state != NHS_FALLBACK)
		live(bed, 3, MONO_SECOND);
	nhs_step(&bed->iface->nhs[1], NHS_EVENT_SUSPECT, bed->now);
	live(bed, 1, 6 * MONO_SECOND);
	assert_int_equal(up(bed), 1);
	bed_free(bed);
}

/// With probes of a second a death is noticed in less than two and a half, without traffic, and so is the
/// return.
static void a_probe_notices_death_and_return(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 0);

	(void)state;
	for (size_t i = 0; i < SERVERS; i++)
		servers[i].probe = 1;
	live(bed, 7, 10 * MONO_SECOND);
	assert_int_equal(up(bed), 7);
	assert_true(bed->iface->nhs[0].requests_sent >= 9);
	assert_true(bed->iface->nhs[0].requests_sent <= 13);
	live(bed, 6, 2500 * MONO_MILLISECOND);
	assert_int_equal(up(bed), 6);
	assert_ptr_equal(nhs_active(bed->iface), &bed->iface->nhs[1]);
	live(bed, 6, 200 * MONO_SECOND);
	live(bed, 7, 11 * MONO_SECOND);
	assert_int_equal(up(bed), 7);
	bed_free(bed);
}

/// What went by a server that died goes by the next one that comes up, though none was up at the time.
static void what_a_dead_server_left_is_taken_up(void **state)
{
	struct nhs_config servers[SERVERS];
	struct bed *bed = spoke(servers, 1);

	(void)state;
	live(bed, 7, MONO_SECOND);
	bed_miss(bed, "10.0.0.77");
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.77"), ip(nbma[0])));
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_SUSPECT, bed->now);
	live(bed, 6, 6 * MONO_SECOND);
	assert_true(addr_equal(bed_neighbour(bed, "10.0.0.77"), ip(nbma[1])));
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_connected_where_nothing_limits_them),
		cmocka_unit_test(the_best_of_a_cluster_are_connected),
		cmocka_unit_test(another_cluster_is_another_matter),
		cmocka_unit_test(a_dead_server_is_replaced),
		cmocka_unit_test(the_last_one_is_tried_too),
		cmocka_unit_test(it_returns_after_its_fallback_time),
		cmocka_unit_test(its_fallback_time_ends_when_it_is_needed),
		cmocka_unit_test(a_probe_notices_death_and_return),
		cmocka_unit_test(what_a_dead_server_left_is_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
