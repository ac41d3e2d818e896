// SPDX-License-Identifier: GPL-2.0-or-later
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mono bed_now;

const struct charon_sa bed_spoke = {
	.id = 7,
	.connection = ANY,
	.remote = PEER,
	.local_id = "hub",
	.remote_id = "spoke",
	.has_child = true,
};

static struct mono now(void)
{
	return bed_now;
}

struct addr bed_ip(const char *text)
{
	struct addr addr = { 0 };

	assert_true(addr_parse(text, &addr));
	return addr;
}

static void on_sa(void *owner, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity)
{
	struct bed *bed = owner;

	assert_in_range(iface, 1, 2);
	if (bed->wanders && !addr_equal(nbma, bed_ip(PEER)))
		return;
	assert_true(addr_equal(nbma, bed_ip(PEER)));
	assert_int_equal(identity != NULL, state == SA_UP);
	bed->states[iface] = state;
	bed->told[iface][state]++;
	snprintf(bed->identity, sizeof(bed->identity), "%s", identity ? identity : "");
	if (bed->forsaken && state == SA_UP)
		ike_want(bed->ike, iface, bed_ip(bed->forsaken), IKE_UNWANTED);
}

static void on_mark(void *owner, uint32_t iface, struct addr nbma, uint32_t mark, uint32_t mask)
{
	struct bed *bed = owner;

	(void)mask;
	if (iface != 1 || !addr_equal(nbma, bed_ip(PEER)))
		return;
	bed->mark = mark;
	bed->marked = uv_now(&bed->loop);
}

void bed_set_tunnel(struct bed *bed, uint32_t iface, const char *local)
{
	ike_set_tunnel(bed->ike,
		&(struct ike_tunnel) { .iface = iface, .profile = "default", .local = bed_ip(local) });
}

int bed_set_up(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const struct ike_handler handler = { .on_sa = on_sa, .on_mark = on_mark, .now = now, .owner = bed };

	assert_non_null(bed);
	bed_now = (struct mono) { 1000 * MONO_SECOND };
	uv_loop_init(&bed->loop);
	charon_init(&bed->charon, &bed->loop);
	charon_start(&bed->charon);
	bed->ike = ike_new(&bed->loop, bed->charon.path, &bed->crypto, &handler);
	bed_set_tunnel(bed, 1, "192.0.2.1");
	*state = bed;
	return 0;
}

int bed_tear_down(void **state)
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

void bed_await(struct bed *bed, const char *name, const char *what, unsigned count)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (charon_asked(&bed->charon, name, what) < count && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(charon_asked(&bed->charon, name, what), count);
}

void bed_await_state(struct bed *bed, uint32_t iface, enum sa_state state, unsigned times)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (bed->told[iface][state] < times && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(bed->told[iface][state], times);
	assert_int_equal(bed->states[iface], state);
}

void bed_await_list(struct bed *bed)
{
	unsigned count;

	while (!bed->charon.client || charon_asked(&bed->charon, "list-sas", NULL) == 0)
		uv_run(&bed->loop, UV_RUN_ONCE);
	count = charon_asked(&bed->charon, "list-sas", NULL);
	charon_event(&bed->charon, "ike-rekey");
	bed_await(bed, "list-sas", NULL, count + 1);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&bed->loop, UV_RUN_NOWAIT);
}

void bed_advance(struct bed *bed, unsigned seconds)
{
	uint64_t end = uv_hrtime() + 600000000u;

	bed_now = mono_add(bed_now, seconds * MONO_SECOND);
	while (uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
}

const struct sa *bed_await_sa(struct bed *bed, uint32_t id)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (!sa_find(ike_sas(bed->ike), id) && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_non_null(sa_find(ike_sas(bed->ike), id));
	return sa_find(ike_sas(bed->ike), id);
}

void bed_await_mark(struct bed *bed, uint32_t mark)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (bed->mark != mark && uv_hrtime() < end)
		uv_run(&bed->loop, UV_RUN_ONCE);
	assert_int_equal(bed->mark, mark);
}
