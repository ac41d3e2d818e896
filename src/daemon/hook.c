// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/hook.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"
#include "core/action.h"

#define VARIABLES 8

struct job {
	struct job *prev, *next;
	struct event event;
	char device[IFACE_NAME_SIZE];
};

/// One program that runs. It outlives the hook where it takes longer.
struct child {
	uv_process_t process;
	uv_timer_t patience;
	unsigned open_handles;
	struct hook *hook;
	struct child *prev, *next;
};

struct hook {
	uv_loop_t *loop;
	char *path; ///< NULL: none
	struct job *queue;
	unsigned queued;
	struct child *children;
	unsigned running;
	uint64_t patience; ///< milliseconds
	uint64_t left_out;
	uint64_t killed;
	bool told; ///< the log said that events are left out, or that the program cannot be run
};

struct hook *hook_new(struct uv_loop_s *loop, uint64_t patience)
{
	struct hook *hook = alloc_zeroed(1, sizeof(*hook));

	hook->loop = loop;
	hook->patience = patience;
	return hook;
}

void hook_set_path(struct hook *hook, const char *path)
{
	char *copy = path ? alloc_string(path) : NULL;

	free(hook->path);
	hook->path = copy;
	hook->told = false;
}

static void run_next(struct hook *hook);

static void on_child_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;

	if (--child->open_handles == 0)
		free(child);
}

static void close_child(struct child *child)
{
	uv_close((uv_handle_t *)&child->process, on_child_closed);
	uv_close((uv_handle_t *)&child->patience, on_child_closed);
}

static void on_patience_ended(uv_timer_t *timer)
{
	struct child *child = timer->data;
	struct hook *hook = child->hook;

	// The program leads a process group of its own: what it started ends with it.
	(void)kill(-uv_process_get_pid(&child->process), SIGKILL);
	hook->killed++;
	log_warning("the event hook %s has not ended after %u ms: it is killed", hook->path ? hook->path : "",
		(unsigned)hook->patience);
}

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	struct child *child = process->data;
	struct hook *hook = child->hook;

	close_child(child);
	if (status != 0 || signal != 0)
		log_info("the event hook ended with status %d, signal %d", (int)status, signal);
	DL_DELETE(hook->children, child);
	hook->running--;
	run_next(hook);
}

static char *variable(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = alloc_zeroed(1, size);

	(void)snprintf(text, size, "%s=%s", name, value);
	return text;
}

static void spawn(struct hook *hook, const struct job *job)
{
	struct child *child = alloc_zeroed(1, sizeof(*child));
	char protocol[ADDR_TEXT_SIZE] = "", nbma[ADDR_TEXT_SIZE] = "";
	const char *path = getenv("PATH");
	char *argv[] = { hook->path, NULL };
	char *environment[VARIABLES] = {
		variable("PATH", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"),
		variable("DMVPN_EVENT", event_name(job->event.type)),
		variable("DMVPN_INTERFACE", job->device),
		variable("DMVPN_ADDRESS",
			addr_is_set(job->event.protocol) ? addr_format(job->event.protocol, protocol) : ""),
		variable(
			"DMVPN_NBMA", addr_is_set(job->event.nbma) ? addr_format(job->event.nbma, nbma) : ""),
		variable("DMVPN_REASON", job->event.reason ? job->event.reason : ""),
	};
	uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO } };
	const uv_process_options_t options = {
		.exit_cb = on_exit_of_child,
		.file = hook->path,
		.args = argv,
		.env = environment,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = ARRAY_SIZE(stdio),
		.stdio = stdio,
	};
	int result;

	child->process.data = child->patience.data = child;
	child->hook = hook;
	child->open_handles = 2;
	uv_timer_init(hook->loop, &child->patience);
	result = uv_spawn(hook->loop, &child->process, &options);
	for (size_t i = 0; i < VARIABLES; i++)
		free(environment[i]);
	if (result == 0) {
		DL_APPEND(hook->children, child);
		hook->running++;
		uv_timer_start(&child->patience, on_patience_ended, hook->patience, 0);
		return;
	}
	close_child(child);
	if (!hook->told)
		log_warning("cannot run the event hook %s: %s", hook->path, uv_strerror(result));
	hook->told = true;
}

static void run_next(struct hook *hook)
{
	while (hook->path && hook->queue && hook->running < HOOK_RUNNING_MAX) {
		struct job *job = hook->queue;

		DL_DELETE(hook->queue, job);
		hook->queued--;
		spawn(hook, job);
		free(job);
	}
}

static bool is_for_hook(enum event_type type)
{
	return type == EVENT_NHS_UP || type == EVENT_NHS_DOWN || type == EVENT_PEER_UP ||
	       type == EVENT_PEER_DOWN;
}

void hook_on_event(struct hook *hook, const struct event *event, const char *device)
{
	struct job *job;

	if (!hook->path || !is_for_hook(event->type))
		return;
	if (hook->queued == HOOK_QUEUE_MAX) {
		if (!hook->told)
			log_warning("the event hook %s is too slow: events are left out", hook->path);
		hook->told = true;
		hook->left_out++;
		return;
	}
	job = alloc_zeroed(1, sizeof(*job));
	job->event = *event;
	(void)snprintf(job->device, sizeof(job->device), "%s", device);
	DL_APPEND(hook->queue, job);
	hook->queued++;
	run_next(hook);
}

uint64_t hook_left_out(const struct hook *hook)
{
	return hook->left_out;
}

uint64_t hook_killed(const struct hook *hook)
{
	return hook->killed;
}

void hook_free(struct hook *hook)
{
	struct job *job, *next_job;
	struct child *child, *next;

	if (!hook)
		return;
	DL_FOREACH_SAFE(hook->queue, job, next_job)
	{
		free(job);
	}
	DL_FOREACH_SAFE(hook->children, child, next)
	{
		close_child(child);
	}
	free(hook->path);
	free(hook);
}
