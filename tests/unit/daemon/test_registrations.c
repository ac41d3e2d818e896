// SPDX-License-Identifier: GPL-2.0-or-later
// The file of registrations, while tunnels come and go: it is written little by little.
#include "daemon/registrations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <uv.h>

#include "core/cache.h"
#include "core/node.h"

#define CLIENTS 120 ///< of each tunnel: more than are written at once

struct bed {
	uv_loop_t loop;
	char directory[32];
	char path[64];
	struct iface_config ifaces[2];
	struct node_config both, second, swapped;
	struct iface_config swapped_ifaces[2];
	struct node *node;
	struct registrations *registrations;
	struct mono now;
};

static void register_clients(struct bed *bed, uint32_t tunnel)
{
	struct binding_facts facts = { .type = BINDING_DYNAMIC, .holding_time = 600 };

	for (uint32_t i = 0; i < CLIENTS; i++) {
		facts.nbma = addr_from_ipv4(0xac100000 + 256 * tunnel + i);
		assert_non_null(cache_set(node_iface(bed->node, tunnel),
			addr_from_ipv4(0x0a000002 + 65536 * tunnel + i), &facts, bed->now));
	}
}

static struct bed *bed_new(void)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	assert_non_null(bed);
	strcpy(bed->directory, "/tmp/registrations-XXXXXX");
	assert_non_null(mkdtemp(bed->directory));
	snprintf(bed->path, sizeof(bed->path), "%s/registrations", bed->directory);
	assert_int_equal(uv_loop_init(&bed->loop), 0);
	bed->now.us = 100 * MONO_SECOND;
	for (uint32_t i = 0; i < 2; i++)
		bed->ifaces[i] = (struct iface_config) {
			.id = i + 1,
			.address = { .addr = addr_from_ipv4(0x0a000001 + 65536 * (i + 1)), .length = 16 },
			.network_id = 1,
			.holding_time = 600,
			.limits = limits_default(),
		};
	bed->swapped_ifaces[0] = bed->ifaces[1];
	bed->swapped_ifaces[1] = bed->ifaces[0];
	bed->both = (struct node_config) { bed->ifaces, 2 };
	bed->second = (struct node_config) { bed->ifaces + 1, 1 };
	bed->swapped = (struct node_config) { bed->swapped_ifaces, 2 };
	bed->node = node_new(&bed->both, 1, 1, bed->now);
	bed->registrations = registrations_open(bed->directory, &bed->loop);
	register_clients(bed, 1);
	register_clients(bed, 2);
	return bed;
}

/// As the daemon does every second: first it may have to find out that it must begin anew.
static void write_file(struct bed *bed)
{
	for (int i = 0; i < 2; i++) {
		registrations_keep(bed->registrations, bed->node, bed->now);
		uv_run(&bed->loop, UV_RUN_DEFAULT);
	}
}

/// How many clients of a tunnel the file has, each once.
static unsigned clients_in_file(const struct bed *bed, unsigned tunnel)
{
	FILE *file = fopen(bed->path, "r");
	char line[256], before[256] = "";
	unsigned count = 0, found;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		assert_int_equal(sscanf(line, "%u", &found), 1);
		assert_string_not_equal(line, before);
		memcpy(before, line, sizeof(line));
		count += found == tunnel;
	}
	(void)fclose(file);
	return count;
}

static void bed_free(struct bed *bed)
{
	registrations_close(bed->registrations, bed->node, bed->now);
	uv_run(&bed->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&bed->loop), 0);
	node_free(bed->node);
	(void)unlink(bed->path);
	assert_int_equal(rmdir(bed->directory), 0);
	free(bed);
}

/// How many clients of each tunnel are in the file where it is being written when a new configuration comes,
/// if any.
static void expect_clients(
	struct bed *bed, const struct node_config *meanwhile, unsigned first, unsigned second)
{
	if (meanwhile) {
		registrations_keep(bed->registrations, bed->node, bed->now);
		node_configure(bed->node, meanwhile, bed->now);
	}
	write_file(bed);
	assert_int_equal(clients_in_file(bed, 1), first);
	assert_int_equal(clients_in_file(bed, 2), second);
	bed_free(bed);
}

static void all_clients_are_written(void **state)
{
	(void)state;
	expect_clients(bed_new(), NULL, CLIENTS, CLIENTS);
}

/// The tunnel whose clients are being written is no more.
static void a_tunnel_that_goes_takes_its_clients_along(void **state)
{
	struct bed *bed = bed_new();

	(void)state;
	expect_clients(bed, &bed->second, 0, CLIENTS);
}

static void no_client_is_left_out_where_tunnels_change_places(void **state)
{
	struct bed *bed = bed_new();

	(void)state;
	expect_clients(bed, &bed->swapped, CLIENTS, CLIENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_clients_are_written),
		cmocka_unit_test(a_tunnel_that_goes_takes_its_clients_along),
		cmocka_unit_test(no_client_is_left_out_where_tunnels_change_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
