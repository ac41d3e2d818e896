// SPDX-License-Identifier: GPL-2.0-or-later
/// The little world of a measurement: namespaces without names, which end with this process, and a folder.
///
/// The process itself goes into a namespace of its own, in which the load is made. Each node lives in
/// another, held by a child that does nothing.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

#define WORLD_NODES 4

struct world_node {
	pid_t holder;
	int net; ///< file descriptor of the network namespace
};

struct world {
	char directory[64]; ///< for configurations, sockets, logs; removed at the end
	struct world_node nodes[WORLD_NODES];
	unsigned count;
	int home; ///< our own network namespace
};

/// Leaves the system's network for good.
bool world_open(struct world *world, struct err *err) MUST_CHECK;
/// Another namespace, or NULL and `err`.
struct world_node *world_add(struct world *world, struct err *err) MUST_CHECK;
/// Runs a shell command in the node's network namespace (NULL: ours) and waits for it.
bool world_run(const struct world_node *node, struct err *err, const char *format, ...) MUST_CHECK
	PRINTF_LIKE(3, 4);
/// Forks into the namespace: 0 in the child, which ends with us, its process ID in the parent, -1 with `err`.
pid_t world_fork(const struct world_node *node, struct err *err) MUST_CHECK;
/// Opens an IPv4 socket in a node's namespace; -1 with `err`.
int world_socket(
	const struct world *world, const struct world_node *node, int type, struct err *err) MUST_CHECK;
/// Ends the namespaces and removes the folder.
void world_close(struct world *world);
