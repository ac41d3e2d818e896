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
#include "base/ratelimit.h"
#include "core/action.h"

#define VARIABLES    8
#define CLIENT_PAUSE 100 ///< milliseconds between two programs for clients, once the burst is used up

struct job {
	struct job *prev, *next;
	struct event event;
	char device[IFACE_NAME_SIZE];
};

/// Whose doing an event is, the first to be told first: clients come and go as often as they like, and a
/// `clear` can end many at once.
enum cause {
	CAUSE_SERVER,
	CAUSE_OPERATOR,
	CAUSE_CLIENT,
	CAUSES,
};

struct queue {
	struct job *jobs;
	unsigned waiting;
	unsigned running;
};

/// One program that runs. It outlives the hook where it takes longer.
struct child {
	uv_process_t process;
	uv_timer_t patience;
	unsigned open_handles;
	struct hook *hook;
	enum cause cause;
	struct child *prev, *next;
};

struct hook {
	uv_loop_t *loop;
	char *path; ///< NULL: none
	struct queue queues[CAUSES];
	struct child *children;
	struct ratelimit clients; ///< programs for them
	uv_timer_t pause;
	uint64_t patience; ///< milliseconds
	uint64_t left_out;
	uint64_t killed;
	bool told; ///< the log said that events are left out, or that the program cannot be run
};

static void on_pause_ended(uv_timer_t *timer);

struct hook *hook_new(struct uv_loop_s *loop, uint64_t patience)
{
	struct hook *hook = alloc_zeroed(1, sizeof(*hook));

	hook->loop = loop;
	hook->patience = patience;
	hook->clients = ratelimit_make(
		HOOK_CLIENTS_BURST, HOOK_CLIENTS_BURST * CLIENT_PAUSE * (int64_t)MONO_MILLISECOND);
	uv_timer_init(loop, &hook->pause);
	hook->pause.data = hook;
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
	hook->queues[child->cause].running--;
	run_next(hook);
}

static char *variable(const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = alloc_zeroed(1, size);

	(void)snprintf(text, size, "%s=%s", name, value);
	return text;
}

static void spawn(struct hook *hook, const struct job *job, enum cause cause)
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
	child->cause = cause;
	child->open_handles = 2;
	uv_timer_init(hook->loop, &child->patience);
	result = uv_spawn(hook->loop, &child->process, &options);
	for (size_t i = 0; i < VARIABLES; i++)
		free(environment[i]);
	if (result == 0) {
		DL_APPEND(hook->children, child);
		hook->queues[cause].running++;
		uv_timer_start(&child->patience, on_patience_ended, hook->patience, 0);
		return;
	}
	close_child(child);
	if (!hook->told)
		log_warning("cannot run the event hook %s: %s", hook->path, uv_strerror(result));
	hook->told = true;
}

static void drop(struct queue *queue, struct job *job)
{
	DL_DELETE(queue->jobs, job);
	queue->waiting--;
	free(job);
}

static unsigned running(const struct hook *hook)
{
	unsigned count = 0;

	for (enum cause cause = 0; cause < CAUSES; cause++)
		count += hook->queues[cause].running;
	return count;
}

/// Runs what waits first, if it may; false: nothing.
static bool run_first(struct hook *hook, enum cause cause)
{
	struct queue *queue = &hook->queues[cause];
	struct mono now = { (int64_t)uv_now(hook->loop) * MONO_MILLISECOND };

	if (!hook->path || !queue->jobs || running(hook) >= HOOK_RUNNING_MAX)
		return false;
	if (cause == CAUSE_CLIENT) {
		if (queue->running >= HOOK_CLIENTS_MAX)
			return false;
		if (!ratelimit_take(&hook->clients, now)) {
			uv_timer_start(&hook->pause, on_pause_ended, CLIENT_PAUSE, 0);
			return false;
		}
	}
	spawn(hook, queue->jobs, cause);
	drop(queue, queue->jobs);
	return true;
}

static void run_next(struct hook *hook)
{
	enum cause cause = 0;

	while (cause < CAUSES)
		cause = run_first(hook, cause) ? 0 : cause + 1;
}

static void on_pause_ended(uv_timer_t *timer)
{
	run_next(timer->data);
}

static bool is_of_client(enum event_type type)
{
	return type == EVENT_PEER_UP || type == EVENT_PEER_DOWN;
}

static bool is_for_hook(enum event_type type)
{
	return type == EVENT_NHS_UP || type == EVENT_NHS_DOWN || is_of_client(type);
}

static enum cause cause_of(const struct event *event)
{
	if (!is_of_client(event->type))
		return CAUSE_SERVER;
	return event->reason && strcmp(event->reason, EVENT_CLEARED) == 0 ? CAUSE_OPERATOR : CAUSE_CLIENT;
}

/// What still waits to be told of the client's own doing; else NULL.
static struct job *waiting(const struct hook *hook, const struct event *event)
{
	struct job *job;

	DL_FOREACH(hook->queues[CAUSE_CLIENT].jobs, job)
	{
		if (job->event.iface == event->iface && addr_equal(job->event.protocol, event->protocol))
			return job;
	}
	return NULL;
}

/// What waits of the same client is out of date. The event takes its place, so that a client which comes and
/// goes without end has one place in the queue; true. One of the operator's has a queue of its own; false.
static bool combine(struct hook *hook, const struct event *event, enum cause cause)
{
	struct job *job = cause == CAUSE_SERVER ? NULL : waiting(hook, event);

	if (!job)
		return false;
	hook->left_out++;
	if (cause == CAUSE_OPERATOR) {
		drop(&hook->queues[CAUSE_CLIENT], job);
		return false;
	}
	job->event = *event;
	return true;
}

void hook_on_event(struct hook *hook, const struct event *event, const char *device)
{
	enum cause cause = cause_of(event);
	struct queue *queue = &hook->queues[cause];
	struct job *job;

	if (!hook->path || !is_for_hook(event->type) || combine(hook, event, cause))
		return;
	if (queue->waiting == HOOK_QUEUE_MAX) {
		if (!hook->told)
			log_warning(
				"the event hook %s is too slow, or there is too much to tell it: events are left out",
				hook->path);
		hook->told = true;
		hook->left_out++;
		return;
	}
	job = alloc_zeroed(1, sizeof(*job));
	job->event = *event;
	(void)snprintf(job->device, sizeof(job->device), "%s", device);
	DL_APPEND(queue->jobs, job);
	queue->waiting++;
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

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

void hook_free(struct hook *hook)
{
	struct child *child, *next;

	if (!hook)
		return;
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		while (hook->queues[cause].jobs)
			drop(&hook->queues[cause], hook->queues[cause].jobs);
	}
	DL_FOREACH_SAFE(hook->children, child, next)
	{
		close_child(child);
	}
	free(hook->path);
	uv_close((uv_handle_t *)&hook->pause, on_closed);
}
