// SPDX-License-Identifier: GPL-2.0-or-later
// A command is a row of the table. Matching goes word by word: a word is meant where it is a
// prefix of exactly one of the words that can follow, or that word itself. A word in capitals stands for
// an argument, and is taken where no keyword fits.
#include "ctl/commands.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "core/node.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ctl/views.h"

struct call {
	struct ctl_context *context;
	int option;           ///< command.option
	const char *argument; ///< what was typed for the word in capitals; NULL: there is none
	struct err *err;
};

struct command {
	const char *words;
	const char *help;
	const char *view;                        ///< of the reply
	json_t *(*run)(const struct call *call); ///< returns the data, or NULL and call->err
	int option;
};

static json_t *done(const char *format, ...) PRINTF_LIKE(1, 2);

static json_t *done(const char *format, ...)
{
	char text[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return json_pack("{s:s, s:s}", "schema", "dmvpn/message/1", "text", text);
}

static json_t *run_dmvpn(const struct call *call)
{
	return view_dmvpn(call->context->node, call->context->config, call->context->now());
}

static json_t *run_nhrp(const struct call *call)
{
	return view_nhrp(call->context->node, (enum nhrp_filter)call->option, call->context->now());
}

static json_t *run_nhs(const struct call *call)
{
	return view_nhs(call->context->node, call->context->now());
}

static json_t *run_multicast(const struct call *call)
{
	return view_multicast(call->context->node);
}

static json_t *run_traffic(const struct call *call)
{
	return view_traffic(call->context->node, call->context->now());
}

static json_t *run_summary(const struct call *call)
{
	return view_nhrp_summary(call->context->node, call->context->now());
}

static json_t *run_route(const struct call *call)
{
	return view_route(call->context->node, (enum route_filter)call->option, call->context->now());
}

static json_t *run_config(const struct call *call)
{
	return view_running_config(call->context->config);
}

static json_t *run_version(const struct call *call)
{
	return view_version(call->context->config, call->context->started, call->context->now());
}

/// "tunnel1", "Tunnel1", "tu1" or "1" as a device name: a number stands for the tunnel.
static json_t *run_interfaces(const struct call *call)
{
	char name[32];
	if (call->argument == NULL)
		return view_interfaces(call->context, NULL);

	size_t letters = strcspn(call->argument, "0123456789");
	if (call->argument[letters] != '\0' && strncasecmp("tunnel", call->argument, letters) == 0)
		snprintf(name, sizeof(name), "tunnel%s", call->argument + letters);
	else
		snprintf(name, sizeof(name), "%s", call->argument);

	json_t *view = view_interfaces(call->context, name);
	if (json_array_size(json_object_get(view, "interfaces")) > 0)
		return view;
	json_decref(view);
	err_set(call->err,
		"There is no tunnel interface %s; `show interfaces` lists those that are configured.",
		call->argument);
	return NULL;
}

static void changed(struct ctl_context *context)
{
	if (context->changed != NULL)
		context->changed(context->owner);
}

static json_t *run_clear(const struct call *call)
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

static json_t *run_clear_shortcuts(const struct call *call)
{
	size_t count = node_clear_shortcuts(call->context->node, call->context->now());
	changed(call->context);
	return done("%zu %s cleared.", count, count == 1 ? "shortcut" : "shortcuts");
}

static json_t *run_clear_counters(const struct call *call)
{
	node_clear_counters(call->context->node);
	changed(call->context);
	return done("Counters cleared.");
}

enum debug_option {
	DEBUG_NOTHING = 0, ///< change nothing
	DEBUG_PACKET = 1,
	DEBUG_CACHE = 2,
	DEBUG_EVENT = 4,
	DEBUG_ALL = 7,
	DEBUG_OFF = 8, ///< with topics: switch these off
};

static json_t *run_debug(const struct call *call)
{
	bool on = (call->option & DEBUG_OFF) == 0;
	if (call->option & DEBUG_PACKET)
		call->context->debug.packet = on;
	if (call->option & DEBUG_CACHE)
		call->context->debug.cache = on;
	if (call->option & DEBUG_EVENT)
		call->context->debug.event = on;
	return view_debugging(&call->context->debug);
}

static json_t *run_help(const struct call *call);

static const struct command commands[] = {
	{ "show dmvpn", "Peers of every tunnel", "dmvpn", run_dmvpn, 0 },
	{ "show dmvpn detail", "Peers, servers and target networks", "dmvpn-detail", run_dmvpn, 0 },
	{ "show ip nhrp", "The NHRP cache", "nhrp", run_nhrp, NHRP_FILTER_ALL },
	{ "show ip nhrp brief", "The NHRP cache, two lines an entry", "nhrp-brief", run_nhrp,
		NHRP_FILTER_BRIEF },
	{ "show ip nhrp detail", "The NHRP cache with all we know", "nhrp-detail", run_nhrp,
		NHRP_FILTER_ALL },
	{ "show ip nhrp dynamic", "Entries that were registered or resolved", "nhrp", run_nhrp,
		NHRP_FILTER_DYNAMIC },
	{ "show ip nhrp static", "Entries that are configured", "nhrp", run_nhrp, NHRP_FILTER_STATIC },
	{ "show ip nhrp incomplete", "Addresses that are being resolved", "nhrp", run_nhrp,
		NHRP_FILTER_INCOMPLETE },
	{ "show ip nhrp shortcut", "Entries that changed the path of packets", "nhrp", run_nhrp,
		NHRP_FILTER_SHORTCUT },
	{ "show ip nhrp nhs", "Next hop servers", "nhrp-nhs", run_nhs, 0 },
	{ "show ip nhrp nhs detail", "Next hop servers and registrations", "nhrp-nhs-detail", run_nhs, 0 },
	{ "show ip nhrp multicast", "Receivers of multicast", "nhrp-multicast", run_multicast, 0 },
	{ "show ip nhrp traffic", "Counters of NHRP messages", "nhrp-traffic", run_traffic, 0 },
	{ "show ip nhrp summary", "How many entries there are", "nhrp-summary", run_summary, 0 },
	{ "show ip route", "The routing table; % marks overridden next hops", "route", run_route,
		ROUTE_FILTER_ALL },
	{ "show ip route nhrp", "Routes that NHRP made", "route", run_route, ROUTE_FILTER_NHRP },
	{ "show ip route next-hop-override", "The routing table with the next hops that override",
		"route-override", run_route, ROUTE_FILTER_OVERRIDE },
	{ "show interfaces", "Tunnels and their counters", "interface", run_interfaces, 0 },
	{ "show interfaces TUNNEL", "One tunnel and its counters", "interface", run_interfaces, 0 },
	{ "show interfaces tunnel NUMBER", "One tunnel and its counters", "interface", run_interfaces, 0 },
	{ "show running-config", "The configuration in force", "running-config", run_config, 0 },
	{ "show version", "Version and uptime", "version", run_version, 0 },
	{ "show debugging", "What is being debugged", "debugging", run_debug, DEBUG_NOTHING },
	{ "clear ip nhrp", "End every entry that is not configured", "message", run_clear, 0 },
	{ "clear ip nhrp ADDRESS", "End the entry of a tunnel address", "message", run_clear, 0 },
	{ "clear ip nhrp shortcut", "End every shortcut", "message", run_clear_shortcuts, 0 },
	{ "clear ip nhrp counters", "Set the counters to zero", "message", run_clear_counters, 0 },
	{ "debug nhrp packet", "Log every NHRP packet", "debugging", run_debug, DEBUG_PACKET },
	{ "debug nhrp cache", "Log bindings and shortcuts", "debugging", run_debug, DEBUG_CACHE },
	{ "debug nhrp event", "Log every other event", "debugging", run_debug, DEBUG_EVENT },
	{ "no debug nhrp packet", "Log packets no more", "debugging", run_debug, DEBUG_OFF | DEBUG_PACKET },
	{ "no debug nhrp cache", "Log bindings no more", "debugging", run_debug, DEBUG_OFF | DEBUG_CACHE },
	{ "no debug nhrp event", "Log events no more", "debugging", run_debug, DEBUG_OFF | DEBUG_EVENT },
	{ "no debug all", "End all debugging", "debugging", run_debug, DEBUG_OFF | DEBUG_ALL },
	{ "undebug nhrp packet", "Log packets no more", "debugging", run_debug, DEBUG_OFF | DEBUG_PACKET },
	{ "undebug nhrp cache", "Log bindings no more", "debugging", run_debug, DEBUG_OFF | DEBUG_CACHE },
	{ "undebug nhrp event", "Log events no more", "debugging", run_debug, DEBUG_OFF | DEBUG_EVENT },
	{ "undebug all", "End all debugging", "debugging", run_debug, DEBUG_OFF | DEBUG_ALL },
	{ "help", "This list", "help", run_help, 0 },
};

static json_t *run_help(const struct call *call)
{
	(void)call;
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s}", "command", commands[i].words, "help", commands[i].help));
	return json_pack("{s:s, s:o}", "schema", "dmvpn/help/1", "commands", list);
}

