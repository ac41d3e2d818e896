// SPDX-License-Identifier: GPL-2.0-or-later
// `show crypto session`, `show crypto ikev2 sa`, `show crypto ipsec sa`, and the crypto part of `show dmvpn
// detail`.
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/tables.h"

/// "AES_GCM_16" and 256 bits as "AES-GCM"; other names with hyphens.
static const char *cipher(const char *name, char buffer[static FIELD_SIZE])
{
	size_t length = strcspn(name, "\0");

	if (strncmp(name, "AES_GCM", 7) == 0)
		length = 7;
	snprintf(buffer, FIELD_SIZE, "%.*s", (int)length, name);
	for (char *at = buffer; *at != '\0'; at++)
		*at = *at == '_' ? '-' : *at;
	return buffer;
}

/// "HMAC_SHA2_256_128" or "PRF_HMAC_SHA2_256" as "SHA256"; with an AEAD there is none.
static const char *hash(const char *name)
{
	static const char *const known[][2] = { { "SHA2_256", "SHA256" }, { "SHA2_384", "SHA384" },
		{ "SHA2_512", "SHA512" }, { "SHA1", "SHA96" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strstr(name, known[i][0]))
			return known[i][1];
	}
	return *name != '\0' ? name : "N/A";
}

static const char *group(const char *name)
{
	static const char *const known[][2] = { { "CURVE_25519", "31" }, { "ECP_256", "19" },
		{ "ECP_384", "20" }, { "ECP_521", "21" }, { "MODP_2048", "14" }, { "MODP_3072", "15" },
		{ "MODP_4096", "16" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i][0]) == 0)
			return known[i][1];
	}
	return name;
}

/// "esp-gcm 256", "esp-256-aes esp-sha256-hmac": a router writes the transform so.
static void print_transform(FILE *out, const json_t *flow)
{
	const char *encryption = field_text(flow, "encryption");
	const char *integrity = field_text(flow, "integrity");
	long long bits = field_number(flow, "key_bits");

	if (strncmp(encryption, "AES_GCM", 7) == 0)
		fprintf(out, "esp-gcm %lld", bits);
	else if (strncmp(encryption, "AES_CBC", 7) == 0)
		fprintf(out, "esp-%lld-aes", bits);
	else
		fprintf(out, "%s", encryption);
	if (strstr(integrity, "SHA2_"))
		fprintf(out, " esp-sha%.3s-hmac", strstr(integrity, "SHA2_") + 5);
	else if (*integrity != '\0')
		fprintf(out, " esp-sha-hmac");
}

