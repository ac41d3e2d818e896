// SPDX-License-Identifier: GPL-2.0-or-later
/// GRE of a protected tunnel is told from other GRE by its address and key, as the tunnel's device tells it.
/// What goes out is judged behind routing, where the kernel has chosen the IPsec policy or not; what comes
/// in, where it would be delivered, with the trace that decryption left on it.
#include "linux/seal.h"

#include <inttypes.h>
#include <stdio.h>

/// Flags of the GRE header (RFC 2890), in its first byte, and where the key is behind a checksum or without.
enum { FLAG_CHECKSUM = 0x80, FLAG_KEY = 0x20, KEY_BIT = 32, KEY_BIT_CHECKSUM = 64 };

/// The protocol comes last: nft 1.0.6 cannot list a rule that looks into the header of a protocol which it
/// knows no fields of.
static void write_rule(FILE *out, const struct seal *seal, bool has_checksum, bool sent, bool kernel_esp)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(out, "\t\t");
	if (addr_is_set(seal->nbma))
		fprintf(out, "%s %s %s ", seal->nbma.family == ADDR_IPV6 ? "ip6" : "ip",
			sent ? "saddr" : "daddr", addr_format(seal->nbma, text));
	if (seal->has_key)
		fprintf(out, "@th,0,8 & %d == %d @th,%d,32 %" PRIu32, FLAG_CHECKSUM | FLAG_KEY,
			has_checksum ? FLAG_CHECKSUM | FLAG_KEY : FLAG_KEY,
			has_checksum ? KEY_BIT_CHECKSUM : KEY_BIT, seal->key);
	else
		fprintf(out, "@th,0,8 & %d == 0", FLAG_KEY);
	fprintf(out, " meta l4proto gre %s != \"" SEAL_ESP "\"", sent ? "oifname" : "iifname");
	if (kernel_esp)
		fprintf(out, " %s ipsec missing", sent ? "rt" : "meta");
	fprintf(out, " counter drop\n");
}

static void write_chain(FILE *out, const struct seal *seals, size_t count, bool sent, bool kernel_esp)
{
	fprintf(out, "\tchain %s {\n\t\ttype filter hook %s; policy accept;\n", sent ? "sent" : "received",
		sent ? "postrouting priority mangle" : "input priority filter - 10");
	for (size_t i = 0; i < count; i++) {
		write_rule(out, &seals[i], false, sent, kernel_esp);
		if (seals[i].has_key)
			write_rule(out, &seals[i], true, sent, kernel_esp);
	}
	fprintf(out, "\t}\n");
}

char *seal_commands(const struct seal *seals, size_t count, bool kernel_esp)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	fprintf(out, "table inet " SEAL_TABLE "\ndelete table inet " SEAL_TABLE "\n");
	if (count > 0) {
		fprintf(out, "table inet " SEAL_TABLE " {\n");
		write_chain(out, seals, count, true, kernel_esp);
		write_chain(out, seals, count, false, kernel_esp);
		fprintf(out, "}\n");
	}
	fclose(out);
	return text;
}
