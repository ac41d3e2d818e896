// SPDX-License-Identifier: GPL-2.0-or-later
/// When the filter of NHRP knows a new peer. A packet of a stranger is counted as admitted, one of a known
/// peer is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "link/admission.h"
#include "netns.h"
#include "user_links.h"

#define PACE 1000 ///< new peers that come into force in a second
#define ROOM 100000
#define MANY 2500 ///< packets, more than half of what a socket takes of strangers

/// A hub with a filter, and a spoke that sends to it.
struct bed {
	uv_loop_t loop;
	struct link *spoke, *hub;
	struct heard heard;
	unsigned sent;
};

static void bed_open(struct bed *bed)
{
	struct link_config spoke = config("tunnel1", "192.0.2.1", 1), hub = config("tunnel1", "192.0.2.2", 1);

	*bed = (struct bed) { 0 };
	uv_loop_init(&bed->loop);
	bed->spoke = open_link(&bed->loop, &spoke, NULL);
	bed->hub = open_there(&bed->loop, &hub, &bed->heard);
	assert_string_equal(bed->hub->filter, "eBPF");
	admission_set_room(bed->hub->admission, ROOM);
}

static void bed_close(struct bed *bed)
{
	bed->spoke->ops->close(bed->spoke, false);
	bed->hub->ops->close(bed->hub, false);
	netns_finish(&bed->loop);
}

static bool was_heard(void *context)
{
	const struct bed *bed = context;

	return bed->heard.count == bed->sent;
}

/// Is a packet of the spoke that of a stranger?
static bool is_stranger(struct bed *bed)
{
	uint32_t before = admission_count(bed->hub->admission);

	send_nhrp(bed->spoke, "192.0.2.2", "nhrp!");
	bed->sent++;
	netns_wait(&bed->loop, was_heard, bed);
	return admission_count(bed->hub->admission) != before;
}

static void know(struct bed *bed, bool known)
{
	admission_know(bed->hub->admission, address("192.0.2.1"), known);
}

/// Opens a bed where as many others come as may in a second, and then the spoke.
static void bed_crowd(struct bed *bed)
{
	bed_open(bed);
	for (uint32_t i = 0; i < PACE; i++)
		admission_know(bed->hub->admission, addr_from_ipv4(0x0a000000 + i), true);
	know(bed, true);
	admission_flush(bed->hub->admission);
}

static void the_first_are_known_at_once(void **state)
{
	struct bed bed;

	(void)state;
	bed_open(&bed);
	assert_true(is_stranger(&bed));
	know(&bed, true);
	admission_flush(bed.hub->admission);
	assert_false(is_stranger(&bed));
	know(&bed, false);
	assert_true(is_stranger(&bed));
	bed_close(&bed);
}

static void who_comes_with_many_is_known_in_the_next_second(void **state)
{
	struct bed bed;

	(void)state;
	bed_crowd(&bed);
	assert_true(is_stranger(&bed));
	admission_flush(bed.hub->admission);
	assert_true(is_stranger(&bed));
	admission_on_second(bed.hub->admission);
	admission_flush(bed.hub->admission);
	assert_false(is_stranger(&bed));
	bed_close(&bed);
}

static void who_comes_with_many_is_known_when_strangers_press(void **state)
{
	struct bed bed;

	(void)state;
	bed_crowd(&bed);
	assert_true(is_stranger(&bed));
	admission_set_room(bed.hub->admission, 1);
	admission_flush(bed.hub->admission);
	assert_false(is_stranger(&bed));
	bed_close(&bed);
}

static void who_comes_with_many_is_known_before_unread_packets_take_the_room(void **state)
{
	struct bed bed;

	(void)state;
	bed_crowd(&bed);
	assert_true(is_stranger(&bed));
	for (; bed.sent < MANY; bed.sent++)
		send_nhrp(bed.spoke, "192.0.2.2", "nhrp!");
	admission_flush(bed.hub->admission);
	netns_wait(&bed.loop, was_heard, &bed);
	assert_false(is_stranger(&bed));
	bed_close(&bed);
}

static void who_goes_before_the_filter_knew_is_a_stranger(void **state)
{
	struct bed bed;

	(void)state;
	bed_crowd(&bed);
	know(&bed, false);
	admission_on_second(bed.hub->admission);
	admission_flush(bed.hub->admission);
	assert_true(is_stranger(&bed));
	bed_close(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_are_known_at_once),
		cmocka_unit_test(who_comes_with_many_is_known_in_the_next_second),
		cmocka_unit_test(who_comes_with_many_is_known_when_strangers_press),
		cmocka_unit_test(who_comes_with_many_is_known_before_unread_packets_take_the_room),
		cmocka_unit_test(who_goes_before_the_filter_knew_is_a_stranger),
	};

	return cmocka_run_group_tests(tests, user_links_set_up, NULL);
}
