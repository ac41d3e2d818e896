// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_SIZE 2048

bool world_open(struct world *world, struct err *err)
{
	*world = (struct world) { .directory = "/tmp/dmvpn-bench-XXXXXX" };
	if (geteuid() != 0)
		return err_set(err, "network namespaces need root: run it with sudo");
	if (unshare(CLONE_NEWNET) < 0)
		return err_set_errno(err, errno, "cannot make a network namespace");
	world->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!mkdtemp(world->directory))
		return err_set_errno(err, errno, "cannot make a folder in /tmp");
	return world_run(NULL, err, "ip link set lo up");
}

/// The child that holds a namespace. It ends with the pipe's other end, which is ours alone.
static void hold(int ready, pid_t parent)
{
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || unshare(CLONE_NEWNET) < 0 || write(ready, &byte, 1) != 1)
		_exit(EXIT_FAILURE);
	for (;;)
		pause();
}

static bool open_namespace(struct world_node *node, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)node->holder);
	node->net = open(path, O_RDONLY | O_CLOEXEC);
	return node->net >= 0 || err_set_errno(err, errno, "cannot open %s", path);
}

struct world_node *world_add(struct world *world, struct err *err)
{
	struct world_node *node = &world->nodes[world->count];
	pid_t parent = getpid();
	int ends[2];
	char byte;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		err_set_errno(err, errno, "cannot make a pipe");
		return NULL;
	}
	node->holder = fork();
	if (node->holder == 0)
		hold(ends[1], parent);
	close(ends[1]);
	ok = node->holder > 0 && read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	if (!ok) {
		err_set(err, "cannot make a network namespace");
		return NULL;
	}
	world->count++;
	if (!open_namespace(node, err) ||
		!world_run(node, err,
			"ip link set lo up; echo 1 >/proc/sys/net/ipv4/ip_forward; "
			"echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true"))
		return NULL;
	return node;
}

pid_t world_fork(const struct world_node *node, struct err *err)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		err_set_errno(err, errno, "cannot make a process");
	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (node && setns(node->net, CLONE_NEWNET) < 0))
		_exit(EXIT_FAILURE);
	return 0;
}

bool world_run(const struct world_node *node, struct err *err, const char *format, ...)
{
	char command[COMMAND_SIZE];
	va_list arguments;
	int status = -1;
	pid_t child;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	child = world_fork(node, err);
	if (child < 0)
		return false;
	if (child == 0) {
		execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(EXIT_FAILURE);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		return err_set(err, "this command failed: %s", command);
	return true;
}

int world_socket(const struct world *world, const struct world_node *node, int type, struct err *err)
{
	int fd = -1;

	if (setns(node->net, CLONE_NEWNET) == 0)
		fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err_set_errno(err, errno, "cannot open a socket in another namespace");
	if (setns(world->home, CLONE_NEWNET) < 0)
		abort();
	return fd;
}

static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	char name[512];

	while (directory && (entry = readdir(directory)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && unlink(name) < 0)
			remove_directory(name);
	}
	if (directory)
		closedir(directory);
	rmdir(path);
}

void world_close(struct world *world)
{
	for (unsigned i = 0; i < world->count; i++) {
		close(world->nodes[i].net);
		kill(world->nodes[i].holder, SIGKILL);
		waitpid(world->nodes[i].holder, NULL, 0);
	}
	close(world->home);
	remove_directory(world->directory);
}