/// The word at `index` of a command, or NULL where the command has no such word.
static const char *word_at(const struct command *command, size_t index, size_t *ret_length)
{
	const char *word = command->words;
	for (; index > 0; index--) {
		word = strchr(word, ' ');
		if (word == NULL)
			return NULL;
		word++;
	}
	*ret_length = strcspn(word, " ");
	return word;
}

/// How a typed word fits the word of a command, from not at all to best.
enum fit {
	FIT_NONE,
	FIT_ARGUMENT, ///< stands for a word in capitals
	FIT_PREFIX,
	FIT_EXACT,
};

static enum fit word_fit(const struct command *command, size_t index, const char *typed)
{
	size_t length, typed_length = strlen(typed);
	const char *word = word_at(command, index, &length);
	if (word == NULL || typed_length == 0)
		return FIT_NONE;
	if (isupper((unsigned char)word[0]))
		return FIT_ARGUMENT;
	if (typed_length > length || strncasecmp(word, typed, typed_length) != 0)
		return FIT_NONE;
	return typed_length == length ? FIT_EXACT : FIT_PREFIX;
}

/// Commands that are still meant after the words so far.
struct candidates {
	bool meant[ARRAY_SIZE(commands)];
};

/// Keeps the commands whose word at `index` fits `typed` best. Returns how well.
static enum fit narrow(struct candidates *candidates, size_t index, const char *typed)
{
	enum fit best = FIT_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		enum fit fit = candidates->meant[i] ? word_fit(&commands[i], index, typed) : FIT_NONE;
		best = fit > best ? fit : best;
	}
	if (best == FIT_NONE)
		return best;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (candidates->meant[i] && word_fit(&commands[i], index, typed) != best)
			candidates->meant[i] = false;
	return best;
}

