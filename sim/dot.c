// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/dot.h"

#include "core/nhs.h"
#include "core/peer.h"
#include "sim/host.h"

static void write_host(const struct host *host, FILE *out)
{
	char address[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], lan[PREFIX_TEXT_SIZE];
	const char *fill = !host->node    ? "gray80"
			   : host->is_cut ? "lightsalmon"
			   : host->is_hub ? "lightblue"
					  : "white";

	fprintf(out, "\t%s [label=\"%s%s%s\\n%s\\n%s at %s\", fillcolor=%s%s];\n", host->name, host->name,
		host->node ? "" : " (stopped)", host->is_cut ? " (cut off)" : "",
		prefix_format(host->lan, lan), addr_format(host_address(host), address),
		addr_format(host->public_nbma, nbma), fill, host->is_hub ? ", rank=min" : "");
}

static void write_registrations(const struct host *host, FILE *out)
{
	const struct iface *iface = host_iface(host);

	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct host *server = network_host_at(host->network, host->servers[i].protocol);
		bool up = iface->nhs[i].state == NHS_UP;

		if (server)
			fprintf(out, "\t%s -> %s [color=%s, style=%s, tooltip=\"%s\"%s%s%s];\n", host->name,
				server->name, up ? "gray50" : "red", up ? "solid" : "dotted",
				nhs_state_name(iface->nhs[i].state), up ? "" : ", label=\"",
				up ? "" : nhs_state_name(iface->nhs[i].state), up ? "" : "\"");
	}
}

static void write_bindings(const struct host *host, FILE *out)
{
	const struct binding *binding, *next;

	HASH_ITER(hh, host_iface(host)->bindings, binding, next)
	{
		const struct host *owner = network_host_at(host->network, binding->protocol);
		bool right = owner && addr_equal(owner->public_nbma, binding->peer->nbma);
		char nbma[ADDR_TEXT_SIZE];

		if (!owner || (binding->type != BINDING_CACHED && binding->type != BINDING_TEMPORARY))
			continue;
		fprintf(out, "\t%s -> %s [style=dashed, color=%s, label=\"%s%s\"];\n", host->name,
			owner->name,
			binding->type == BINDING_TEMPORARY ? "orange"
			: right                            ? "darkgreen"
							   : "red",
			binding->type == BINDING_TEMPORARY ? "by the hub, asking"
			: right                            ? ""
							   : "believed at ",
			binding->type == BINDING_TEMPORARY || right ? ""
								    : addr_format(binding->peer->nbma, nbma));
	}
}

static void write_shortcuts(const struct host *host, FILE *out)
{
	struct iface *iface = host_iface(host);
	struct prefix cursor = { 0 };
	const struct shortcut *shortcut;

	while ((shortcut = shortcut_next(iface, iface_everything(iface), &cursor)) != NULL) {
		const struct host *egress = network_host_at(host->network, shortcut->next_hop);
		char text[PREFIX_TEXT_SIZE];

		if (egress)
			fprintf(out, "\t%s -> %s [penwidth=2, color=darkgreen, label=\"%s\"];\n", host->name,
				egress->name, prefix_format(shortcut->prefix, text));
	}
}

void dot_write(const struct network *network, FILE *out)
{
	fprintf(out,
		"digraph network {\n\tlayout=dot; rankdir=BT; nodesep=0.6; ranksep=1.2;\n"
		"\tlabel=\"%.3f s, seed %llu\"; fontname=\"sans-serif\";\n"
		"\tnode [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=10];\n"
		"\tedge [fontname=\"sans-serif\", fontsize=9];\n",
		(double)(network->now.us - SIM_START * MONO_SECOND) / (double)MONO_SECOND,
		(unsigned long long)network->seed);
	for (size_t i = 0; i < network->host_count; i++)
		write_host(network->hosts[i], out);
	for (size_t i = 0; i < network->host_count; i++) {
		if (!network->hosts[i]->node)
			continue;
		write_registrations(network->hosts[i], out);
		write_bindings(network->hosts[i], out);
		write_shortcuts(network->hosts[i], out);
	}
	for (size_t i = 0; i < network->blocked_count; i++)
		fprintf(out,
			"\t%s -> %s [dir=none, color=red, style=dotted, label=\"blocked\", constraint=false];\n",
			network->blocked[i].a->name, network->blocked[i].b->name);
	fprintf(out, "}\n");
}
