// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/kernel_table.h"

#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/kernel_device.h"

#define PEERS_LIMIT 65535 ///< addresses in a set; beyond it the newest are not counted

/// Matches the tunnel's GRE header, which comes after 20 bytes of IP: nft 1.0.6 breaks down when it lists
/// raw matches of @th without a protocol that it knows. A sequence number comes after the key; a checksum
/// would come before it, but the kernel's device drops such packets.
static void write_match(FILE *out, const struct link_config *config, const char *our_side)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(out, "ip protocol gre ip %s %s", our_side, addr_format(config->nbma, text));
	if (config->has_key)
		fprintf(out, " @nh,160,16 & 0xa000 == 0x2000 @nh,192,32 %u", config->key);
	else
		fprintf(out, " @nh,160,16 & 0x2000 == 0");
}

static const struct {
	const char *name, *type, *any;
} sets[] = {
	{ "sent", "ipv4_addr", "0.0.0.0" },
	{ "received", "ipv4_addr", "0.0.0.0" },
	{ "marked", "mark", "0" },
};

static void write_set(FILE *out, const char *name, const char *type)
{
	fprintf(out,
		"\tset %s {\n"
		"\t\ttype %s\n"
		"\t\tflags dynamic,timeout\n"
		"\t\ttimeout 1m\n"
		"\t\tsize %d\n"
		"\t}\n",
		name, type, PEERS_LIMIT);
}

static void write_table(FILE *out, const struct link_config *config)
{
	char broadcast[ADDR_TEXT_SIZE];

	addr_format(addr_from_ipv4(KERNEL_BROADCAST), broadcast);
	fprintf(out,
		"table ip " KERNEL_TABLE_PREFIX "%s {\n"
		"\tflags owner\n",
		config->name);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		write_set(out, sets[i].name, sets[i].type);
	/* NHRP is no use of a peer, and is internetwork control. */
	fprintf(out,
		"\tchain outgoing {\n"
		"\t\t@nh,176,16 0x2001 ip dscp set cs6 return\n"
		"\t\tip daddr != %s update @sent { ip daddr counter }\n"
		"\t}\n"
		"\tchain output {\n"
		"\t\ttype filter hook output priority mangle; policy accept;\n"
		"\t\t",
		broadcast);
	write_match(out, config, "saddr");
	fprintf(out, " jump outgoing\n"
		     "\t}\n"
		     "\tchain input {\n"
		     "\t\ttype filter hook input priority filter + 10; policy accept;\n");
	if (config->marks) {
		fprintf(out, "\t\t");
		write_match(out, config, "daddr");
		fprintf(out, " meta mark != 0 @nh,176,16 != 0x2001 update @marked { meta mark counter }\n");
	}
	fprintf(out, "\t\t");
	write_match(out, config, "daddr");
	fprintf(out,
		"%s @nh,176,16 != 0x2001 update @received { ip saddr counter }\n"
		"\t}\n"
		"}\n",
		config->marks ? " meta mark 0" : "");
}

/// The kernel makes a set at once as large as it may become, a megabyte here, and walks through all of it
/// each time that it is read. When an element goes it becomes as small as what is in it.
static void write_shrinking(FILE *out, const struct link_config *config)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (size_t j = 0; j < 2; j++)
			fprintf(out, "%s element ip " KERNEL_TABLE_PREFIX "%s %s { %s }\n",
				j ? "delete" : "add", config->name, sets[i].name, sets[i].any);
}

static struct nft_ctx *open_nft(void)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!nft)
		return NULL;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	return nft;
}

bool kernel_table_set(struct nft_ctx **nft, const struct link_config *config, struct err *err)
{
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);
	const char *reason;
	bool ok;

	if (!out)
		return err_set(err, "out of memory for the nftables rules");
	if (*nft)
		nft_ctx_free(*nft);
	*nft = open_nft();
	if (!*nft) {
		fclose(out);
		free(text);
		return err_set(err, "cannot set up nftables");
	}
	write_table(out, config);
	write_shrinking(out, config);
	fclose(out);
	ok = nft_run_cmd_from_buffer(*nft, text) == 0;
	free(text);
	nft_ctx_get_output_buffer(*nft);
	reason = nft_ctx_get_error_buffer(*nft);
	return ok || err_set(err,
			     "cannot set the nftables table ip " KERNEL_TABLE_PREFIX
			     "%s (is nf_tables in the kernel?): %.*s",
			     config->name, (int)strcspn(reason, "\n"), reason);
}

bool kernel_table_in_use(const char *device)
{
	struct nft_ctx *nft = open_nft();
	char command[64];
	bool found;

	if (!nft)
		return false;
	snprintf(command, sizeof(command), "list chain ip " KERNEL_TABLE_PREFIX "%s input", device);
	found = nft_run_cmd_from_buffer(nft, command) == 0;
	nft_ctx_free(nft);
	return found;
}
