// SPDX-License-Identifier: GPL-2.0-or-later
/// Every input goes the same way: the kernel or a peer tells something, the core is told with the time, and
/// daemon_drain() carries out what the core then wants.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf/conf.h"
#include "core/node.h"
#include "ctl/http.h"
#include "ctl/server.h"
#include "daemon/configure.h"
#include "daemon/daemon.h"
#include "daemon/events.h"
#include "daemon/host.h"
#include "daemon/hook.h"
#include "daemon/intake.h"
#include "daemon/learned.h"
#include "daemon/names.h"
#include "daemon/protection.h"
#include "daemon/registrations.h"
#include "daemon/sandbox.h"
#include "daemon/service.h"
#include "daemon/state.h"
#include "daemon/statics.h"
#include "daemon/tunnel.h"
#include "link/admission.h"
#include "link/link.h"
#include "linux/apply.h"
#include "linux/device.h"
#include "linux/guard.h"
#include "linux/monitor.h"
#include "linux/nflog.h"
#include "linux/rtnl.h"

struct mono daemon_now(void)
{
	return (struct mono) { (int64_t)(uv_hrtime() / 1000) };
}

struct tunnel *daemon_tunnel(const struct daemon *daemon, uint32_t id)
{
	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		if (daemon->tunnels[i]->nhrp->id == id)
			return daemon->tunnels[i];
	}
	return NULL;
}

/* What the core wants. */

static void send_packet(struct daemon *daemon, const struct action *action)
{
	const struct tunnel *tunnel = daemon_tunnel(daemon, action->iface);
	struct err err;

	if (!tunnel || !tunnel->link)
		return;
	tunnel_tell_packet(tunnel, false, action->send.nbma, action->packet, action->send.length);
	// A packet that the underlay refuses is like one that it lost: the core's timers repeat it.
	if (!tunnel->link->ops->send_nhrp(
		    tunnel->link, action->send.nbma, action->packet, action->send.length, &err))
		log_debug("%s: %s", tunnel->nhrp->name, err.text);
}

static void tell_peer(struct daemon *daemon, const struct action *action)
{
	const struct tunnel *tunnel = daemon_tunnel(daemon, action->iface);

	if (tunnel && tunnel->link)
		admission_know(tunnel->link->admission, action->peer.nbma, action->peer.known);
}

/// `now` is that of all events that are handled together; 0 before the first.
static void handle_event(struct daemon *daemon, const struct event *event, struct mono *now)
{
	struct tunnel *tunnel = daemon_tunnel(daemon, event->iface);
	const char *device = tunnel ? tunnel->nhrp->name : "-";

	if (now->us == 0)
		*now = daemon_now();
	events_log(event, device, &daemon->events, *now);
	ctl_server_event(daemon->control, event, device, *now);
	hook_on_event(daemon->hook, event, device);
	switch (event->type) {
	case EVENT_NHS_UP:
	case EVENT_NHS_DOWN:
		statics_update(daemon->statics);
		if (tunnel)
			tunnel_show_state(tunnel);
		break;
	default:
		break;
	}
}

static void on_wake(uv_timer_t *timer)
{
	struct daemon *daemon = timer->data;

	node_tick(daemon->node, daemon_now());
	daemon_drain(daemon);
}

static void arm_wake(struct daemon *daemon)
{
	struct mono next = node_next_wake(daemon->node);
	int64_t wait = mono_between(daemon_now(), next);

	if (daemon->stopping || mono_is_never(next)) {
		uv_timer_stop(&daemon->wake);
		return;
	}
	uv_update_time(daemon->loop);
	// Rounded up to the loop's milliseconds: a timer that fires early would find nothing due.
	wait = wait < 0 ? 0 : (wait + MONO_MILLISECOND - 1) / MONO_MILLISECOND;
	uv_timer_start(&daemon->wake, on_wake, (uint64_t)wait, 0);
}