#define EACH(list, key, item)                                                                                \
	for (size_t item##_i = 0; item##_i < json_array_size(json_object_get(list, key)); item##_i++)        \
		for (const json_t *item = json_array_get(json_object_get(list, key), item##_i); item;        \
			item = NULL)

static size_t count_flows(const json_t *session)
{
	size_t count = 0;

	EACH(session, "ike_sas", sa)
	count += json_array_size(json_object_get(sa, "flows"));
	return count;
}

static void print_ike_lines(FILE *out, const json_t *session, const char *indent)
{
	long long port = field_number(session, "port");

	EACH(session, "ike_sas", sa)
	fprintf(out, "%sIKEv2 SA: local %s/%lld remote %s/%lld %s \n", indent, field_text(session, "local"),
		port == 500 ? 500LL : 4500LL, field_text(session, "peer"), port,
		field_true(sa, "established") ? "Active" : "Inactive");
}

static void print_flow_line(FILE *out, const json_t *session, const char *indent)
{
	fprintf(out, "%sIPSEC FLOW: permit 47 host %s host %s \n", indent, field_text(session, "local"),
		field_text(session, "peer"));
}

static void print_counters(FILE *out, const json_t *flow, const char *indent)
{
	long long life = field_number(flow, "rekey_seconds");

	fprintf(out, "%sInbound:  #pkts dec'ed %lld drop 0 life (KB/Sec) KB Vol Rekey Disabled/%lld\n",
		indent, field_number(flow, "packets_in"), life);
	fprintf(out, "%sOutbound: #pkts enc'ed %lld drop 0 life (KB/Sec) KB Vol Rekey Disabled/%lld\n",
		indent, field_number(flow, "packets_out"), life);
}

static void print_session(FILE *out, const json_t *interface, const json_t *session, bool detail)
{
	char name[FIELD_SIZE], time[FIELD_SIZE];
	size_t flows = count_flows(session);

	fprintf(out, "\nInterface: %s\nProfile: %s\n", field_interface(interface, name),
		field_text(interface, "profile"));
	if (detail && !field_is_null(session, "up_seconds"))
		fprintf(out, "Uptime: %s\n", field_time(session, "up_seconds", time));
	fprintf(out, "Session status: %s     \n", field_text(session, "status"));
	fprintf(out, "Peer: %s port %lld", field_text(session, "peer"),
		field_is_null(session, "port") ? 500 : field_number(session, "port"));
	if (detail)
		fprintf(out, " fvrf: (none) ivrf: (none)\n      Phase1_id: %s\n      Desc: (none)\n",
			field_is_null(session, "identity") ? "(none)" : field_text(session, "identity"));
	else
		fprintf(out, " \n");
	print_ike_lines(out, session, "  ");
	if (detail && field_true(session, "nat"))
		fprintf(out, "          Capabilities:N (NAT traversal)\n");
	print_flow_line(out, session, "  ");
	fprintf(out, "        Active SAs: %zu, origin: crypto map\n", 2 * flows);
	if (!detail)
		return;
	EACH(session, "ike_sas", sa)
	EACH(sa, "flows", flow)
	print_counters(out, flow, "        ");
}

static void print_sessions(FILE *out, const json_t *data, bool detail)
{
	fprintf(out, "Crypto session current status\n");
	EACH(data, "interfaces", interface)
	EACH(interface, "sessions", session)
	print_session(out, interface, session, detail);
}

void table_crypto_session(FILE *out, const json_t *data)
{
	print_sessions(out, data, false);
}

void table_crypto_session_detail(FILE *out, const json_t *data)
{
	print_sessions(out, data, true);
}

static void print_ikev2_sa(FILE *out, const json_t *session, const json_t *sa, bool detail)
{
	char local[64], remote[64], name[FIELD_SIZE];
	long long port = field_number(session, "port");
	long long active = field_number(sa, "active_seconds");

	snprintf(local, sizeof(local), "%s/%d", field_text(session, "local"), port == 500 ? 500 : 4500);
	snprintf(remote, sizeof(remote), "%s/%lld", field_text(session, "peer"), port);
	fprintf(out, "%-9lld %-21s %-21s %-20s %s  \n", field_number(sa, "id"), local, remote, "none/none",
		field_true(sa, "established") ? "READY" : "IN-NEG");
	fprintf(out, "      Encr: %s, keysize: %lld, PRF: %s, Hash: %s, DH Grp:%s\n",
		cipher(field_text(sa, "encryption"), name), field_number(sa, "key_bits"),
		hash(field_text(sa, "prf")), hash(field_text(sa, "integrity")),
		group(field_text(sa, "group")));
	fprintf(out, "      Life/Active Time: %lld/%lld sec\n", active + field_number(sa, "rekey_seconds"),
		active);
	if (!detail)
		return;
	fprintf(out, "      Local spi: %s       Remote spi: %s\n",
		field_text(sa, field_true(sa, "initiator") ? "spi_initiator" : "spi_responder"),
		field_text(sa, field_true(sa, "initiator") ? "spi_responder" : "spi_initiator"));
	fprintf(out, "      Local id: %s\n      Remote id: %s\n", field_text(session, "local_identity"),
		field_text(session, "identity"));
	fprintf(out, "      NAT-T is %sdetected\n      Initiator of SA : %s\n",
		field_true(session, "nat") ? "" : "not ", field_true(sa, "initiator") ? "Yes" : "No");
}

static void print_ikev2(FILE *out, const json_t *data, bool detail)
{
	fprintf(out, " IPv4 Crypto IKEv2  SA \n\n"
		     "Tunnel-id Local                 Remote                fvrf/ivrf            Status \n");
	EACH(data, "interfaces", interface)
	EACH(interface, "sessions", session)
	EACH(session, "ike_sas", sa)
	print_ikev2_sa(out, session, sa, detail);
	fprintf(out, "\n IPv6 Crypto IKEv2  SA \n\n");
}

void table_crypto_ikev2(FILE *out, const json_t *data)
{
	print_ikev2(out, data, false);
}

void table_crypto_ikev2_detail(FILE *out, const json_t *data)
{
	print_ikev2(out, data, true);
}

static void print_esp_sa(FILE *out, const json_t *flow, const char *spi)
{
	unsigned long value = strtoul(field_text(flow, spi), NULL, 16);
	bool tunnel = strcmp(field_text(flow, "mode"), "TUNNEL") == 0;

	fprintf(out, "      spi: 0x%lX(%lu)\n        transform: ", value, value);
	print_transform(out, flow);
	fprintf(out, " ,\n        in use settings ={%s%s, }\n        conn id: %lld\n",
		tunnel ? "Tunnel" : "Transport", field_true(flow, "encapsulated") ? " UDP-Encaps" : "",
		field_number(flow, "id"));
	fprintf(out, "        sa timing: remaining key lifetime (sec): %lld\n",
		field_number(flow, "rekey_seconds"));
	fprintf(out, "        replay detection support: Y\n        Status: ACTIVE(ACTIVE)\n");
}

static void print_ipsec_flow(FILE *out, const json_t *interface, const json_t *session, const json_t *flow)
{
	const char *local = field_text(session, "local"), *peer = field_text(session, "peer");
	long long in = field_number(flow, "packets_in"), sent = field_number(flow, "packets_out");
	unsigned long spi = strtoul(field_text(flow, "spi_out"), NULL, 16);

	fprintf(out, "\n   protected vrf: (none)\n");
	fprintf(out, "   local  ident (addr/mask/prot/port): (%s/255.255.255.255/47/0)\n", local);
	fprintf(out, "   remote ident (addr/mask/prot/port): (%s/255.255.255.255/47/0)\n", peer);
	fprintf(out, "   current_peer %s port %lld\n     PERMIT, flags={origin_is_acl,}\n", peer,
		field_number(session, "port"));
	fprintf(out, "    #pkts encaps: %lld, #pkts encrypt: %lld, #pkts digest: %lld\n", sent, sent, sent);
	fprintf(out, "    #pkts decaps: %lld, #pkts decrypt: %lld, #pkts verify: %lld\n", in, in, in);
	fprintf(out, "    #send errors 0, #recv errors 0\n\n");
	fprintf(out, "     local crypto endpt.: %s, remote crypto endpt.: %s\n", local, peer);
	fprintf(out, "     ip mtu %lld\n     current outbound spi: 0x%lX(%lu)\n\n",
		field_number(interface, "ip_mtu"), spi, spi);
	fprintf(out, "     inbound esp sas:\n");
	print_esp_sa(out, flow, "spi_in");
	fprintf(out, "\n     outbound esp sas:\n");
	print_esp_sa(out, flow, "spi_out");
}

void table_crypto_ipsec(FILE *out, const json_t *data)
{
	char name[FIELD_SIZE];

	EACH(data, "interfaces", interface)
	{
		field_interface(interface, name);
		fprintf(out, "\ninterface: %s\n    Crypto map tag: %s-head-0, local addr %s\n", name, name,
			field_text(interface, "local"));
		EACH(interface, "sessions", session)
		EACH(session, "ike_sas", sa)
		EACH(sa, "flows", flow)
		print_ipsec_flow(out, interface, session, flow);
	}
}

void table_crypto_of_dmvpn(FILE *out, const json_t *data)
{
	char name[FIELD_SIZE];
	bool any = false;

	EACH(data, "interfaces", interface)
	any |= json_array_size(json_object_get(interface, "crypto_sessions")) > 0;
	if (!any)
		return;
	fprintf(out, "\nCrypto Session Details: \n"
		     "--------------------------------------------------------------------------------\n");
	EACH(data, "interfaces", interface)
	{
		if (json_array_size(json_object_get(interface, "crypto_sessions")) == 0)
			continue;
		fprintf(out, "\nInterface: %s\n", field_interface(interface, name));
		EACH(interface, "crypto_sessions", session)
		{
			size_t flows = count_flows(session);
			fprintf(out, "  Session: [%s]\n", field_text(session, "peer"));
			print_ike_lines(out, session, "  ");
			fprintf(out, "  Crypto Session Status: %s     \n", field_text(session, "status"));
			fprintf(out, "  fvrf: (none),\tPhase1_id: %s\n",
				field_is_null(session, "identity") ? "(none)"
								   : field_text(session, "identity"));
			print_flow_line(out, session, "  ");
			fprintf(out, "        Active SAs: %zu, origin: crypto map\n", 2 * flows);
			EACH(session, "ike_sas", sa)
			EACH(sa, "flows", flow)
			{
				print_counters(out, flow, "        ");
				fprintf(out,
					"   Outbound SPI : %s, transform : ", field_text(flow, "spi_out"));
				print_transform(out, flow);
				fputc('\n', out);
			}
			fprintf(out, "    Socket State: %s\n", flows > 0 ? "Open" : "Closed");
		}
	}
}
