// SPDX-License-Identifier: GPL-2.0-or-later
/// `event hook PATH`: a program that is run when a server or a client comes or goes. The daemon never waits
/// for it: some run at a time, more wait in a queue, and what does not fit into it is left out and counted.
/// Servers, the operator's `clear` and clients have a queue each, and clients a rate and one program less at
/// a time, so that however often they come and go, what the others do is told. Of what waits of one client
/// the last event is told.
#pragma once

#include <stdint.h>

struct event;
struct hook;
struct uv_loop_s;

#define HOOK_RUNNING_MAX   4
#define HOOK_CLIENTS_MAX   3 ///< of them for clients
#define HOOK_QUEUE_MAX     256
#define HOOK_CLIENTS_BURST 256   ///< programs for clients at once; then 10 a second
#define HOOK_PATIENCE      30000 ///< milliseconds that a program may take

/// A program that has not ended after `patience` milliseconds is killed, with its process group, and counted.
struct hook *hook_new(struct uv_loop_s *loop, uint64_t patience);
/// Runs `path` for events from now on; NULL: none.
void hook_set_path(struct hook *hook, const char *path);
/// Runs the program for an event of the interface called `device`, if it is one of those that it is for. It
/// finds the facts in its environment: DMVPN_EVENT (the event's name), DMVPN_INTERFACE, DMVPN_ADDRESS,
/// DMVPN_NBMA, DMVPN_REASON.
void hook_on_event(struct hook *hook, const struct event *event, const char *device);
/// How many events were left out.
uint64_t hook_left_out(const struct hook *hook);
/// How many programs were killed.
uint64_t hook_killed(const struct hook *hook);
/// Forgets the queue; programs that run go on without us. Frees it when the loop next runs. NULL does no
/// harm.
void hook_free(struct hook *hook);
