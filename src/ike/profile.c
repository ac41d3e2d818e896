// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "conf/crypto.h"
#include "core/protect.h"

#define FILE_MAX_SIZE (256 * 1024) ///< bytes of a certificate or key
#define TEXT_SIZE     512

/// The algorithms where nothing is configured: what this project's nodes prefer, then what routers have.
#define DEFAULT_IKE  "aes256gcm16-aes128gcm16-prfsha384-prfsha256-curve25519-ecp256-ecp384-modp2048"
#define DEFAULT_IKE2 "aes256-aes128-sha256-sha384-curve25519-ecp256-ecp384-modp2048"
#define DEFAULT_ESP  "aes256gcm16-aes128gcm16"
#define DEFAULT_PFS  "curve25519-ecp256-ecp384-modp2048"
/// Packets by which one may be late: several processors send under one SA, and each may be held up between
/// the number of its packet and its queue. The kernel's own 32 lose packets then.
#define REPLAY_WINDOW "1024"

// --- files

/// The bytes of a file; NULL where it cannot be read. The caller wipes and frees.
static uint8_t *read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	setbuf(file, NULL); // a buffer would keep a copy of the key
	uint8_t *bytes = alloc_zeroed(FILE_MAX_SIZE, 1);
	*ret_length = fread(bytes, 1, FILE_MAX_SIZE, file);
	bool good = !ferror(file) && *ret_length > 0 && *ret_length < FILE_MAX_SIZE;
	fclose(file);
	if (good)
		return bytes;
	explicit_bzero(bytes, FILE_MAX_SIZE);
	free(bytes);
	return NULL;
}

static void release(uint8_t *bytes)
{
	if (bytes)
		explicit_bzero(bytes, FILE_MAX_SIZE);
	free(bytes);
}

// --- credentials

static void put_string_item(struct vici_writer *writer, const char *text)
{
	vici_put_item(writer, text, strlen(text));
}

/// An identity as strongSwan reads it; `%any` where it cannot be told in one, which profile_accepts() then
/// does.
static const char *identity_text(const struct crypto_identity *identity, char buffer[static TEXT_SIZE])
{
	char addr[ADDR_TEXT_SIZE];

	switch (identity->kind) {
	case CRYPTO_IDENTITY_NONE:
	case CRYPTO_IDENTITY_ANY:
	case CRYPTO_IDENTITY_DN:
		return "%any";
	case CRYPTO_IDENTITY_ADDRESS:
		if (identity->prefix.length < 32)
			return "%any";
		snprintf(buffer, TEXT_SIZE, "%s", addr_format(identity->prefix.addr, addr));
		break;
	case CRYPTO_IDENTITY_FQDN:
		snprintf(buffer, TEXT_SIZE, "fqdn:%s", identity->text);
		break;
	case CRYPTO_IDENTITY_FQDN_DOMAIN:
		snprintf(buffer, TEXT_SIZE, "fqdn:*.%s", identity->text);
		break;
	case CRYPTO_IDENTITY_EMAIL:
		snprintf(buffer, TEXT_SIZE, "email:%s", identity->text);
		break;
	case CRYPTO_IDENTITY_EMAIL_DOMAIN:
		snprintf(buffer, TEXT_SIZE, "email:*@%s", identity->text);
		break;
	case CRYPTO_IDENTITY_KEY_ID:
		snprintf(buffer, TEXT_SIZE, "keyid:%s", identity->text);
		break;
	}
	return buffer;
}

static void load_shared(const char *id, const struct secret *secret, const struct crypto_peer *peer,
	profile_send *send, void *context)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "load-shared");
	char text[TEXT_SIZE], addr[ADDR_TEXT_SIZE];

	vici_put(&writer, "id", id);
	vici_put(&writer, "type", "IKE");
	vici_put_bytes(&writer, "data", secret->bytes, secret->length);
	vici_put_list(&writer, "owners");
	if (peer && addr_is_set(peer->address.addr) && peer->address.length == 32)
		put_string_item(&writer, addr_format(peer->address.addr, addr));
	else if (peer && addr_is_set(peer->address.addr) && peer->address.length > 0) {
		snprintf(text, sizeof(text), "%s/%u", addr_format(peer->address.addr, addr),
			peer->address.length);
		put_string_item(&writer, text);
	}
	if (peer && peer->identity.kind != CRYPTO_IDENTITY_NONE)
		put_string_item(&writer, identity_text(&peer->identity, text));
	vici_end_list(&writer);
	send(context, "load-shared", &writer);
}

