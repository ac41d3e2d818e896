// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/do.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "core/node.h"
#include "ctl/change.h"
#include "ctl/context.h"
#include "ctl/save.h"
#include "ctl/session.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ctl/why.h"
#include "ike/ike.h"

static json_t *done(const char *format, ...) PRINTF_LIKE(1, 2);

static json_t *done(const char *format, ...)
{
	char text[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return json_pack("{s:s, s:s}", "schema", "dmvpn/message/1", "text", text);
}

/// The device that the argument names as "tunnel1", "Tunnel1", "tu1" or "1": a number stands for the tunnel;
/// NULL where there is no argument. False and `err` where there is no such tunnel.
static bool find_tunnel(const struct ctl_call *call, const char **ret)
{
	char name[32];
	*ret = NULL;
	if (call->argument == NULL)
		return true;

	size_t letters = strcspn(call->argument, "0123456789");
	if (call->argument[letters] != '\0' && strncasecmp("tunnel", call->argument, letters) == 0)
		snprintf(name, sizeof(name), "tunnel%s", call->argument + letters);
	else
		snprintf(name, sizeof(name), "%s", call->argument);

	for (size_t i = 0; i < call->context->node->iface_count; i++)
		if (strcasecmp(name, iface_at(call->context->node, i)->config->name) == 0)
			*ret = iface_at(call->context->node, i)->config->name;
	return *ret != NULL ||
	       err_set(call->err,
		       "There is no tunnel interface %s; `show interfaces` lists those that are configured.",
		       call->argument);
}

struct view *do_interfaces(const struct ctl_call *call)
{
	const char *name;
	return find_tunnel(call, &name) ? view_interfaces(name) : NULL;
}

json_t *do_running_interface(const struct ctl_call *call)
{
	const char *name;
	return find_tunnel(call, &name) ? view_running_interface(call->context->config, name) : NULL;
}

json_t *do_route(const struct ctl_call *call)
{
	struct addr destination;
	if (!addr_parse(call->argument, &destination) || destination.family != ADDR_IPV4) {
		err_set(call->err,
			"\"%s\" is not an IPv4 address; give the destination of a packet, `nhrp` or "
			"`next-hop-override`.",
			call->argument);
		return NULL;
	}
	json_t *view = view_route_to(call->context, destination);
	if (view == NULL)
		err_set(call->err, "No route leads to %s; `why %s` tells what becomes of a packet.",
			call->argument, call->argument);
	return view;
}

/// "30s", "10m", "2h", "1d" or a number of seconds, as microseconds; below zero where it is none.
static int64_t read_age(const char *text)
{
	char *end;
	long long number = strtoll(text, &end, 10);
	if (end == text || number < 0 || number > 36500 || (*end != '\0' && end[1] != '\0'))
		return -1;
	switch (*end) {
	case '\0':
	case 's':
		return number * MONO_SECOND;
	case 'm':
		return number * 60 * MONO_SECOND;
	case 'h':
		return number * 3600 * MONO_SECOND;
	case 'd':
		return number * 86400 * MONO_SECOND;
	default:
		return -1;
	}
}

struct view *do_events(const struct ctl_call *call)
{
	struct mono since = { INT64_MIN };
	if (call->argument != NULL) {
		int64_t age = read_age(call->argument);
		if (age < 0) {
			err_set(call->err, "\"%s\" is no time; say how long ago: 30s, 10m, 2h or 1d.",
				call->argument);
			return NULL;
		}
		since.us = call->context->now().us - age;
	}
	return view_events(since);
}

json_t *do_client(const struct ctl_call *call)
{
	static const char *const names[] = {
		[DO_TECH_SUPPORT] = "tech-support",
		[DO_LENGTH] = "length",
		[DO_TOP] = "top",
		[DO_TOPOLOGY] = "topology",
		[DO_TOPOLOGY_DOT] = "topology-dot",
		[DO_TOPOLOGY_SVG] = "topology-svg",
		[DO_TOPOLOGY_JSON] = "topology-json",
		[DO_EXIT] = "exit",
	};
	return json_pack("{s:s, s:s, s:o}", "schema", "dmvpn/client/1", "do", names[call->option], "argument",
		view_text(call->argument));
}

static void changed(struct ctl_context *context)
{
	if (context->changed != NULL)
		context->changed(context->owner);
}

json_t *do_clear(const struct ctl_call *call)
{
	struct addr protocol = { 0 };
	if (call->argument != NULL && !addr_parse(call->argument, &protocol)) {
		err_set(call->err, "\"%s\" is not an address; give the tunnel address of an entry.",
			call->argument);
		return NULL;
	}
	size_t count = node_clear(call->context->node, protocol, call->context->now());
	changed(call->context);
	return done("%zu %s cleared.", count, count == 1 ? "entry" : "entries");
}

json_t *do_clear_shortcuts(const struct ctl_call *call)
{
	size_t count = node_clear_shortcuts(call->context->node, call->context->now());
	changed(call->context);
	return done("%zu %s cleared.", count, count == 1 ? "shortcut" : "shortcuts");
}

json_t *do_clear_crypto(const struct ctl_call *call)
{
	struct addr peer = { 0 };
	if (call->argument != NULL && !addr_parse(call->argument, &peer)) {
		err_set(call->err, "\"%s\" is not an address; give the NBMA address of a peer.",
			call->argument);
		return NULL;
	}
	if (call->context->ike == NULL) {
		err_set(call->err, "No tunnel is protected: there is no session to clear.");
		return NULL;
	}
	size_t count = ike_clear(call->context->ike, peer);
	changed(call->context);
	return done("%zu %s cleared.", count, count == 1 ? "session" : "sessions");
}

json_t *do_clear_counters(const struct ctl_call *call)
{
	node_clear_counters(call->context->node);
	changed(call->context);
	return done("Counters cleared.");
}

json_t *do_debug(const struct ctl_call *call)
{
	struct ctl_debug *debug = &call->session->debug;
	struct addr peer = { 0 };
	bool on = (call->option & DO_DEBUG_OFF) == 0;
	if (call->argument != NULL && !addr_parse(call->argument, &peer)) {
		err_set(call->err, "\"%s\" is not an address; give the NBMA or tunnel address of a peer.",
			call->argument);
		return NULL;
	}
	if (call->option & DO_DEBUG_PACKET)
		debug->packet = on;
	if (call->option & DO_DEBUG_CACHE)
		debug->cache = on;
	if (call->option & DO_DEBUG_EVENT)
		debug->event = on;
	if (on && call->option != DO_DEBUG_NOTHING)
		debug->peer = peer;
	return view_debugging(call->session);
}

json_t *do_monitor(const struct ctl_call *call)
{
	call->session->monitor = call->option != 0;
	return view_debugging(call->session);
}

json_t *do_why(const struct ctl_call *call)
{
	struct addr destination;
	if (!addr_parse(call->argument, &destination)) {
		err_set(call->err, "\"%s\" is not an address; give the destination of a packet.",
			call->argument);
		return NULL;
	}
	return why_view(call->context, destination);
}

json_t *do_configure(const struct ctl_call *call)
{
	if (call->context->configure == NULL) {
		err_set(call->err, "This daemon cannot be configured while it runs.");
		return NULL;
	}
	configure_begin(&call->session->configure);
	return done("Enter configuration commands, one per line. End with `end`.");
}

/// NULL and an error where there is none.
static const char *file_of(const struct ctl_call *call)
{
	if (call->context->config_path == NULL)
		err_set(call->err, "This daemon was started without a file.");
	return call->context->config_path;
}

json_t *do_save(const struct ctl_call *call)
{
	const char *path = file_of(call);
	if (path == NULL)
		return NULL;
	if (!save_config(call->context->config, path, call->err))
		return NULL;
	return done("Written to %s; the file before it is %s.bak.", path, path);
}

/// The messages of a change, one on a line, errors only where there are some.
static void print_messages(FILE *out, const struct conf_messages *messages, const char *path)
{
	for (size_t i = 0; i < messages->count; i++) {
		const struct conf_message *one = &messages->items[i];
		if (messages->errors == 0 || one->severity == CONF_ERROR)
			fprintf(out, "%s:%u: %s%s\n", path, one->line,
				one->severity == CONF_ERROR ? "" : "warning: ", one->text);
	}
}

/// As many of the errors as have room.
static void refuse_file(const struct ctl_call *call, const char *what, const struct conf_messages *messages)
{
	const char *path = call->context->config_path;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	print_messages(out, messages, path);
	fclose(out);
	err_set(call->err, "%s, as the file has %zu error%s; `dmvpnd --check --config %s` tells all:\n%s",
		what, messages->errors, messages->errors == 1 ? "" : "s", path, text);
	free(text);
}

json_t *do_startup(const struct ctl_call *call)
{
	const char *path = file_of(call);
	struct conf_messages messages;
	if (path == NULL)
		return NULL;
	struct config *config = conf_load(path, &messages);
	json_t *view = config != NULL ? view_startup_config(config) : NULL;
	if (view == NULL)
		refuse_file(call, "Nothing is shown", &messages);
	conf_messages_free(&messages);
	conf_free(config);
	return view;
}

json_t *do_reload(const struct ctl_call *call)
{
	struct ctl_context *context = call->context;
	struct ctl_change change = { 0 };
	char *text = NULL;
	size_t size;
	json_t *view = NULL;
	if (context->reload == NULL) {
		err_set(call->err, "This daemon cannot read its file anew.");
		return NULL;
	}
	if (context->reload(context->owner, &change)) {
		FILE *out = open_memstream(&text, &size);
		print_messages(out, &change.messages, context->config_path);
		fprintf(out, "%s%u %s changed.\n", change.text != NULL ? change.text : "", change.lines,
			change.lines == 1 ? "line" : "lines");
		fclose(out);
		view = json_pack("{s:s, s:o}", "schema", "dmvpn/message/1", "text", view_text(text));
		free(text);
	} else {
		refuse_file(call, "Nothing was changed", &change.messages);
	}
	ctl_change_free(&change);
	return view;
}
