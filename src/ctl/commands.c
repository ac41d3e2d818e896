// SPDX-License-Identifier: GPL-2.0-or-later
// The table. A row without a view only explains words that commands begin with.
#include "ctl/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/private.h"
#include "ctl/context.h"
#include "ctl/do.h"
#include "ctl/grammar.h"
#include "ctl/reply.h"
#include "ctl/session.h"
#include "ctl/view.h"
#include "ctl/views.h"

static struct view *open_dmvpn(const struct ctl_call *call)
{
	struct addr only = { 0 };
	if (call->argument != NULL && !addr_parse(call->argument, &only)) {
		err_set(call->err, "\"%s\" is not an address; give the NBMA or tunnel address of a peer.",
			call->argument);
		return NULL;
	}
	return view_dmvpn(only);
}

static struct view *open_nhrp(const struct ctl_call *call)
{
	return view_nhrp((enum nhrp_filter)call->option);
}

static json_t *run_nhs(const struct ctl_call *call)
{
	return view_nhs(call->context->node, call->context->now());
}

static struct view *open_multicast(const struct ctl_call *call)
{
	(void)call;
	return view_multicast();
}

static json_t *run_traffic(const struct ctl_call *call)
{
	return view_traffic(call->context->node, call->context->now());
}

static struct view *open_summary(const struct ctl_call *call)
{
	(void)call;
	return view_nhrp_summary();
}

static struct view *open_route(const struct ctl_call *call)
{
	return view_route(call->option != 0);
}

static json_t *run_config(const struct ctl_call *call)
{
	return view_running_config(call->context->config, call->option != 0);
}

static json_t *run_version(const struct ctl_call *call)
{
	return view_version(call->context->config, call->context->started, call->context->now());
}

static json_t *run_crypto(const struct ctl_call *call)
{
	return view_crypto(call->context);
}

static json_t *run_help(const struct ctl_call *call);

