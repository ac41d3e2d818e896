// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "base/log.h"
#include "daemon/events.h"
#include "wire/nhrp_msg.h"

#define CLIENT_LINES 200 ///< on clients that came and went, a second

static enum log_level level_of(enum event_type type)
{
	switch (type) {
	case EVENT_NHS_DOWN:
	case EVENT_REGISTRATION_REFUSED:
	case EVENT_PACKET_REFUSED:
	case EVENT_ERROR_RECEIVED:
		return LOG_LEVEL_WARNING;
	case EVENT_NHS_UP:
	case EVENT_PEER_UP:
	case EVENT_PEER_DOWN:
	case EVENT_PEER_MOVED:
		return LOG_LEVEL_NOTICE;
	case EVENT_SHORTCUT_UP:
	case EVENT_SHORTCUT_DOWN:
	case EVENT_BINDING_UP:
	case EVENT_BINDING_DOWN:
	case EVENT_RESOLUTION_FAILED:
	case EVENT_REDIRECT_SENT:
		return LOG_LEVEL_INFO;
	case EVENT_TYPES:
		break;
	}
	return LOG_LEVEL_DEBUG;
}

/// Appends to a line that may be full already.
static void add(char *line, size_t size, size_t *at, const char *format, const char *text)
{
	int n = *at < size ? snprintf(line + *at, size - *at, format, text) : 0;

	if (n > 0)
		*at += (size_t)n;
}

/// Clients, and ways to others, may come and go as often as they like, and all of them at once.
static bool comes_and_goes(enum event_type type)
{
	return type == EVENT_PEER_UP || type == EVENT_PEER_DOWN || type == EVENT_PEER_MOVED ||
	       type == EVENT_BINDING_UP || type == EVENT_BINDING_DOWN || type == EVENT_SHORTCUT_UP ||
	       type == EVENT_SHORTCUT_DOWN;
}

static bool is_too_much(struct events_limit *limit, enum event_type type, struct mono now)
{
	if (!comes_and_goes(type))
		return false;
	if (limit->clients.burst == 0)
		limit->clients = ratelimit_make(CLIENT_LINES, MONO_SECOND);
	if (ratelimit_take(&limit->clients, now))
		return false;
	limit->left_out++;
	return true;
}

void events_log_left_out(struct events_limit *limit)
{
	if (limit->left_out > 0)
		log_notice("%u more lines on peers and shortcuts that came and went were left out",
			limit->left_out);
	limit->left_out = 0;
}

void events_log(const struct event *event, const char *device, struct events_limit *limit, struct mono now)
{
	char line[256] = "";
	char prefix[PREFIX_TEXT_SIZE], protocol[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE];
	struct log_field fields[LOG_FIELDS_MAX] = { { "event", event_name(event->type) },
		{ "interface", device } };
	size_t count = 2, at = 0;

	if (!log_is_on(level_of(event->type)) || is_too_much(limit, event->type, now))
		return;
	if (addr_is_set(event->prefix.addr)) {
		fields[count++] = (struct log_field) { "prefix", prefix_format(event->prefix, prefix) };
		add(line, sizeof(line), &at, " %s", prefix);
	}
	if (addr_is_set(event->protocol)) {
		fields[count++] = (struct log_field) { "address", addr_format(event->protocol, protocol) };
		add(line, sizeof(line), &at, at > 0 ? " via %s" : " %s", protocol);
	}
	if (addr_is_set(event->nbma)) {
		fields[count++] = (struct log_field) { "nbma", addr_format(event->nbma, nbma) };
		add(line, sizeof(line), &at, " at %s", nbma);
	}
	if (event->reason) {
		fields[count++] = (struct log_field) { "reason", event->reason };
		add(line, sizeof(line), &at, ": %s", event->reason);
	}
	log_line_with(
		level_of(event->type), fields, count, "%s: %s%s", device, event_name(event->type), line);
}

void events_log_packet(
	const char *device, const char *direction, struct addr nbma, const uint8_t *packet, size_t length)
{
	const enum log_level level = LOG_LEVEL_DEBUG;
	char peer[ADDR_TEXT_SIZE], src[ADDR_TEXT_SIZE], dst[ADDR_TEXT_SIZE];
	enum nhrp_decode_status status;
	struct nhrp_msg msg;

	if (!log_is_on(level))
		return;
	status = nhrp_msg_decode(packet, length, &msg, NULL);
	if (status != NHRP_DECODE_OK) {
		log_line(level, "%s: packet %s %s, %zu bytes: %s", device, direction, addr_format(nbma, peer),
			length, nhrp_decode_status_text(status));
		return;
	}
	log_line(level, "%s: packet %s %s, %zu bytes: %s, request ID %u, source %s, destination %s", device,
		direction, addr_format(nbma, peer), length, nhrp_type_name(msg.type), msg.request_id,
		addr_format(msg.src_protocol, src), addr_format(msg.dst_protocol, dst));
}
