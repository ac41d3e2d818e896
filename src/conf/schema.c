// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/schema.h"

#include "conf/command.h"

#define IFACE(kind, member, value)                                                                           \
	{                                                                                                    \
		kind, false, offsetof(struct iface_config, member), value                                    \
	}
#define TUNNEL(kind, member, value)                                                                          \
	{                                                                                                    \
		kind, true, offsetof(struct tunnel_config, member), value                                    \
	}

// clang-format off
static const struct command commands[] = {
	{ COMMAND_GLOBAL, "hostname NAME",
		"name of this node",
		.set = command_set_hostname, .print = command_print_hostname },
	{ COMMAND_GLOBAL, "event hook PATH",
		"program to run when a server or a client comes or goes", COMMAND_SPELT,
		.set = command_set_hook, .print = command_print_hook },
	{ COMMAND_GLOBAL, "metrics listen <1-65535> [ADDRESS]",
		"offer metrics at this port, of the loopback address or another", COMMAND_SPELT,
		.set = command_set_metrics, .print = command_print_metrics },
	{ COMMAND_GLOBAL, "alias interface NAME DEVICE",
		"Linux device for a router's interface name", COMMAND_LIST,
		.set = command_set_alias, .print = command_print_alias },
	{ COMMAND_GLOBAL, "crypto vici socket PATH",
		"where strongSwan listens for us",
		.set = command_set_vici_socket, .print = command_print_vici_socket },

	{ COMMAND_GLOBAL, "crypto ikev2 proposal NAME",
		"open the block of a proposal: algorithms for IKE", COMMAND_LIST,
		.set = command_set_proposal, .print = command_print_proposals },
	{ COMMAND_PROPOSAL, "encryption TEXT",
		"algorithms for encryption, the best one first",
		.set = command_set_encryption },
	{ COMMAND_PROPOSAL, "integrity TEXT",
		"algorithms for integrity, the best one first",
		.set = command_set_integrity },
	{ COMMAND_PROPOSAL, "prf TEXT",
		"pseudo-random functions, the best one first",
		.set = command_set_prf },
	{ COMMAND_PROPOSAL, "group TEXT",
		"Diffie-Hellman groups, the best one first",
		.set = command_set_group },
	{ COMMAND_GLOBAL, "crypto ikev2 policy NAME",
		"open the block of a policy: which proposals are used", COMMAND_LIST,
		.set = command_set_policy, .print = command_print_policies },
	{ COMMAND_POLICY, "proposal NAME",
		"use this proposal", COMMAND_LIST,
		.set = command_set_policy_proposal },
	{ COMMAND_GLOBAL, "crypto ikev2 keyring NAME",
		"open the block of a keyring: pre-shared keys", COMMAND_LIST,
		.set = command_set_keyring, .print = command_print_keyrings },
	{ COMMAND_KEYRING | COMMAND_PEER, "peer NAME",
		"open the block of a key", COMMAND_LIST,
		.set = command_set_peer },
	{ COMMAND_PEER, "address {NETWORK [MASK]|NETWORK/LENGTH}",
		"whose key it is, by address; 0.0.0.0 0.0.0.0 is everybody",
		.set = command_set_peer_address },
	{ COMMAND_PEER, "identity {address NETWORK|fqdn [domain] IDENTITY|email [domain] IDENTITY|key-id IDENTITY}",
		"whose key it is, by identity",
		.set = command_set_peer_identity },
	{ COMMAND_PEER, "pre-shared-key [{local|remote}] [{0|6}] SECRET",
		"the key",
		.set = command_set_peer_key },
	{ COMMAND_KEYRING | COMMAND_PEER | COMMAND_IKEV2_PROFILE | COMMAND_IPSEC_PROFILE, "description TEXT",
		"not kept",
		.set = command_set_crypto_note },
	{ COMMAND_GLOBAL, "crypto ikev2 profile NAME",
		"open the block of a profile: who we are, and who may come", COMMAND_LIST,
		.set = command_set_ikev2_profile, .print = command_print_ikev2_profiles },
	{ COMMAND_IKEV2_PROFILE,
		"match identity remote {any|address {NETWORK [MASK]|NETWORK/LENGTH}|fqdn [domain] IDENTITY|"
		"email [domain] IDENTITY|key-id IDENTITY}",
		"identities that are accepted", COMMAND_LIST,
		.set = command_set_match_identity },
	{ COMMAND_IKEV2_PROFILE,
		"identity local {address NETWORK|fqdn IDENTITY|email IDENTITY|key-id IDENTITY|dn}",
		"our identity",
		.set = command_set_identity_local },
	{ COMMAND_IKEV2_PROFILE,
		"authentication {local|remote} {pre-share [key [{0|6}] SECRET]|rsa-sig|ecdsa-sig}",
		"how we, or the peers, prove the identity",
		.set = command_set_ikev2_authentication },
	{ COMMAND_IKEV2_PROFILE, "keyring [local] NAME",
		"where the pre-shared keys are",
		.set = command_set_profile_keyring },
	{ COMMAND_IKEV2_PROFILE, "pki trustpoint NAME [{sign|verify}]",
		"where the certificates are",
		.set = command_set_profile_trustpoint },
	{ COMMAND_IKEV2_PROFILE, "lifetime <120-86400>",
		"time until the IKE SA has new keys, seconds",
		.set = command_set_ike_lifetime },
	{ COMMAND_IKEV2_PROFILE, "dpd <5-3600> <2-60> {on-demand|periodic}",
		"ask a silent peer after so many seconds",
		.set = command_set_dpd },
	{ COMMAND_GLOBAL, "crypto ipsec transform-set NAME TEXT",
		"algorithms for ESP", COMMAND_LIST,
		.set = command_set_transform_set, .print = command_print_transform_sets },
	{ COMMAND_TRANSFORM_SET, "mode {tunnel|transport [require]}",
		"with an IP header of its own in ESP, or without",
		.set = command_set_transform_mode },
	{ COMMAND_GLOBAL, "crypto ipsec profile NAME",
		"open the block of a profile: what protects a tunnel", COMMAND_LIST,
		.set = command_set_ipsec_profile, .print = command_print_ipsec_profiles },
	{ COMMAND_IPSEC_PROFILE, "set transform-set TEXT",
		"transform sets, the best one first",
		.set = command_set_profile_transforms },
	{ COMMAND_IPSEC_PROFILE, "set pfs [IDENTITY]",
		"a new Diffie-Hellman exchange for new keys, in this group",
		.set = command_set_pfs },
	{ COMMAND_IPSEC_PROFILE, "set ikev2-profile NAME",
		"the profile of IKE",
		.set = command_set_profile_ikev2 },
	{ COMMAND_IPSEC_PROFILE,
		"set security-association lifetime {seconds <120-2592000>|kilobytes {disable|<2560-4294967295>}}",
		"when an SA has new keys",
		.set = command_set_sa_lifetime },
	{ COMMAND_GLOBAL, "crypto pki trustpoint NAME",
		"open the block of certificates", COMMAND_LIST,
		.set = command_set_trustpoint, .print = command_print_trustpoints },
	{ COMMAND_TRUSTPOINT, "{ca|certificate|key} file PATH",
		"a file in PEM format: the authority's certificate, ours, or its private key",
		.set = command_set_trustpoint_file },
	{ COMMAND_TRUSTPOINT, "revocation-check {none|crl [none]|ocsp [none]}",
		"refuse certificates that are revoked",
		.set = command_set_revocation },

	{ COMMAND_GLOBAL, "interface INTERFACE [UNIT] [{point-to-point|multipoint}] [type TEXT]",
		"open the block of a tunnel", COMMAND_LIST,
		.set = command_set_interface, .print = command_print_interface },
	{ COMMAND_GLOBAL, "ip route {NETWORK MASK|NETWORK/LENGTH} {NEXT-HOP|INTERFACE [NEXT-HOP]} [<1-255>] [name NAME] [permanent] [track <1-1000>] [tag <1-4294967295>]",
		"static route", COMMAND_LIST,
		.set = command_set_route, .print = command_print_route },

	{ COMMAND_TUNNEL, "description TEXT",
		"what the tunnel is for",
		.set = command_set_description, .print = command_print_description },
	{ COMMAND_TUNNEL, "ip address {ADDRESS MASK|ADDRESS/LENGTH}",
		"address in the tunnel, and the tunnel's subnet", COMMAND_REMAKES,
		.set = command_set_address, .print = command_print_address },
	{ COMMAND_TUNNEL, "ip mtu <68-17916>",
		"largest IP packet in the tunnel, bytes; by default 1476, 1472 with a key, 1400 or 1360 when protected", 0,
		.field = TUNNEL(FIELD_U16, ip_mtu, 0), .print = command_print_mtu },
	{ COMMAND_TUNNEL, "ip tcp adjust-mss <500-1460>",
		"lower the MSS of TCP connections to this, bytes",
		.field = TUNNEL(FIELD_U16, adjust_mss, 0) },
	{ COMMAND_TUNNEL, "ip nhrp authentication PASSWORD",
		"password in clear text, as Cisco routers have it",
		.set = command_set_authentication, .print = command_print_authentication },
	{ COMMAND_TUNNEL, "ip nhrp authentication hmac-md5 KEY",
		"keyed digest of RFC 2332",
		.set = command_set_authentication },
	{ COMMAND_TUNNEL, "ip nhrp authentication hmac-sha256 KEY",
		"keyed digest with HMAC-SHA-256",
		.set = command_set_authentication },
	{ COMMAND_TUNNEL, "ip nhrp map {ADDRESS|ADDRESS MASK} NBMA",
		"underlay address of a host in the tunnel", COMMAND_LIST,
		.set = command_set_map, .print = command_print_map },
	{ COMMAND_TUNNEL, "ip nhrp map multicast dynamic",
		"send multicast to registered clients",
		.field = IFACE(FIELD_FLAG, multicast_dynamic, false) },
	{ COMMAND_TUNNEL, "ip nhrp map multicast group {NETWORK [MASK]|NETWORK/LENGTH} ADDRESS",
		"send a multicast group to this tunnel address, and to nobody else", COMMAND_LIST,
		.set = command_set_group_receiver, .print = command_print_group_receiver },
	{ COMMAND_TUNNEL, "ip nhrp map multicast NBMA",
		"send multicast to this underlay address", COMMAND_LIST,
		.set = command_set_multicast, .print = command_print_multicast },
	{ COMMAND_TUNNEL, "ip nhrp network-id <1-4294967295>",
		"run NHRP; tunnels with the same number are one cloud", COMMAND_REMAKES,
		.field = IFACE(FIELD_U32, network_id, 0) },
	{ COMMAND_TUNNEL, "ip nhrp holdtime <1-65535>",
		"how long others may keep what we tell them, seconds",
		.field = IFACE(FIELD_U16, holding_time, HOLDING_TIME_DEFAULT) },
	{ COMMAND_TUNNEL, "ip nhrp nhs {ADDRESS|dynamic} [nbma {NBMA|FQDN} [multicast]] [priority <0-255>] [cluster <0-10>] [probe <1-3600>]",
		"next hop server to register with", COMMAND_LIST,
		.set = command_set_nhs, .print = command_print_nhs },
	{ COMMAND_TUNNEL, "ip nhrp nhs cluster <0-10> max-connections <0-255>",
		"register with so many servers of this cluster only, the best; 0: with all", COMMAND_LIST,
		.set = command_set_max_connections, .print = command_print_max_connections },
	{ COMMAND_TUNNEL, "ip nhrp nhs fallback <0-60>",
		"return to a server that was down when it has answered so long, seconds",
		.set = command_set_fallback, .print = command_print_fallback },
	{ COMMAND_TUNNEL, "ip nhrp registration no-unique",
		"let a registration from a new underlay address replace ours",
		.field = IFACE(FIELD_FLAG, registration_unique, true) },
	{ COMMAND_TUNNEL, "ip nhrp registration timeout <1-65535>",
		"time between two registrations, seconds; by default a third of the holdtime",
		.field = IFACE(FIELD_U16, registration_timeout, 0) },
	{ COMMAND_TUNNEL, "ip nhrp server-only",
		"send no Resolution Requests",
		.field = IFACE(FIELD_FLAG, server_only, false) },
	{ COMMAND_TUNNEL, "ip nhrp shortcut",
		"take the direct path when told of one (phase 3 spoke)",
		.field = IFACE(FIELD_FLAG, shortcut, false) },
	{ COMMAND_TUNNEL, "ip nhrp redirect [timeout <2-30>]",
		"tell senders of the direct path (phase 3 hub), once in so many seconds, by default 8",
		.set = command_set_redirect, .print = command_print_redirect },
	{ COMMAND_TUNNEL, "ip nhrp max-send <1-10000000> every <10-65535>",
		"most NHRP packets to send in so many seconds; by default 10000 every 10",
		.set = command_set_max_send, .print = command_print_max_send },
	{ COMMAND_TUNNEL, "ip nhrp limit registrations <1-10000000>",
		"most addresses that clients may register here",
		.field = IFACE(FIELD_U32, limits.registrations, REGISTRATIONS_DEFAULT) },
	{ COMMAND_TUNNEL, "ip nhrp authorize identity IDENTITY {NETWORK MASK|NETWORK/LENGTH}",
		"addresses that peers with this identity may register", COMMAND_LIST | COMMAND_SPELT,
		.set = command_set_authorize, .print = command_print_authorize },
	{ COMMAND_TUNNEL, "tunnel source {ADDRESS|INTERFACE [UNIT]}",
		"our address in the underlay",
		.set = command_set_source, .print = command_print_source },
	{ COMMAND_TUNNEL, "tunnel destination NBMA",
		"the other end of a point-to-point tunnel", COMMAND_REMAKES,
		.set = command_set_destination, .print = command_print_destination },
	{ COMMAND_TUNNEL, "tunnel mode {gre multipoint|gre ip}",
		"many peers, or one", COMMAND_REMAKES,
		.set = command_set_mode, .print = command_print_mode },
	{ COMMAND_TUNNEL, "tunnel key <0-4294967295>",
		"GRE key, the same at all peers", COMMAND_REMAKES,
		.set = command_set_key, .print = command_print_key },
	{ COMMAND_TUNNEL, "tunnel link {auto|kernel|user|threads}",
		"which implementation carries the packets; by default auto: the kernel's where it has one", COMMAND_REOPENS,
		.set = command_set_link, .print = command_print_link },
	{ COMMAND_TUNNEL, "tunnel hairpin fast",
		"let the fast path send what goes on by the same tunnel past the host's filters",
		.field = TUNNEL(FIELD_FLAG, hairpin, false) },
	{ COMMAND_TUNNEL, "tunnel protection {ipsec profile NAME [shared]|vici profile NAME [shared]}",
		"encrypt the tunnel: by a crypto ipsec profile, or by a connection in swanctl.conf", COMMAND_REMAKES,
		.set = command_set_protection, .print = command_print_protection },
	{ COMMAND_TUNNEL, "if-state nhrp",
		"show the tunnel's device as down to routing daemons while no next hop server answers",
		.field = TUNNEL(FIELD_FLAG, if_state, false) },
	{ COMMAND_TUNNEL, "shutdown",
		"keep the tunnel down",
		.field = TUNNEL(FIELD_FLAG, shutdown, false) },

	{ COMMAND_ANY, "exit",
		"close the block", COMMAND_LIST,
		.set = command_exit },
	{ COMMAND_ANY, "end",
		"close the block, and leave `configure terminal`", COMMAND_LIST,
		.set = command_exit },
};
// clang-format on

const struct command *schema_command(size_t index)
{
	return index < ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

static void *field_place(const struct config *config, size_t tunnel, const struct command_field *field)
{
	char *base =
		field->of_tunnel ? (char *)&config->tunnels[tunnel] : (char *)&config->node.ifaces[tunnel];

	return base + field->offset;
}

uint32_t schema_field_get(const struct config *config, size_t tunnel, const struct command_field *field)
{
	const void *place = field_place(config, tunnel, field);

	switch (field->kind) {
	case FIELD_FLAG:
		return *(const bool *)place;
	case FIELD_U16:
		return *(const uint16_t *)place;
	case FIELD_U32:
		return *(const uint32_t *)place;
	case FIELD_NONE:
		break;
	}
	return 0;
}

void schema_field_set(struct config *config, size_t tunnel, const struct command_field *field, uint32_t value)
{
	void *place = field_place(config, tunnel, field);

	switch (field->kind) {
	case FIELD_FLAG:
		*(bool *)place = value != 0;
		break;
	case FIELD_U16:
		*(uint16_t *)place = (uint16_t)value;
		break;
	case FIELD_U32:
		*(uint32_t *)place = value;
		break;
	case FIELD_NONE:
		break;
	}
}
