// SPDX-License-Identifier: GPL-2.0-or-later
// The order in which packets of known peers and of strangers are handled. The node is a stand-in which knows
// one peer and notes what it is given.
#include "daemon/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <uv.h>

#include "core/node.h"
#include "daemon/daemon.h"

#define KNOWN    1
#define STRANGER 2
#define FLOOD    5000

static struct {
	unsigned strangers; ///< packets handled
	unsigned known;
	unsigned dropped;
	unsigned drains;
	unsigned clock; ///< how often it was read
} seen;

static uv_loop_t loop;
static struct mono now = { 1000 * MONO_SECOND };
static struct daemon fake_daemon = { .loop = &loop };

bool node_knows(struct node *node, uint32_t iface, struct addr nbma)
{
	(void)node;
	(void)iface;
	return addr_equal(nbma, addr_from_ipv4(KNOWN));
}

void node_on_packet(struct node *node, uint32_t iface, struct addr from, const uint8_t *packet, size_t length,
	struct mono when)
{
	(void)node;
	(void)iface;
	(void)packet;
	(void)length;
	(void)when;
	if (addr_equal(from, addr_from_ipv4(KNOWN)))
		seen.known++;
	else
		seen.strangers++;
}

void node_on_overload(struct node *node, uint32_t iface, struct addr from, uint64_t count)
{
	(void)node;
	(void)iface;
	(void)from;
	seen.dropped += (unsigned)count;
}

void daemon_drain(struct daemon *daemon)
{
	(void)daemon;
	seen.drains++;
}

struct mono daemon_now(void)
{
	seen.clock++;
	return now;
}

static void add(struct intake *intake, uint32_t from, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		intake_add(intake, 1, addr_from_ipv4(from), (const uint8_t *)"x", 1);
}

/// Strangers handled in the next turn of the loop.
static unsigned turn(void)
{
	unsigned before = seen.strangers;

	uv_run(&loop, UV_RUN_NOWAIT);
	return seen.strangers - before;
}

static struct intake *begin(void)
{
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(uv_loop_init(&loop), 0);
	return intake_open(&fake_daemon);
}

static void end(struct intake *intake)
{
	intake_close(intake);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/// Whatever waits of strangers: a known peer's packet is handled at once, and few of theirs between two of
/// its.
static void known_peers_do_not_wait(void **state)
{
	struct intake *intake = begin();

	(void)state;
	add(intake, KNOWN, 1);
	add(intake, STRANGER, FLOOD);
	for (unsigned i = 0; i < 50; i++) {
		add(intake, KNOWN, 1);
		assert_int_equal(seen.known, i + 2);
		assert_int_equal(turn(), 16);
		add(intake, STRANGER, FLOOD);
	}
	end(intake);
}

static void strangers_come_in_whole_batches_otherwise(void **state)
{
	struct intake *intake = begin();

	(void)state;
	add(intake, KNOWN, 1);
	intake_end(intake);
	now = mono_add(now, 100 * MONO_MILLISECOND);
	add(intake, STRANGER, 64);
	assert_int_equal(seen.strangers, 64);
	add(intake, STRANGER, 100);
	assert_int_equal(seen.strangers, 64);
	assert_int_equal(turn(), 64);
	assert_int_equal(turn(), 36);
	assert_int_equal(turn(), 0);
	end(intake);
}

static void the_clock_is_read_once_for_what_comes_together(void **state)
{
	struct intake *intake = begin();

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		add(intake, KNOWN, 32);
		add(intake, STRANGER, 32);
		intake_end(intake);
		assert_int_equal(seen.clock, i);
	}
	assert_int_equal(seen.drains, 3);
	end(intake);
}

static void too_many_are_dropped_and_counted(void **state)
{
	struct intake *intake = begin();

	(void)state;
	add(intake, KNOWN, 1);
	add(intake, STRANGER, FLOOD);
	assert_int_equal(seen.strangers, 16);
	assert_int_equal(seen.dropped, FLOOD - 16 - 4096);
	end(intake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_peers_do_not_wait),
		cmocka_unit_test(strangers_come_in_whole_batches_otherwise),
		cmocka_unit_test(the_clock_is_read_once_for_what_comes_together),
		cmocka_unit_test(too_many_are_dropped_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