static void load_keys(const struct crypto_config *crypto, profile_send *send, void *context)
{
	char id[TEXT_SIZE];

	for (size_t i = 0; i < crypto->keyring_count; i++) {
		const struct crypto_keyring *keyring = &crypto->keyrings[i];
		for (size_t j = 0; j < keyring->peer_count; j++) {
			snprintf(id, sizeof(id), "dmvpn-%s-%s", keyring->name, keyring->peers[j].name);
			load_shared(id, keyring->peers[j].remote, &keyring->peers[j], send, context);
		}
	}
	for (size_t i = 0; i < crypto->ikev2_profile_count; i++) {
		const struct crypto_ikev2_profile *profile = &crypto->ikev2_profiles[i];
		if (!profile->key)
			continue;
		snprintf(id, sizeof(id), "dmvpn-%s", profile->name);
		load_shared(id, profile->key, NULL, send, context);
	}
}

/// One file as one message; `flag` NULL: it is a private key.
static bool load_file(const char *path, const char *flag, profile_send *send, void *context, struct err *err)
{
	const char *command = flag ? "load-cert" : "load-key";
	size_t length;

	if (!path)
		return true;
	uint8_t *bytes = read_file(path, &length);
	if (!bytes) {
		err_set(err, "cannot read %s: %s; give a file in PEM format that the daemon may read", path,
			errno ? strerror(errno) : "it is empty or too large");
		return false;
	}
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, command);
	vici_put(&writer, "type", flag ? "X509" : "any");
	if (flag)
		vici_put(&writer, "flag", flag);
	vici_put_bytes(&writer, "data", bytes, length);
	release(bytes);
	send(context, command, &writer);
	return true;
}

bool profile_load_credentials(
	const struct crypto_config *crypto, profile_send *send, void *context, struct err *err)
{
	bool good = true;

	load_keys(crypto, send, context);
	for (size_t i = 0; i < crypto->trustpoint_count; i++) {
		const struct crypto_trustpoint *trustpoint = &crypto->trustpoints[i];
		good &= load_file(trustpoint->ca, "CA", send, context, err);
		good &= load_file(trustpoint->certificate, "NONE", send, context, err);
		good &= load_file(trustpoint->key, NULL, send, context, err);
	}
	return good;
}

// --- proposals

/// Appends "-KEYWORD" for each; what is repeated is left out.
static void append(char text[static TEXT_SIZE], const struct crypto_algorithms *list, bool aead, bool all)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct algorithm *algorithm = algorithm_at(list->items[i]);
		size_t used = strlen(text);
		if (all || algorithm->aead == aead)
			snprintf(text + used, TEXT_SIZE - used, "%s%s", used > 0 ? "-" : "",
				algorithm->keyword);
	}
}

/// An AEAD and other encryption do not go into one proposal.
static void put_proposal(struct vici_writer *writer, const struct crypto_proposal *proposal)
{
	for (int aead = 1; aead >= 0; aead--) {
		char text[TEXT_SIZE] = "";
		append(text, &proposal->encryption, aead, false);
		if (text[0] == '\0')
			continue;
		if (!aead)
			append(text, &proposal->integrity, false, true);
		append(text, &proposal->prf, false, true);
		append(text, &proposal->group, false, true);
		put_string_item(writer, text);
	}
}

static void put_ike_proposals(struct vici_writer *writer, const struct crypto_config *crypto)
{
	bool any = false;

	vici_put_list(writer, "proposals");
	for (size_t i = 0; i < crypto->policy_count; i++) {
		const struct crypto_names *names = &crypto->policies[i].proposals;
		for (size_t j = 0; j < names->count; j++) {
			put_proposal(writer, crypto_proposal(crypto, names->items[j]));
			any = true;
		}
	}
	if (!any) {
		put_string_item(writer, DEFAULT_IKE);
		put_string_item(writer, DEFAULT_IKE2);
	}
	vici_end_list(writer);
}

/// With perfect forward secrecy, which is required where a group is configured; where nothing is said, a peer
/// without it is taken, too.
static void put_esp(
	struct vici_writer *writer, const char *algorithms, const struct crypto_ipsec_profile *profile)
{
	char text[TEXT_SIZE];

	if (profile && profile->pfs.count > 0) {
		snprintf(text, sizeof(text), "%s-%s", algorithms,
			algorithm_at(profile->pfs.items[0])->keyword);
		put_string_item(writer, text);
		return;
	}
	if (!profile || !profile->no_pfs) {
		snprintf(text, sizeof(text), "%s-%s", algorithms, DEFAULT_PFS);
		put_string_item(writer, text);
	}
	put_string_item(writer, algorithms);
}

