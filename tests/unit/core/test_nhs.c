// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "bed.h"
#include "core/nhs.h"

static void a_registration_says_who_we_are(void **state)
{
	struct bed *bed = bed_spoke();
	const struct bed_sent *sent;

	(void)state;
	bed->iface_config.registration_unique = true;
	bed->iface_config.mtu = 1400;
	bed_start(bed);
	sent = bed_find(bed, NHRP_REGISTRATION_REQUEST);
	assert_non_null(sent);
	assert_true(addr_equal(sent->nbma, ip("172.16.0.1")));
	assert_true(addr_equal(sent->msg.src_nbma, ip("172.16.0.2")));
	assert_true(addr_equal(sent->msg.src_protocol, ip("10.0.0.2")));
	assert_true(addr_equal(sent->msg.dst_protocol, ip("10.0.0.1")));
	assert_int_equal(sent->msg.flags, NHRP_FLAG_NAT | NHRP_FLAG_REG_UNIQUE);
	assert_int_equal(sent->msg.cie_count, 1);
	assert_int_equal(sent->msg.cies[0].prefix_length, 0xff);
	assert_int_equal(sent->msg.cies[0].holding_time, 600);
	assert_int_equal(sent->msg.cies[0].mtu, 1400);
	bed_free(bed);
}

/// 1, 2, 4 … 64 seconds, with up to a tenth more; down when the third goes unanswered; one ID for all.
static void requests_back_off(void **state)
{
	static const int64_t waits[] = { 1, 2, 4, 8, 16, 32, 64, 64, 64 };
	struct bed *bed = bed_spoke();
	uint32_t id;

	(void)state;
	bed_start(bed);
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	id = bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.request_id;
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		struct mono wake = node_next_wake(bed->node);
		int64_t wait = mono_between(bed->now, wake);

		assert_in_range(wait, waits[i] * MONO_SECOND, waits[i] * MONO_SECOND * 11 / 10);
		assert_int_equal(bed->events[EVENT_NHS_DOWN], i < 3 ? 0 : 1);
		bed_forget(bed);
		bed_advance(bed, wait);
		assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
		assert_int_equal(bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.request_id, id);
	}
	// A late answer still counts.
	bed_answer_registration(bed, NHRP_CODE_OK);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_int_equal(bed->events[EVENT_NHS_UP], 1);
	bed_free(bed);
}

static void an_answer_brings_it_up_and_a_third_of_the_holding_time_refreshes(void **state)
{
	struct bed *bed = bed_spoke();
	uint32_t id;

	(void)state;
	bed_start(bed);
	id = bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.request_id;
	bed_answer_registration(bed, NHRP_CODE_OK);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_in_range(
		mono_between(bed->now, node_next_wake(bed->node)), 180 * MONO_SECOND, 200 * MONO_SECOND);
	bed_forget(bed);
	bed_advance(bed, 200 * MONO_SECOND);
	assert_int_equal(bed->iface->nhs[0].state, NHS_CHECK);
	assert_true(bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg.request_id != id);
	bed_answer_registration(bed, NHRP_CODE_OK);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	assert_int_equal(bed->events[EVENT_NHS_UP], 1);
	bed_free(bed);
}

static void the_registration_timeout_can_be_configured(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed->iface_config.registration_timeout = 30;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	assert_in_range(
		mono_between(bed->now, node_next_wake(bed->node)), 27 * MONO_SECOND, 30 * MONO_SECOND);
	bed_free(bed);
}

/// Up, then silent: down after four requests, a second apart.
static void a_server_that_falls_silent_is_down_in_seconds(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	node_on_use(bed->node, BED_IFACE, ip("172.16.0.1"), true, false, bed->now);
	bed_advance(bed, 3 * MONO_SECOND);
	node_on_use(bed->node, BED_IFACE, ip("172.16.0.1"), true, false, bed->now);
	assert_int_equal(bed->iface->nhs[0].state, NHS_CHECK);
	bed_advance(bed, 3900 * MONO_MILLISECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 0);
	bed_advance(bed, 900 * MONO_MILLISECOND);
	assert_int_equal(bed->events[EVENT_NHS_DOWN], 1);
	assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
	bed_free(bed);
}