/// Writes the different words at `index` of the commands that are meant: "nhrp, route". Returns how many.
static size_t list_words(const struct candidates *candidates, size_t index, char *buffer, size_t size)
{
	const char *last = "";
	size_t last_length = 0, count = 0, length;
	buffer[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *word = candidates->meant[i] ? word_at(&commands[i], index, &length) : NULL;
		if (word == NULL || (length == last_length && strncmp(word, last, length) == 0))
			continue;
		size_t used = strlen(buffer);
		snprintf(buffer + used, size - used, "%s%.*s", count > 0 ? ", " : "", (int)length, word);
		last = word;
		last_length = length;
		count++;
	}
	return count;
}

/// Finds the command that the words mean. NULL and `err` where there is none or more than one.
static const struct command *find_command(
	const char *const *words, size_t count, const char **ret_argument, struct err *err)
{
	struct candidates candidates;
	char known[200], typed[40] = "";
	memset(candidates.meant, true, sizeof(candidates.meant));

	for (size_t index = 0; index < count; index++) {
		snprintf(typed, sizeof(typed), "%s", words[index]);
		enum fit fit = narrow(&candidates, index, words[index]);
		size_t meanings = list_words(&candidates, index, known, sizeof(known));
		if (fit == FIT_NONE && meanings == 0) {
			err_set(err, "Unknown word \"%s\": the command is complete before it.", typed);
			return NULL;
		}
		if (fit == FIT_NONE) {
			err_set(err, "Unknown word \"%s\"; known here: %s.", typed, known);
			return NULL;
		}
		if (meanings > 1) {
			err_set(err, "Ambiguous word \"%s\"; it could be: %s.", typed, known);
			return NULL;
		}
		if (fit == FIT_ARGUMENT)
			*ret_argument = words[index];
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t length;
		if (candidates.meant[i] && word_at(&commands[i], count, &length) == NULL)
			return &commands[i];
	}
	list_words(&candidates, count, known, sizeof(known));
	err_set(err, "Incomplete command; it goes on with: %s.", known);
	return NULL;
}

json_t *command_error(const char *text)
{
	return json_pack("{s:b, s:o}", "ok", 0, "error", view_text(text));
}

json_t *command_run(struct ctl_context *context, const char *const *words, size_t count)
{
	struct err err = { 0 };
	struct call call = { .context = context, .err = &err };
	const struct command *command = find_command(words, count, &call.argument, &err);
	if (command == NULL)
		return command_error(err.text);

	call.option = command->option;
	json_t *data = command->run(&call);
	if (data == NULL)
		return command_error(err.text[0] != '\0' ? err.text : "The daemon could not make this view.");
	return json_pack("{s:b, s:s, s:o}", "ok", 1, "view", command->view, "data", data);
}
