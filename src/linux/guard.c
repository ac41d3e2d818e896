// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/guard.h"

#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define SEEN_LIMIT 65535 ///< pairs of a cloud that are remembered; beyond it nothing is logged
#define SLACK      100   ///< ms by which a pair is remembered longer than the core does, lest it refuse it

struct guard {
	struct nft_ctx *nft;
};

struct guard *guard_open(struct err *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	struct guard *guard;

	if (!nft) {
		err_set(err, "cannot set up nftables");
		return NULL;
	}
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	guard = alloc_zeroed(1, sizeof(*guard));
	guard->nft = nft;
	return guard;
}

void guard_close(struct guard *guard)
{
	if (!guard)
		return;
	nft_ctx_free(guard->nft);
	free(guard);
}

static bool run(struct guard *guard, const char *commands, const char *what, struct err *err)
{
	const char *text;

	if (nft_run_cmd_from_buffer(guard->nft, commands) == 0) {
		nft_ctx_get_output_buffer(guard->nft);
		return true;
	}
	text = nft_ctx_get_error_buffer(guard->nft);
	return err_set(
		err, "cannot %s (is nf_tables in the kernel?): %.*s", what, (int)strcspn(text, "\n"), text);
}

/* The text of the table. Set members stand on lines of their own: nft takes no "} }" on one line. */

static bool in_cloud(const struct guard_tunnel *tunnel, uint32_t network_id)
{
	return tunnel->redirect && tunnel->network_id == network_id;
}

/// Whether tunnel `index` is the first of a cloud with redirects.
static bool begins_cloud(const struct guard_tunnel *tunnels, size_t index)
{
	if (!tunnels[index].redirect || !tunnels[index].network_id)
		return false;
	for (size_t i = 0; i < index; i++)
		if (in_cloud(&tunnels[i], tunnels[index].network_id))
			return false;
	return true;
}

static uint32_t cloud_timeout(const struct guard_tunnel *tunnels, size_t count, uint32_t network_id)
{
	uint32_t timeout = UINT16_MAX;

	for (size_t i = 0; i < count; i++)
		if (in_cloud(&tunnels[i], network_id) && tunnels[i].redirect_timeout < timeout)
			timeout = tunnels[i].redirect_timeout;
	return timeout ? timeout : 1;
}

static void write_cloud_devices(
	FILE *out, const struct guard_tunnel *tunnels, size_t count, uint32_t network_id)
{
	const char *separator = "{ ";

	for (size_t i = 0; i < count; i++) {
		if (!in_cloud(&tunnels[i], network_id))
			continue;
		fprintf(out, "%s\"%s\"", separator, tunnels[i].name);
		separator = ", ";
	}
	fprintf(out, " }");
}

static void write_cloud_sets(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (begins_cloud(tunnels, i))
			fprintf(out,
				"\tset redirected_%u {\n"
				"\t\ttype ipv4_addr . ipv4_addr\n"
				"\t\tflags dynamic,timeout\n"
				"\t\ttimeout %us%ums\n"
				"\t\tsize %d\n"
				"\t}\n",
				tunnels[i].network_id, cloud_timeout(tunnels, count, tunnels[i].network_id),
				SLACK, SEEN_LIMIT);
}

static void write_redirects(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t id = tunnels[i].network_id;

		if (!begins_cloud(tunnels, i))
			continue;
		fprintf(out, "\t\tiifname ");
		write_cloud_devices(out, tunnels, count, id);
		fprintf(out, " oifname ");
		write_cloud_devices(out, tunnels, count, id);
		fprintf(out,
			" ip saddr . ip daddr != @redirected_%u"
			" add @redirected_%u { ip saddr . ip daddr }"
			" log group %d snaplen %d queue-threshold 1\n",
			id, id, GUARD_NFLOG_GROUP, GUARD_SNAPLEN);
	}
}

static void write_clamps(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	static const char *const directions[] = { "iifname", "oifname" };

	for (size_t i = 0; i < count; i++)
		for (size_t way = 0; tunnels[i].mss && way < 2; way++)
			fprintf(out,
				"\t\t%s \"%s\" tcp flags syn tcp option maxseg size > %u"
				" tcp option maxseg size set %u\n",
				directions[way], tunnels[i].name, tunnels[i].mss, tunnels[i].mss);
}

/// On a tunnel's subnet an ICMP redirect would have one spoke bypass the hub behind NHRP's back; the
/// system's own switches for it hold for all devices at once.
static void write_icmp(FILE *out, const struct guard_tunnel *tunnels, size_t count, const char *direction)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t\t%s \"%s\" icmp type redirect drop\n", direction, tunnels[i].name);
}

static void write_table(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	fprintf(out, "table inet " GUARD_TABLE "\n"
		     "delete table inet " GUARD_TABLE "\n"
		     "table inet " GUARD_TABLE " {\n");
	write_cloud_sets(out, tunnels, count);
	fprintf(out, "\tchain clamp {\n"
		     "\t\ttype filter hook forward priority mangle; policy accept;\n");
	write_clamps(out, tunnels, count);
	/* Behind the administrator's filters: what they drop is not forwarded. */
	fprintf(out, "\t}\n"
		     "\tchain forwarded {\n"
		     "\t\ttype filter hook forward priority filter + 10; policy accept;\n");
	write_redirects(out, tunnels, count);
	fprintf(out, "\t}\n"
		     "\tchain icmp_in {\n"
		     "\t\ttype filter hook input priority filter; policy accept;\n");
	write_icmp(out, tunnels, count, "iifname");
	fprintf(out, "\t}\n"
		     "\tchain icmp_out {\n"
		     "\t\ttype filter hook output priority filter; policy accept;\n");
	write_icmp(out, tunnels, count, "oifname");
	fprintf(out, "\t}\n}\n");
}

bool guard_set(struct guard *guard, const struct guard_tunnel *tunnels, size_t count, struct err *err)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool ok;

	if (!out)
		return err_set(err, "out of memory for the nftables rules");
	write_table(out, tunnels, count);
	fclose(out);
	ok = run(guard, text, "set the nftables table inet " GUARD_TABLE, err);
	free(text);
	return ok;
}

bool guard_remove(struct guard *guard, struct err *err)
{
	return run(guard,
		"table inet " GUARD_TABLE "\n"
		"delete table inet " GUARD_TABLE "\n",
		"delete the nftables table inet " GUARD_TABLE, err);
}