static void a_refusal_is_told_with_its_code(void **state)
{
	static const uint8_t codes[] = { NHRP_CODE_PROHIBITED, NHRP_CODE_NO_RESOURCES,
		NHRP_CODE_UNIQUE_REGISTERED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct bed *bed = bed_spoke();

		bed_start(bed);
		bed_answer_registration(bed, codes[i]);
		assert_int_equal(bed->iface->nhs[0].refused_code, codes[i]);
		assert_string_equal(bed->last[EVENT_NHS_DOWN].reason, nhrp_code_name(codes[i]));
		// It is asked again, by the back-off, with a new request.
		bed_forget(bed);
		bed_advance(bed, 1200 * MONO_MILLISECOND);
		assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
		bed_answer_registration(bed, NHRP_CODE_OK);
		assert_int_equal(bed->iface->nhs[0].refused_code, 0);
		assert_int_equal(bed->events[EVENT_NHS_UP], 1);
		bed_free(bed);
	}
}

static void an_unsolicited_reply_is_refused(void **state)
{
	struct bed *bed = bed_spoke();
	struct nhrp_msg reply;

	(void)state;
	bed_start(bed);
	reply = bed_find(bed, NHRP_REGISTRATION_REQUEST)->msg;
	reply.type = NHRP_REGISTRATION_REPLY;
	reply.request_id += 1000;
	bed_receive(bed, "172.16.0.1", &reply);
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 1);
	assert_int_equal(bed->iface->nhs[0].state, NHS_PROBE);
	// The right one counts once; its copy is refused.
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_answer_registration(bed, NHRP_CODE_PROHIBITED);
	assert_int_equal(bed->iface->counters.refused[REFUSED_UNSOLICITED], 2);
	assert_int_equal(bed->iface->nhs[0].state, NHS_UP);
	bed_free(bed);
}

static void the_better_server_is_asked(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed->iface_config.nhs_count = 2;
	bed->servers[0].priority = 2;
	bed->servers[1] =
		(struct nhs_config) { .protocol = ip("10.0.0.9"), .nbma = ip("172.16.0.9"), .priority = 1 };
	bed_start(bed);
	assert_ptr_equal(nhs_active(bed->iface), &bed->iface->nhs[1]);
	nhs_step(&bed->iface->nhs[0], NHS_EVENT_REPLY, bed->now);
	assert_ptr_equal(nhs_active(bed->iface), &bed->iface->nhs[0]);
	nhs_step(&bed->iface->nhs[1], NHS_EVENT_REPLY, bed->now);
	assert_ptr_equal(nhs_active(bed->iface), &bed->iface->nhs[1]);
	bed_free(bed);
}

static void the_link_decides(void **state)
{
	struct bed *bed = bed_spoke();

	(void)state;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	node_on_link(bed->node, BED_IFACE, false, BED_TUNNEL, bed->nbma, bed->now);
	assert_int_equal(bed->iface->nhs[0].state, NHS_INIT);
	bed_forget(bed);
	bed_advance(bed, 1000 * MONO_SECOND);
	assert_int_equal(bed->sent_count, 0);
	node_on_link(bed->node, BED_IFACE, true, BED_TUNNEL, bed->nbma, bed->now);
	bed_advance(bed, 0);
	bed_miss(bed, "10.0.0.77");
	assert_int_equal(bed_count(bed, NHRP_REGISTRATION_REQUEST), 1);
	bed_free(bed);
}

static void leaving_is_told(void **state)
{
	struct bed *bed = bed_spoke();
	const struct bed_sent *purge;

	(void)state;
	bed_start(bed);
	bed_answer_registration(bed, NHRP_CODE_OK);
	bed_forget(bed);
	node_shutdown(bed->node, bed->now);
	bed_miss(bed, "224.0.0.1");
	purge = bed_find(bed, NHRP_PURGE_REQUEST);
	assert_non_null(purge);
	assert_int_equal(purge->msg.flags & NHRP_FLAG_PURGE_NO_REPLY, NHRP_FLAG_PURGE_NO_REPLY);
	assert_true(addr_equal(purge->msg.cies[0].protocol, ip("10.0.0.2")));
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registration_says_who_we_are),
		cmocka_unit_test(requests_back_off),
		cmocka_unit_test(an_answer_brings_it_up_and_a_third_of_the_holding_time_refreshes),
		cmocka_unit_test(the_registration_timeout_can_be_configured),
		cmocka_unit_test(a_server_that_falls_silent_is_down_in_seconds),
		cmocka_unit_test(a_refusal_is_told_with_its_code),
		cmocka_unit_test(an_unsolicited_reply_is_refused),
		cmocka_unit_test(the_better_server_is_asked),
		cmocka_unit_test(the_link_decides),
		cmocka_unit_test(leaving_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