void daemon_drain(struct daemon *daemon)
{
	struct action *action;
	struct mono now = { 0 };

	// What is done here can be told back by the kernel at once; that waits for the outer call.
	if (daemon->draining)
		return;
	daemon->draining = true;
	do {
		while ((action = node_pop_action(daemon->node)) != NULL) {
			if (action->type == ACTION_SEND)
				send_packet(daemon, action);
			else if (action->type == ACTION_RENEW_SA)
				protection_renew(daemon, action);
			else if (action->type == ACTION_PEER)
				tell_peer(daemon, action);
			else
				handle_event(daemon, &action->event, &now);
			free(action);
		}
		for (size_t i = 0; i < daemon->tunnel_count; i++)
			tunnel_flush(daemon->tunnels[i]);
		apply_changes(daemon->apply);
	} while (daemon->node->actions || desired_has_change(&daemon->node->desired));
	daemon->draining = false;
	arm_wake(daemon);
}

static void on_second(uv_timer_t *timer)
{
	struct daemon *daemon = timer->data;

	service_alive();
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		tunnel_on_second(daemon->tunnels[i]);
	statics_update(daemon->statics);
	names_update(daemon->names);
	state_keep(daemon->state, daemon->node->next_request_id);
	registrations_keep(daemon->registrations, daemon->node, daemon_now());
	events_log_left_out(&daemon->events);
	intake_end(daemon->intake); // counts what was dropped while nothing came in
}

/* What others ask of us. */

static struct link *find_link(void *owner, uint32_t iface)
{
	const struct tunnel *tunnel = daemon_tunnel(owner, iface);

	return tunnel ? tunnel->link : NULL;
}

static const char *find_device_state(void *owner, uint32_t iface)
{
	const struct tunnel *tunnel = daemon_tunnel(owner, iface);
	struct device_info device;
	struct err err;

	if (!tunnel || tunnel->device == 0 ||
		!device_get(tunnel->daemon->rtnl, tunnel->nhrp->name, &device, &err))
		return NULL;
	return device_state(&device);
}

static void on_changed(void *owner)
{
	daemon_drain(owner);
}

static bool on_configure(void *owner, const char *text, size_t length, struct ctl_change *ret)
{
	return configure_text(owner, text, length, ret);
}

static bool on_reload(void *owner, struct ctl_change *ret)
{
	return configure_file(owner, ret);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;

	if (number == SIGHUP) {
		service_reloading();
		configure_reload(daemon);
		service_ready();
		return;
	}
	daemon->handing_over = number == SIGUSR2;
	log_notice("ending: %s", number == SIGTERM  ? "SIGTERM"
				 : number == SIGINT ? "SIGINT"
						    : "SIGUSR2, for a successor: all stays in place");
	uv_stop(daemon->loop);
}

/* Start and end. */

static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	// Only jitter depends on it: the clock will do where the system has no entropy yet.
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = uv_hrtime();
	return seed;
}

/// Nobody shall know which addresses collide in our tables.
static void seed_tables(void)
{
	const uint64_t seed[] = { random_seed(), random_seed() };
	uint8_t bytes[HASH_SEED_SIZE];

	_Static_assert(sizeof(seed) == sizeof(bytes), "the seed has two words");
	memcpy(bytes, seed, sizeof(bytes));
	hash_seed(bytes);
}

static void start_handles(struct daemon *daemon)
{
	const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2 };

	uv_timer_init(daemon->loop, &daemon->wake);
	uv_timer_init(daemon->loop, &daemon->second);
	daemon->wake.data = daemon->second.data = daemon;
	uv_timer_start(&daemon->second, on_second, 1000, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(daemon->loop, &daemon->signals[i]);
		daemon->signals[i].data = daemon;
		uv_signal_start(&daemon->signals[i], on_signal, numbers[i]);
	}
}

static void on_hook_counts(void *owner, uint64_t *ret_left_out, uint64_t *ret_killed)
{
	const struct daemon *daemon = owner;

	*ret_left_out = hook_left_out(daemon->hook);
	*ret_killed = hook_killed(daemon->hook);
}

static const char *on_route_waits(void *owner, const struct static_route *route)
{
	const struct daemon *daemon = owner;

	return daemon->statics ? statics_waits(daemon->statics, route) : NULL;
}

