// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/trace.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sim/host.h"
#include "sim/network.h"
#include "wire/nhrp_msg.h"

struct trace *trace_new(void)
{
	return alloc_zeroed(1, sizeof(struct trace));
}

void trace_free(struct trace *trace)
{
	free(trace->lines);
	free(trace);
}

/// Room for a line, which begins with the time and the host's name; the rest of it is at `*ret_rest`.
static char *begin(struct network *network, const struct host *host, char buffer[static TRACE_TEXT])
{
	int64_t us = network->now.us - SIM_START * MONO_SECOND;
	int length = snprintf(buffer, TRACE_TEXT, "%6lld.%03lld %-8s ", (long long)(us / MONO_SECOND),
		(long long)(us % MONO_SECOND / MONO_MILLISECOND), host ? host->name : "*");

	return buffer + length;
}

static void end(struct trace *trace, const char *line)
{
	if (trace->out)
		fprintf(trace->out, "%s\n", line);
	if (!trace->keeps)
		return;
	if (!trace->lines)
		trace->lines = alloc_zeroed(TRACE_LINES, sizeof(*trace->lines));
	snprintf(trace->lines[trace->next++ % TRACE_LINES], TRACE_TEXT, "%s", line);
}

static bool wants(const struct network *network, const struct host *host)
{
	const struct trace *trace = network->trace;

	return trace->is_on && (!trace->only || !host || trace->only == host);
}

void network_note(struct network *network, const char *format, ...)
{
	char line[TRACE_TEXT], *rest;
	va_list args;

	if (!wants(network, NULL))
		return;
	rest = begin(network, NULL, line);
	va_start(args, format);
	vsnprintf(rest, (size_t)(line + TRACE_TEXT - rest), format, args);
	va_end(args);
	end(network->trace, line);
}

void host_note(const struct host *host, const char *format, ...)
{
	char line[TRACE_TEXT], *rest;
	va_list args;

	if (!wants(host->network, host))
		return;
	rest = begin(host->network, host, line);
	va_start(args, format);
	vsnprintf(rest, (size_t)(line + TRACE_TEXT - rest), format, args);
	va_end(args);
	end(host->network->trace, line);
}

/// What the mandatory part says, in the order in which one asks: about what, from whom, the answer.
static void describe(const struct nhrp_msg *msg, char *text, size_t size)
{
	char source[ADDR_TEXT_SIZE], destination[ADDR_TEXT_SIZE], nbma[ADDR_TEXT_SIZE], next[ADDR_TEXT_SIZE];
	const struct nhrp_cie *cie = msg->cie_count > 0 ? &msg->cies[0] : NULL;
	int length = snprintf(text, size, "%s %s > %s", nhrp_type_name(msg->type),
		addr_format(msg->src_protocol, source), addr_format(msg->dst_protocol, destination));

	if (msg->type != NHRP_ERROR_INDICATION && msg->type != NHRP_TRAFFIC_INDICATION)
		length += snprintf(text + length, size - (size_t)length, " id %u", msg->request_id);
	if (cie && cie->code != NHRP_CODE_OK)
		snprintf(text + length, size - (size_t)length, ": %s", nhrp_code_name(cie->code));
	else if (cie && msg->type == NHRP_RESOLUTION_REPLY)
		snprintf(text + length, size - (size_t)length, ": /%u by %s at %s for %u s",
			nhrp_cie_prefix_bits(cie, msg->protocol_family), addr_format(cie->protocol, next),
			addr_format(cie->nbma, nbma), cie->holding_time);
	else if (cie && msg->type == NHRP_PURGE_REQUEST)
		snprintf(text + length, size - (size_t)length, ": %s/%u", addr_format(cie->protocol, next),
			nhrp_cie_prefix_bits(cie, msg->protocol_family));
}

void host_note_message(const struct host *host, const char *direction, struct addr other,
	const uint8_t *packet, size_t length)
{
	char text[TRACE_TEXT], address[ADDR_TEXT_SIZE];
	struct nhrp_msg msg;

	if (!wants(host->network, host))
		return;
	if (nhrp_msg_decode(packet, length, &msg, NULL) == NHRP_DECODE_OK)
		describe(&msg, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "a malformed packet");
	host_note(host, "%s %s: %s", direction, addr_format(other, address), text);
}

void trace_print(const struct network *network, FILE *out)
{
	const struct trace *trace = network->trace;

	for (size_t i = trace->next > TRACE_LINES ? trace->next - TRACE_LINES : 0; i < trace->next; i++)
		fprintf(out, "%s\n", trace->lines[i % TRACE_LINES]);
}
