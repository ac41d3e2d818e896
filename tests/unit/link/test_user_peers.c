// SPDX-License-Identifier: GPL-2.0-or-later
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/attr.h"
#include "link/user_peers.h"

#define PEERS  3000
#define ROUNDS 30

static struct addr number(uint32_t i)
{
	return addr_from_ipv4(0x0a000001 + i);
}

static void peers_come_and_go(void **state)
{
	struct user_peers peers = { .table = NULL };

	(void)state;
	assert_null(user_peers_find(&peers, 1));
	for (uint32_t i = 0; i < PEERS; i++)
		user_peers_get(&peers, number(i))->neighbour = true;
	for (uint32_t i = 0; i < PEERS; i += 2) {
		struct user_peer *peer = user_peers_find(&peers, user_peers_number(number(i)));

		assert_non_null(peer);
		assert_false(user_peers_settle(&peers, peer));
		peer->neighbour = false;
		assert_true(user_peers_settle(&peers, peer));
	}
	for (uint32_t i = 0; i < PEERS; i++)
		assert_int_equal(user_peers_find(&peers, user_peers_number(number(i))) != NULL, i & 1);
	user_peers_done(&peers);
}

static void receivers_are_a_list(void **state)
{
	struct user_peers peers = { .table = NULL };
	struct user_peer *all[4];
	unsigned count = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(all); i++) {
		all[i] = user_peers_get(&peers, number(i));
		user_peers_set_receiver(&peers, all[i], true);
		user_peers_set_receiver(&peers, all[i], true);
	}
	user_peers_set_receiver(&peers, all[1], false);
	user_peers_set_receiver(&peers, all[3], false);
	user_peers_set_receiver(&peers, all[0], false);
	for (struct user_peer *peer = user_peers_receivers(&peers); peer; peer = peer->receiver_next, count++)
		assert_ptr_equal(peer, all[2]);
	assert_int_equal(count, 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(user_peers_settle(&peers, all[i]), i != 2);
	user_peers_done(&peers);
}

/* A thread reads while peers come and go: a sanitizer finds what is freed too early. */

struct reading {
	struct user_peers *peers;
	unsigned index;
	atomic_bool *stop;
	uint64_t found;
};

static void *read_all(void *context)
{
	struct reading *reading = context;

	while (!atomic_load(reading->stop)) {
		user_readers_enter(&reading->peers->readers, reading->index);
		for (uint32_t i = 0; i < PEERS; i += 7) {
			struct user_peer *peer =
				user_peers_find(reading->peers, user_peers_number(number(i)));

			if (!peer)
				continue;
			user_peers_count_sent(reading->peers, peer, 1, 100);
			reading->found += peer->number == user_peers_number(number(i));
		}
		for (struct user_peer *peer = user_peers_receivers(reading->peers); peer;
			peer = peer->receiver_next)
			user_peers_count_received(reading->peers, peer, 1, 100);
		user_readers_leave(&reading->peers->readers, reading->index);
	}
	return NULL;
}

static void ignore(void *context, struct addr nbma, bool sent, bool received)
{
	unsigned *visits = context;

	(void)nbma;
	*visits += sent || received;
}

static void change(struct user_peers *peers, unsigned round)
{
	for (uint32_t i = 0; i < PEERS; i++) {
		struct user_peer *peer = user_peers_get(peers, number(i));

		user_peers_set_receiver(peers, peer, (i + round) % 3 == 0);
		peer->neighbour = (i + round) % 2 == 0;
		user_peers_settle(peers, peer);
	}
}

static void readers_need_no_lock(void **state)
{
	static struct user_peers peers;
	struct reading readings[2];
	pthread_t threads[2];
	atomic_bool stop = false;
	unsigned visits = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		readings[i] = (struct reading) { .peers = &peers, .index = i, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readings[i]), 0);
	}
	for (unsigned round = 0; round < ROUNDS || !visits; round++) {
		change(&peers, round);
		user_peers_each_active(&peers, ignore, &visits);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(readings[0].found + readings[1].found > 0);
	user_peers_done(&peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_come_and_go),
		cmocka_unit_test(receivers_are_a_list),
		cmocka_unit_test(readers_need_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
