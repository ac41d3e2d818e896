// SPDX-License-Identifier: GPL-2.0-or-later
/// The daemon: one core, the kernel around it, and the event loop that carries inputs in and actions out.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/mono.h"
#include "ctl/context.h"
#include "daemon/events.h"

struct apply;
struct config;
struct ctl_server;
struct early;
struct guard;
struct intake;
struct hook;
struct http;
struct ike;
struct monitor;
struct names;
struct nflog;
struct node;
struct registrations;
struct rtnl;
struct state;
struct statics;
struct tunnel;

struct daemon_options {
	const char *config;    ///< path of the configuration
	const char *control;   ///< path of the control socket
	bool sandbox;          ///< forbid system calls that are not needed
	const char *state_dir; ///< where request IDs survive a restart
};

struct daemon {
	uv_loop_t *loop;
	const struct daemon_options *options;
	struct config *config;
	struct node *node;
	struct rtnl *rtnl;
	struct monitor *monitor;
	struct apply *apply;
	struct guard *guard;
	struct ike *ike;     ///< NULL: no tunnel is protected
	struct early *early; ///< see marking.h
	unsigned early_count;
	struct nflog *nflog;
	struct statics *statics;
	struct names *names;
	struct state *state;
	struct registrations *registrations;
	struct intake *intake;
	struct ctl_server *control;
	struct http *http; ///< NULL: no metrics are offered
	struct hook *hook;
	struct ctl_context context;
	struct events_limit events;
	struct tunnel **tunnels; ///< one per interface of the configuration
	size_t tunnel_count;
	uv_timer_t wake;   ///< the core's next timer
	uv_timer_t second; ///< use of peers, retries, request IDs
	uv_signal_t signals[4];
	bool handing_over; ///< a successor is about to start: what is in the kernel stays
	bool draining;
	bool stopping;
};

/// Runs until SIGTERM or SIGINT, which remove what it made and take leave of all peers, or until SIGUSR2,
/// which leaves everything to a successor; and takes over the configuration. Returns the exit status: 0 after
/// a clean end, 1 where it could not start (the log says why).
int daemon_run(struct config *config, const struct daemon_options *options);

/// The time now, as the core counts it.
struct mono daemon_now(void);
/// Carries out what the core wants; to be called after every input.
void daemon_drain(struct daemon *daemon);
/// The tunnel with this number; NULL where there is none.
struct tunnel *daemon_tunnel(const struct daemon *daemon, uint32_t id);