static void put_esp_proposals(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct crypto_ipsec_profile *profile)
{
	vici_put_list(writer, "esp_proposals");
	for (size_t i = 0; profile && i < profile->transform_sets.count; i++) {
		const struct crypto_transform_set *set =
			crypto_transform_set(crypto, profile->transform_sets.items[i]);
		char text[TEXT_SIZE] = "";
		append(text, &set->encryption, false, true);
		append(text, &set->integrity, false, true);
		put_esp(writer, text, profile);
	}
	if (!profile || profile->transform_sets.count == 0)
		put_esp(writer, DEFAULT_ESP, profile);
	vici_end_list(writer);
}

// --- the connection

static const struct crypto_trustpoint *trustpoint_of(
	const struct crypto_config *crypto, const struct crypto_ikev2_profile *profile)
{
	if (profile->trustpoint)
		return crypto_trustpoint(crypto, profile->trustpoint);
	return crypto->trustpoint_count > 0 ? &crypto->trustpoints[0] : NULL;
}

/// A list of one certificate, where there is one.
static void put_certificate(struct vici_writer *writer, const char *name, const char *path)
{
	size_t length;
	uint8_t *bytes = path ? read_file(path, &length) : NULL;

	if (!bytes)
		return;
	vici_put_list(writer, name);
	vici_put_item(writer, bytes, length);
	vici_end_list(writer);
	release(bytes);
}

static void put_local(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct crypto_ikev2_profile *profile)
{
	bool pubkey = profile && profile->local_authentication == CRYPTO_AUTHENTICATION_PUBKEY;
	char text[TEXT_SIZE];

	vici_put_section(writer, "local");
	vici_put(writer, "auth", pubkey ? "pubkey" : "psk");
	// Without an identity strongSwan takes the certificate's subject, or the address.
	if (profile && profile->local.kind != CRYPTO_IDENTITY_NONE &&
		profile->local.kind != CRYPTO_IDENTITY_DN)
		vici_put(writer, "id", identity_text(&profile->local, text));
	if (pubkey)
		put_certificate(writer, "certs", trustpoint_of(crypto, profile)->certificate);
	vici_end_section(writer);
}

static void put_remote(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct crypto_ikev2_profile *profile)
{
	bool pubkey = profile && profile->remote_authentication == CRYPTO_AUTHENTICATION_PUBKEY;
	char text[TEXT_SIZE];

	vici_put_section(writer, "remote");
	vici_put(writer, "auth", pubkey ? "pubkey" : "psk");
	vici_put(writer, "id",
		profile && profile->match_count == 1 ? identity_text(&profile->matches[0], text) : "%any");
	if (pubkey) {
		const struct crypto_trustpoint *trustpoint = trustpoint_of(crypto, profile);
		put_certificate(writer, "cacerts", trustpoint->ca);
		if (trustpoint->revocation)
			vici_put(writer, "revocation", "strict");
	}
	vici_end_section(writer);
}

/// Keys are renewed in the last tenth of their life, at a time of each SA's own.
static void put_lifetime(struct vici_writer *writer, const char *rekey, const char *life, uint32_t seconds)
{
	vici_put_format(writer, rekey, "%us", seconds - seconds / 10);
	vici_put_format(writer, "rand_time", "%us", seconds / 10);
	vici_put_format(writer, life, "%us", strcmp(life, "over_time") == 0 ? seconds / 10 : seconds);
}

/// The number by which charon's own ESP finds the SA for a packet: a hash of the addresses, the same for the
/// daemon's successor, and far from those that charon gives by itself. Before 5.9.12 charon can give two
/// peers the same where both are reauthenticated at once.
static uint32_t request_id(struct addr local, struct addr remote)
{
	const struct addr *addrs[] = { &local, &remote };
	uint32_t hash = 2166136261; // FNV-1a

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		for (size_t j = 0; j < addr_size(*addrs[i]); j++)
			hash = (hash ^ addrs[i]->bytes[j]) * 16777619;
	}
	return hash | 0x80000000;
}

