// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/alloc.h"
#include "core/emit.h"
#include "core/node.h"

static const char *const event_names[EVENT_TYPES] = {
	[EVENT_NHS_UP] = "nhs-up",
	[EVENT_NHS_DOWN] = "nhs-down",
	[EVENT_PEER_UP] = "peer-up",
	[EVENT_PEER_DOWN] = "peer-down",
	[EVENT_PEER_MOVED] = "peer-moved",
	[EVENT_REGISTRATION_REFUSED] = "registration-refused",
	[EVENT_SHORTCUT_UP] = "shortcut-up",
	[EVENT_SHORTCUT_DOWN] = "shortcut-down",
	[EVENT_BINDING_UP] = "binding-up",
	[EVENT_BINDING_DOWN] = "binding-down",
	[EVENT_RESOLUTION_FAILED] = "resolution-failed",
	[EVENT_REDIRECT_SENT] = "redirect-sent",
	[EVENT_PACKET_REFUSED] = "packet-refused",
	[EVENT_ERROR_RECEIVED] = "error-received",
};

const char *event_name(enum event_type type)
{
	return type < EVENT_TYPES ? event_names[type] : "unknown";
}

static void push(struct node *node, struct action *action)
{
	if (node->actions_last)
		node->actions_last->next = action;
	else
		node->actions = action;
	node->actions_last = action;
}

void emit_event(struct node *node, const struct event *event)
{
	struct action *action = alloc_zeroed(1, sizeof(*action));

	action->type = ACTION_EVENT;
	action->iface = event->iface;
	action->event = *event;
	push(node, action);
}

void emit_remote_event(struct node *node, const struct event *event, struct mono now)
{
	if (ratelimit_take(&node->events, now))
		emit_event(node, event);
	else
		node->events_suppressed++;
}

void emit_renew_sa(struct iface *iface, struct addr nbma)
{
	struct action *action = alloc_zeroed(1, sizeof(*action));

	action->type = ACTION_RENEW_SA;
	action->iface = iface->config->id;
	action->renew = nbma;
	push(iface->node, action);
}

void emit_peer(struct iface *iface, struct addr nbma, bool known)
{
	struct action *action = alloc_zeroed(1, sizeof(*action));

	action->type = ACTION_PEER;
	action->iface = iface->config->id;
	action->peer.nbma = nbma;
	action->peer.known = known;
	push(iface->node, action);
}

void emit_packet(struct iface *iface, struct addr nbma, const uint8_t *packet, size_t length)
{
	struct action *action = alloc_zeroed(1, sizeof(*action) + length);

	action->type = ACTION_SEND;
	action->iface = iface->config->id;
	action->send.nbma = nbma;
	action->send.length = length;
	memcpy(action->packet, packet, length);
	push(iface->node, action);
}

struct action *node_pop_action(struct node *node)
{
	struct action *action = node->actions;

	if (!action)
		return NULL;
	node->actions = action->next;
	if (!node->actions)
		node->actions_last = NULL;
	action->next = NULL;
	return action;
}
