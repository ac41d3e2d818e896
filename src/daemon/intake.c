// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/intake.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>
#include <uv.h>

#include "base/alloc.h"
#include "core/node.h"
#include "daemon/daemon.h"
#include "daemon/tunnel.h"
#include "link/admission.h"
#include "link/link.h"

#define SHARED_TURN 16 ///< packets of strangers in each turn of the loop, beside those of known peers
#define WHOLE_TURN  64 ///< while no known peer says anything: what one batch of the link holds
#define SILENCE     (100 * MONO_MILLISECOND) ///< without a known peer's packet
#define LIMIT       4096                     ///< packets of strangers that wait

struct waiting {
	struct waiting *next;
	uint32_t iface;
	struct addr from;
	size_t length;
	uint8_t packet[];
};

struct intake {
	struct daemon *daemon;
	struct waiting *first, *last;
	unsigned count;
	struct mono now;     ///< for all packets that come together; 0: not read yet
	unsigned turn;       ///< packets of strangers handled in this turn of the loop
	struct mono known;   ///< when a known peer said something last
	uv_prepare_t before; ///< each turn of the loop
	uv_idle_t busy;      ///< runs while somebody waits, so that the loop does not sleep
	unsigned handles_open;
};

/// The clock is read once for them: that is a system call where the kernel has no faster way.
static struct mono time_of_these(struct intake *intake)
{
	if (intake->now.us == 0)
		intake->now = daemon_now();
	return intake->now;
}

static void tell(
	struct intake *intake, uint32_t iface, struct addr from, const uint8_t *packet, size_t length)
{
	node_on_packet(intake->daemon->node, iface, from, packet, length, time_of_these(intake));
}

static void tell_refused(void *context, struct addr from, uint64_t count)
{
	const struct tunnel *tunnel = context;

	node_on_overload(tunnel->daemon->node, tunnel->nhrp->id, from, count);
}

/// What strangers send beyond the room in their queue is best dropped where it comes in.
static void tell_room(const struct intake *intake)
{
	struct daemon *daemon = intake->daemon;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		struct tunnel *tunnel = daemon->tunnels[i];

		if (!tunnel->link)
			continue;
		admission_set_room(tunnel->link->admission, LIMIT - intake->count);
		admission_each_refused(tunnel->link->admission, tell_refused, tunnel);
	}
}

void intake_end(struct intake *intake)
{
	intake->now = (struct mono) { 0 };
	tell_room(intake);
	daemon_drain(intake->daemon);
}

/// Larger batches cost less for each packet, but a known peer has to wait for them.
static unsigned turn_limit(struct intake *intake)
{
	return mono_between(intake->known, time_of_these(intake)) < SILENCE ? SHARED_TURN : WHOLE_TURN;
}

static struct waiting *pop(struct intake *intake)
{
	struct waiting *waiting = intake->first;

	if (!waiting)
		return NULL;
	intake->first = waiting->next;
	if (!intake->first)
		intake->last = NULL;
	intake->count--;
	return waiting;
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

static void on_turn(uv_prepare_t *prepare)
{
	struct intake *intake = prepare->data;
	struct waiting *waiting;
	unsigned limit;

	intake->turn = 0;
	if (!intake->first)
		return;
	limit = turn_limit(intake);
	while (intake->turn++ < limit && (waiting = pop(intake)) != NULL) {
		tell(intake, waiting->iface, waiting->from, waiting->packet, waiting->length);
		free(waiting);
	}
	intake_end(intake);
	if (!intake->first)
		uv_idle_stop(&intake->busy);
}

static void let_wait(
	struct intake *intake, uint32_t iface, struct addr from, const uint8_t *packet, size_t length)
{
	struct waiting *waiting = alloc_zeroed(1, sizeof(*waiting) + length);

	waiting->iface = iface;
	waiting->from = from;
	waiting->length = length;
	memcpy(waiting->packet, packet, length);
	if (intake->last)
		intake->last->next = waiting;
	else
		intake->first = waiting;
	intake->last = waiting;
	intake->count++;
	uv_idle_start(&intake->busy, on_idle);
}

void intake_add(struct intake *intake, uint32_t iface, struct addr from, const uint8_t *packet, size_t length)
{
	if (node_knows(intake->daemon->node, iface, from)) {
		intake->known = time_of_these(intake);
		tell(intake, iface, from, packet, length);
	} else if (!intake->first && intake->turn < turn_limit(intake)) {
		intake->turn++;
		tell(intake, iface, from, packet, length);
	} else if (intake->count < LIMIT) {
		let_wait(intake, iface, from, packet, length);
	} else {
		node_on_overload(intake->daemon->node, iface, from, 1);
	}
}

struct intake *intake_open(struct daemon *daemon)
{
	struct intake *intake = alloc_zeroed(1, sizeof(*intake));

	intake->daemon = daemon;
	intake->handles_open = 2;
	uv_prepare_init(daemon->loop, &intake->before);
	uv_idle_init(daemon->loop, &intake->busy);
	intake->before.data = intake->busy.data = intake;
	uv_prepare_start(&intake->before, on_turn);
	return intake;
}

static void on_closed(uv_handle_t *handle)
{
	struct intake *intake = handle->data;

	if (--intake->handles_open == 0)
		free(intake);
}

void intake_close(struct intake *intake)
{
	struct waiting *waiting;

	if (!intake)
		return;
	while ((waiting = pop(intake)) != NULL)
		free(waiting);
	uv_close((uv_handle_t *)&intake->before, on_closed);
	uv_close((uv_handle_t *)&intake->busy, on_closed);
}