static void put_child(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct profile_connection *connection, const struct crypto_ipsec_profile *profile)
{
	bool tunnel = connection->user_space || crypto_is_tunnel_mode(crypto, connection->profile);

	vici_put_section(writer, PROFILE_CHILD);
	vici_put(writer, "mode", tunnel ? "tunnel" : "transport");
	vici_put(writer, "replay_window", REPLAY_WINDOW);
	if (connection->user_space && addr_is_set(connection->remote))
		vici_put_format(writer, "reqid", "%u", request_id(connection->local, connection->remote));
	vici_put_single(writer, "local_ts", "dynamic[gre]");
	vici_put_single(writer, "remote_ts", "dynamic[gre]");
	put_esp_proposals(writer, crypto, profile);
	put_lifetime(writer, "rekey_time", "life_time",
		profile && profile->lifetime_seconds > 0 ? profile->lifetime_seconds : CRYPTO_SA_LIFETIME);
	if (profile && profile->lifetime_kilobytes > 0)
		vici_put_format(
			writer, "life_bytes", "%llu", (unsigned long long)profile->lifetime_kilobytes * 1024);
	if (connection->marks) {
		vici_put_format(writer, "mark_in", "%%unique/0x%08x", PROFILE_MARK_MASK);
		vici_put_format(writer, "mark_out", "%%unique/0x%08x", PROFILE_MARK_MASK);
		vici_put(writer, "set_mark_in", "%same");
	}
	vici_put(writer, "start_action", "none");
	vici_put(writer, "close_action", "none");
	vici_put(writer, "dpd_action", "clear");
	vici_end_section(writer);
}

void profile_put_connection(struct vici_writer *writer, const struct crypto_config *crypto,
	const struct profile_connection *connection)
{
	const struct crypto_ipsec_profile *ipsec = crypto_ipsec_profile(crypto, connection->profile);
	const struct crypto_ikev2_profile *ike =
		ipsec && ipsec->ikev2_profile ? crypto_ikev2_profile(crypto, ipsec->ikev2_profile) : NULL;
	char addr[ADDR_TEXT_SIZE];

	vici_put_section(writer, connection->name);
	vici_put(writer, "version", "2");
	vici_put_single(writer, "local_addrs", addr_format(connection->local, addr));
	vici_put_single(writer, "remote_addrs",
		addr_is_set(connection->remote) ? addr_format(connection->remote, addr) : "%any");
	put_ike_proposals(writer, crypto);
	vici_put(writer, "unique", "never");
	vici_put(writer, "mobike", "no");
	vici_put(writer, "keyingtries", "1");
	vici_put(writer, "send_cert", "always");
	vici_put_format(writer, "dpd_delay", "%us",
		ike && ike->dpd_interval > 0 ? ike->dpd_interval : CRYPTO_DPD_INTERVAL);
	vici_put(writer, "reauth_time", "0s");
	put_lifetime(writer, "rekey_time", "over_time",
		ike && ike->lifetime > 0 ? ike->lifetime : CRYPTO_IKE_LIFETIME);
	put_local(writer, crypto, ike);
	put_remote(writer, crypto, ike);
	vici_put_section(writer, "children");
	put_child(writer, crypto, connection, ipsec);
	vici_end_section(writer);
	vici_end_section(writer);
}

// --- who may come

static bool accepts(const struct crypto_identity *match, const char *identity)
{
	size_t text = match->text ? strlen(match->text) : 0;
	size_t length = strlen(identity);
	bool ends =
		length > text && strcasecmp(identity + length - text, match->text ? match->text : "") == 0;
	struct addr addr;

	switch (match->kind) {
	case CRYPTO_IDENTITY_NONE:
	case CRYPTO_IDENTITY_DN:
		return false;
	case CRYPTO_IDENTITY_ANY:
		return true;
	case CRYPTO_IDENTITY_ADDRESS:
		return addr_parse(identity, &addr) && prefix_contains(match->prefix, addr);
	case CRYPTO_IDENTITY_FQDN_DOMAIN:
		return ends && identity[length - text - 1] == '.' && !strpbrk(identity, "@=");
	case CRYPTO_IDENTITY_EMAIL_DOMAIN:
		return ends && identity[length - text - 1] == '@';
	case CRYPTO_IDENTITY_FQDN:
	case CRYPTO_IDENTITY_EMAIL:
	case CRYPTO_IDENTITY_KEY_ID:
		return strcasecmp(identity, match->text) == 0;
	}
	return false;
}

bool profile_accepts(const struct crypto_config *crypto, const char *profile, const char *identity)
{
	const struct crypto_ipsec_profile *ipsec = crypto_ipsec_profile(crypto, profile);
	const struct crypto_ikev2_profile *ike =
		ipsec && ipsec->ikev2_profile ? crypto_ikev2_profile(crypto, ipsec->ikev2_profile) : NULL;

	if (strlen(identity) >= PROTECT_IDENTITY_SIZE)
		return false;
	if (!ike || ike->match_count == 0)
		return true;
	for (size_t i = 0; i < ike->match_count; i++) {
		if (accepts(&ike->matches[i], identity))
			return true;
	}
	return false;
}