static bool open_control(struct daemon *daemon, const char *path, struct err *err)
{
	daemon->context = (struct ctl_context) {
		.node = daemon->node,
		.config = daemon->config,
		.now = daemon_now,
		.started = daemon_now(),
		.link = find_link,
		.device_state = find_device_state,
		.changed = on_changed,
		.configure = on_configure,
		.reload = on_reload,
		.hook_counts = on_hook_counts,
		.route_waits = on_route_waits,
		.config_path = daemon->options->config,
		.owner = daemon,
	};
	daemon->control = ctl_server_open(daemon->loop, path, &daemon->context, CTL_LIMITS_DEFAULT, err);
	return daemon->control != NULL;
}

static bool is_configured(void *context, const char *name)
{
	const struct daemon *daemon = context;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		if (strcmp(daemon->tunnels[i]->nhrp->name, name) == 0)
			return true;
	}
	return false;
}

static void sweep_devices(struct daemon *daemon)
{
	unsigned count = link_sweep(is_configured, daemon);

	if (count > 0)
		log_notice("removed %u tunnel devices that an earlier run left", count);
}

static bool start(struct daemon *daemon, const struct daemon_options *options, struct err *err)
{
	// The control socket comes first: where another daemon answers on it, nothing must be touched.
	if (!open_control(daemon, options->control, err) || !host_open(daemon, err) ||
		!configure_guard(daemon, err) || !protection_configure(daemon, err))
		return false;
	configure_metrics(daemon);
	sweep_devices(daemon);
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		tunnel_update(daemon->tunnels[i]);
	statics_update(daemon->statics);
	names_update(daemon->names);
	learned_restore(daemon->options->state_dir, daemon->node, daemon_now());
	host_take_stock(daemon);
	statics_sweep(daemon->statics);
	daemon_drain(daemon);
	return true;
}

static void stop(struct daemon *daemon)
{
	service_stopping();
	if (daemon->handing_over) {
		service_leave(link_hold_protocol());
		learned_save(daemon->options->state_dir, daemon->node, daemon_now());
	} else if (daemon->apply) {
		node_shutdown(daemon->node, daemon_now());
		daemon_drain(daemon);
	}
	daemon->stopping = true;
	// Disks may be slow, and the links work until they are closed.
	registrations_close(daemon->registrations, daemon->node, daemon_now());
	state_close(daemon->state, daemon->node->next_request_id);
	monitor_close(daemon->monitor);
	names_free(daemon->names);
	if (!daemon->handing_over)
		host_withdraw(daemon);
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		tunnel_close(daemon->tunnels[i], daemon->handing_over);
	protection_stop(daemon);
	statics_free(daemon->statics);
	nflog_close(daemon->nflog);
	ctl_server_close(daemon->control);
	daemon->control = NULL;
	http_close(daemon->http);
	hook_free(daemon->hook);
	apply_free(daemon->apply);
	guard_close(daemon->guard);
	uv_close((uv_handle_t *)&daemon->wake, NULL);
	uv_close((uv_handle_t *)&daemon->second, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(daemon->signals); i++)
		uv_close((uv_handle_t *)&daemon->signals[i], NULL);
	intake_close(daemon->intake);
	uv_run(daemon->loop, UV_RUN_DEFAULT);
	rtnl_close(daemon->rtnl);
	node_free(daemon->node);
	configure_done(daemon);
}

int daemon_run(struct config *config, const struct daemon_options *options)
{
	struct daemon daemon = { .loop = uv_default_loop(), .options = options };
	struct err err;
	bool started;

	seed_tables();
	daemon.state = state_open(options->state_dir);
	daemon.node = node_new(&config->node, random_seed(), state_request_id(daemon.state), daemon_now());
	daemon.registrations = registrations_open(options->state_dir, daemon.loop);
	daemon.intake = intake_open(&daemon);
	registrations_restore(daemon.registrations, daemon.node, daemon_now());
	configure_first(&daemon, config);
	start_handles(&daemon);
	daemon.hook = hook_new(daemon.loop, HOOK_PATIENCE);
	hook_set_path(daemon.hook, config->hook);
	started = start(&daemon, options, &err);
	if (started && options->sandbox)
		started = sandbox_enter(&err);
	if (started) {
		service_take();
		service_ready();
		uv_run(daemon.loop, UV_RUN_DEFAULT);
	} else {
		log_error("cannot start: %s", err.text);
	}
	stop(&daemon);
	uv_loop_close(daemon.loop);
	return started ? 0 : 1;
}