// clang-format off
static const struct exec_command commands[] = {
	{ "show", "State of this node" },
	{ "show dmvpn", "Peers of every tunnel", "dmvpn", .open = open_dmvpn },
	{ "show dmvpn peer", "One peer" },
	{ "show dmvpn peer ADDRESS", "The peer with this NBMA or tunnel address", "dmvpn", .open = open_dmvpn },
	{ "show dmvpn detail", "Peers, servers and target networks", "dmvpn-detail", .open = open_dmvpn },
	{ "show dmvpn detail peer", "One peer" },
	{ "show dmvpn detail peer ADDRESS", "The peer with this NBMA or tunnel address", "dmvpn-detail", .open = open_dmvpn },
	{ "show ip", "NHRP and routes" },
	{ "show ip nhrp", "The NHRP cache", "nhrp", .open = open_nhrp, .option = NHRP_FILTER_ALL },
	{ "show ip nhrp brief", "The NHRP cache, two lines an entry", "nhrp-brief", .open = open_nhrp, .option = NHRP_FILTER_BRIEF },
	{ "show ip nhrp detail", "The NHRP cache with all we know", "nhrp-detail", .open = open_nhrp, .option = NHRP_FILTER_ALL },
	{ "show ip nhrp dynamic", "Entries that were registered or resolved", "nhrp", .open = open_nhrp, .option = NHRP_FILTER_DYNAMIC },
	{ "show ip nhrp static", "Entries that are configured", "nhrp", .open = open_nhrp, .option = NHRP_FILTER_STATIC },
	{ "show ip nhrp incomplete", "Addresses that are being resolved", "nhrp", .open = open_nhrp, .option = NHRP_FILTER_INCOMPLETE },
	{ "show ip nhrp shortcut", "Entries that changed the path of packets", "nhrp", .open = open_nhrp, .option = NHRP_FILTER_SHORTCUT },
	{ "show ip nhrp self", "Our own address and what we answered to others", "nhrp-detail", .open = open_nhrp, .option = NHRP_FILTER_SELF },
	{ "show ip nhrp nhs", "Next hop servers", "nhrp-nhs", run_nhs },
	{ "show ip nhrp nhs detail", "Next hop servers and registrations", "nhrp-nhs-detail", run_nhs },
	{ "show ip nhrp multicast", "Receivers of multicast", "nhrp-multicast", .open = open_multicast },
	{ "show ip nhrp traffic", "Counters of NHRP messages", "nhrp-traffic", run_traffic },
	{ "show ip nhrp traffic detail", "The counters with every reason of a refusal", "nhrp-traffic-detail", run_traffic },
	{ "show ip nhrp summary", "How many entries there are", "nhrp-summary", .open = open_summary },
	{ "show ip route", "The routing table; % marks overridden next hops", "route", .open = open_route, .option = 1 },
	{ "show ip route nhrp", "Routes that NHRP made", "route", .open = open_route },
	{ "show ip route next-hop-override", "The routing table with the next hops that override", "route-override", .open = open_route, .option = 1 },
	{ "show ip route ADDRESS", "The route of a packet to this address, and its override", "route-entry", do_route },
	{ "show crypto", "IPsec" },
	{ "show crypto session", "Sessions by peer", "crypto-session", run_crypto },
	{ "show crypto session detail", "Sessions with identities and counters", "crypto-session-detail", run_crypto },
	{ "show crypto ikev2", "IKE" },
	{ "show crypto ikev2 sa", "SAs of IKE", "crypto-ikev2", run_crypto },
	{ "show crypto ikev2 sa detail", "SAs of IKE with identities", "crypto-ikev2-detail", run_crypto },
	{ "show crypto ipsec", "ESP" },
	{ "show crypto ipsec sa", "SAs of ESP", "crypto-ipsec", run_crypto },
	{ "show interfaces", "Tunnels and their counters", "interface", .open = do_interfaces },
	{ "show interfaces TUNNEL", "One tunnel and its counters", "interface", .open = do_interfaces },
	{ "show interfaces tunnel", "One tunnel by its number" },
	{ "show interfaces tunnel NUMBER", "The tunnel with this number", "interface", .open = do_interfaces },
	{ "show running-config", "The configuration in force", "running-config", run_config },
	{ "show running-config all", "The configuration with what has its default", "running-config", run_config, .option = 1 },
	{ "show running-config interface", "The blocks of the tunnels", "running-config", do_running_interface },
	{ "show running-config interface TUNNEL", "The block of one tunnel", "running-config", do_running_interface },
	{ "show running-config interface tunnel", "One tunnel by its number" },
	{ "show running-config interface tunnel NUMBER", "The block of the tunnel with this number", "running-config", do_running_interface },
	{ "show startup-config", "The file that the daemon starts with, as it reads it", "startup-config", do_startup },
	{ "show events", "What happened of late", "events", .open = do_events },
	{ "show events since", "Only the newest ones" },
	{ "show events since TIME", "Those of the last 30s, 10m, 2h or 1d", "events", .open = do_events },
	{ "show version", "Version and uptime", "version", run_version },
	{ "show tech-support", "Everything that a bug report needs", "client", do_client, .option = DO_TECH_SUPPORT },
	{ "show debugging", "What this session debugs", "debugging", do_debug, .option = DO_DEBUG_NOTHING },
	{ "clear", "End entries, zero counters" },
	{ "clear crypto", "IPsec" },
	{ "clear crypto session", "End every session; those that are needed come back", "message", do_clear_crypto },
	{ "clear crypto session ADDRESS", "End the sessions with this NBMA address", "message", do_clear_crypto },
	{ "clear ip", "NHRP" },
	{ "clear ip nhrp", "End every entry that is not configured", "message", do_clear },
	{ "clear ip nhrp ADDRESS", "End the entry of a tunnel address", "message", do_clear },
	{ "clear ip nhrp shortcut", "End every shortcut", "message", do_clear_shortcuts },
	{ "clear ip nhrp counters", "Set the counters to zero", "message", do_clear_counters },
	{ "debug", "Show this session what happens" },
	{ "debug nhrp", "NHRP" },
	{ "debug nhrp packet", "Every NHRP packet", "debugging", do_debug, .option = DO_DEBUG_PACKET },
	{ "debug nhrp packet peer", "Of one peer" },
	{ "debug nhrp packet peer ADDRESS", "Every NHRP packet of this NBMA or tunnel address", "debugging", do_debug, .option = DO_DEBUG_PACKET },
	{ "debug nhrp cache", "Bindings and shortcuts that come and go", "debugging", do_debug, .option = DO_DEBUG_CACHE },
	{ "debug nhrp cache peer", "Of one peer" },
	{ "debug nhrp cache peer ADDRESS", "Bindings and shortcuts of this NBMA or tunnel address", "debugging", do_debug, .option = DO_DEBUG_CACHE },
	{ "debug nhrp event", "Failed resolutions and redirects", "debugging", do_debug, .option = DO_DEBUG_EVENT },
	{ "debug nhrp event peer", "Of one peer" },
	{ "debug nhrp event peer ADDRESS", "Resolutions and redirects of this NBMA or tunnel address", "debugging", do_debug, .option = DO_DEBUG_EVENT },
	{ "no", "The opposite of a command" },
	{ "no debug", "End debugging" },
	{ "no debug nhrp", "NHRP" },
	{ "no debug nhrp packet", "Show packets no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_PACKET },
	{ "no debug nhrp cache", "Show bindings and shortcuts no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_CACHE },
	{ "no debug nhrp event", "Show failed resolutions and redirects no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_EVENT },
	{ "no debug all", "End all debugging", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_ALL },
	{ "no terminal", "This session" },
	{ "no terminal monitor", "End live events", "debugging", do_monitor, .option = 0 },
	{ "undebug", "End debugging" },
	{ "undebug nhrp", "NHRP" },
	{ "undebug nhrp packet", "Show packets no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_PACKET },
	{ "undebug nhrp cache", "Show bindings and shortcuts no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_CACHE },
	{ "undebug nhrp event", "Show failed resolutions and redirects no more", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_EVENT },
	{ "undebug all", "End all debugging", "debugging", do_debug, .option = DO_DEBUG_OFF | DO_DEBUG_ALL },
	{ "terminal", "This session" },
	{ "terminal monitor", "Show events as they happen", "debugging", do_monitor, .option = 1 },
	{ "terminal no", "End something" },
	{ "terminal no monitor", "End live events", "debugging", do_monitor, .option = 0 },
	{ "terminal length", "Lines of a page" },
	{ "terminal length LINES", "So many lines; 0: no paging", "client", do_client, .option = DO_LENGTH },
	{ "why", "The way of a packet, step by step" },
	{ "why ADDRESS", "The way of a packet to this address, step by step", "why", do_why },
	{ "configure", "Change the configuration" },
	{ "configure terminal", "Change the configuration line by line", "message", do_configure },
	{ "write", "Write what runs to the file that the daemon starts with", "message", do_save },
	{ "write memory", "Write what runs to the file that the daemon starts with", "message", do_save },
	{ "copy", "Keep the configuration" },
	{ "copy running-config", "What is in force" },
	{ "copy running-config startup-config", "Write it to the file that the daemon starts with", "message", do_save },
	{ "reload", "Read the file anew and apply what differs", "message", do_reload },
	{ "top", "Live view of peers, rates and shortcuts", "client", do_client, .option = DO_TOP },
	{ "topology", "Who talks to whom by which path", "client", do_client, .option = DO_TOPOLOGY },
	{ "topology dot", "The same as a graph for Graphviz", "client", do_client, .option = DO_TOPOLOGY_DOT },
	{ "topology svg", "The same as a picture", "client", do_client, .option = DO_TOPOLOGY_SVG },
	{ "topology json", "The same as data", "client", do_client, .option = DO_TOPOLOGY_JSON },
	{ "help", "This list", "help", run_help },
	{ "exit", "End the session", "client", do_client, .option = DO_EXIT },
	{ "quit", "End the session", "client", do_client, .option = DO_EXIT },
};
// clang-format on

static const struct grammar grammar = { commands, ARRAY_SIZE(commands) };

_Static_assert(ARRAY_SIZE(commands) <= GRAMMAR_ROWS_MAX, "the grammar has room for the table");

const struct exec_command *command_row(size_t index)
{
	return index < ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

static json_t *run_help(const struct ctl_call *call)
{
	(void)call;
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].view != NULL)
			json_array_append_new(list, json_pack("{s:s, s:s}", "command", commands[i].words,
							    "help", commands[i].help));
	return json_pack("{s:s, s:o}", "schema", "dmvpn/help/1", "commands", list);
}

static struct reply *run_command(
	struct ctl_context *context, struct ctl_session *session, const char *const *words, size_t count)
{
	struct err err = { 0 };
	struct ctl_call call = { .context = context, .session = session, .err = &err };
	const struct exec_command *command = grammar_find(&grammar, words, count, &call.argument, &err);
	if (command == NULL)
		return reply_error(err.text);

	call.option = command->option;
	struct view *view = command->open != NULL ? command->open(&call) : NULL;
	json_t *data = command->run != NULL ? command->run(&call) : NULL;
	if (view != NULL)
		return reply_view(command->view, view);
	if (data != NULL)
		return reply_data(command->view, data);
	return reply_error(err.text[0] != '\0' ? err.text : "The daemon could not make this view.");
}

/// The words as a line; the caller frees it with private_free().
static char *join(const char *const *words, size_t count)
{
	char *line;
	FILE *out = private_open(&line);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", words[i]);
	fclose(out);
	return line;
}

/// In front of a command, where lines are configuration.
static bool is_do(const struct ctl_session *session, const char *const *words, size_t count)
{
	return session->configure.active && count > 1 && strcasecmp(words[0], "do") == 0;
}

struct reply *command_start(
	struct ctl_context *context, struct ctl_session *session, const char *const *words, size_t count)
{
	struct err err = { 0 };
	if (is_do(session, words, count))
		return run_command(context, session, words + 1, count - 1);
	if (!session->configure.active)
		return run_command(context, session, words, count);

	char *line = join(words, count);
	json_t *data = configure_line(&session->configure, context, line, &err);
	private_free(line);
	return data != NULL ? reply_data("message", data) : reply_error(err.text);
}

struct reply *command_complete(
	struct ctl_context *context, struct ctl_session *session, const char *const *words, size_t count)
{
	struct err err = { 0 };
	bool end = false;
	json_t *list;
	(void)context;
	bool exec = !session->configure.active || is_do(session, words, count);
	if (is_do(session, words, count)) {
		words++;
		count--;
	}
	if (!exec) {
		char *line = join(words, count - 1);
		list = configure_complete(&session->configure, line, words[count - 1], &end, &err);
		private_free(line);
	} else {
		list = grammar_complete(&grammar, words, count - 1, words[count - 1], &end, &err);
	}
	if (list == NULL)
		return reply_error(err.text);
	return reply_data("completion",
		json_pack("{s:s, s:o, s:b}", "schema", "dmvpn/completion/1", "words", list, "end", end));
}
