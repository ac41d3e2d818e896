// SPDX-License-Identifier: GPL-2.0-or-later
// What can be said of the `crypto` blocks only when all are read: names that no block has, keys that are
// missing or in conflict, proposals that are not complete.
#include <string.h>

#include "conf/check.h"
#include "conf/message.h"
#include "conf/schema.h"

static const char *block_of(unsigned context)
{
	switch (context) {
	case COMMAND_PROPOSAL:
		return "crypto ikev2 proposal";
	case COMMAND_KEYRING:
		return "crypto ikev2 keyring";
	case COMMAND_IKEV2_PROFILE:
		return "crypto ikev2 profile";
	case COMMAND_TRANSFORM_SET:
		return "crypto ipsec transform-set";
	case COMMAND_IPSEC_PROFILE:
		return "crypto ipsec profile";
	default:
		return "crypto pki trustpoint";
	}
}

static bool exists(const struct crypto_config *crypto, unsigned context, const char *name)
{
	switch (context) {
	case COMMAND_PROPOSAL:
		return crypto_proposal(crypto, name);
	case COMMAND_KEYRING:
		return crypto_keyring(crypto, name);
	case COMMAND_IKEV2_PROFILE:
		return crypto_ikev2_profile(crypto, name);
	case COMMAND_TRANSFORM_SET:
		return crypto_transform_set(crypto, name);
	case COMMAND_IPSEC_PROFILE:
		return crypto_ipsec_profile(crypto, name);
	case COMMAND_TRUSTPOINT:
		return crypto_trustpoint(crypto, name);
	default:
		return true;
	}
}

static void check_references(struct draft *draft)
{
	char quoted[QUOTE_SIZE];

	for (size_t i = 0; i < draft->reference_count; i++) {
		const struct draft_reference *reference = &draft->references[i];
		const struct draft_name *name = &reference->name;
		if (exists(&draft->config->crypto, reference->context, name->text))
			continue;
		message_error(draft->messages, name->line, name->column,
			"there is no `%s %s`; add that block", block_of(reference->context),
			message_quote(name->text, quoted));
	}
}

/// The line that a name is first used in; 0 where it is not.
static unsigned line_of(const struct draft *draft, unsigned context, const char *name)
{
	for (size_t i = 0; i < draft->reference_count; i++) {
		if (draft->references[i].context == context &&
			strcmp(draft->references[i].name.text, name) == 0)
			return draft->references[i].name.line;
	}
	return 0;
}

static void check_proposals(struct draft *draft)
{
	const struct crypto_config *crypto = &draft->config->crypto;

	for (size_t i = 0; i < crypto->proposal_count; i++) {
		const struct crypto_proposal *proposal = &crypto->proposals[i];
		unsigned line = line_of(draft, COMMAND_PROPOSAL, proposal->name);
		bool aead = true;
		for (size_t j = 0; j < proposal->encryption.count; j++)
			aead &= algorithm_at(proposal->encryption.items[j])->aead;
		if (line == 0)
			message_warning(draft->messages, 0, 0,
				"`crypto ikev2 proposal %s` is in no `crypto ikev2 policy`: it is not used",
				proposal->name);
		else if (proposal->encryption.count == 0)
			message_error(draft->messages, line, 0,
				"`crypto ikev2 proposal %s` has no encryption; add `encryption aes-gcm-256`",
				proposal->name);
		else if (proposal->group.count == 0)
			message_error(draft->messages, line, 0,
				"`crypto ikev2 proposal %s` has no group; add `group 19`", proposal->name);
		else if (!aead && proposal->integrity.count == 0)
			message_error(draft->messages, line, 0,
				"`crypto ikev2 proposal %s` has no integrity; add `integrity sha256`",
				proposal->name);
		else if (aead && proposal->prf.count == 0)
			message_error(draft->messages, line, 0,
				"`crypto ikev2 proposal %s` has no pseudo-random function; add `prf sha256`",
				proposal->name);
	}
}

static bool is_everybodys(const struct crypto_peer *peer)
{
	return peer->identity.kind == CRYPTO_IDENTITY_NONE &&
	       (!addr_is_set(peer->address.addr) || peer->address.length == 0);
}

/// strongSwan tells keys apart by the peer's identity alone, so everybody's key is one.
static void check_peer(
	struct draft *draft, const struct crypto_peer *peer, const struct crypto_peer **everybody)
{
	unsigned line = line_of(draft, COMMAND_PEER, peer->name);

	if (!peer->local && !peer->remote) {
		message_error(
			draft->messages, line, 0, "peer %s has no key; add `pre-shared-key KEY`", peer->name);
		return;
	}
	if (!secret_equal(peer->local, peer->remote))
		message_error(draft->messages, line, 0,
			"the local and the remote key of peer %s differ; strongSwan has one key for both: make "
			"them equal",
			peer->name);
	if (!is_everybodys(peer))
		return;
	if (*everybody && !secret_equal(peer->remote, (*everybody)->remote))
		message_error(draft->messages, line, 0,
			"peers %s and %s are both everybody and have different keys; give one an `identity`",
			(*everybody)->name, peer->name);
	*everybody = peer;
}

static void check_keys(struct draft *draft)
{
	const struct crypto_config *crypto = &draft->config->crypto;
	const struct crypto_peer *everybody = NULL;

	for (size_t i = 0; i < crypto->keyring_count; i++) {
		for (size_t j = 0; j < crypto->keyrings[i].peer_count; j++)
			check_peer(draft, &crypto->keyrings[i].peers[j], &everybody);
	}
}

/// Has a profile with pre-shared keys any?
static bool has_key(const struct crypto_config *crypto, const struct crypto_ikev2_profile *profile)
{
	if (profile && profile->key)
		return true;
	for (size_t i = 0; i < crypto->keyring_count; i++) {
		const struct crypto_keyring *keyring = &crypto->keyrings[i];
		bool of_profile =
			!profile || !profile->keyring || strcmp(profile->keyring, keyring->name) == 0;
		if (of_profile && keyring->peer_count > 0)
			return true;
	}
	return false;
}

/// The trustpoint of a profile, or the only one.
static const struct crypto_trustpoint *trustpoint_of(
	const struct crypto_config *crypto, const struct crypto_ikev2_profile *profile)
{
	if (profile->trustpoint)
		return crypto_trustpoint(crypto, profile->trustpoint);
	return crypto->trustpoint_count > 0 ? &crypto->trustpoints[0] : NULL;
}

static void check_credentials(
	struct draft *draft, const struct crypto_ikev2_profile *profile, const char *name, unsigned line)
{
	const struct crypto_config *crypto = &draft->config->crypto;
	bool local_cert = profile && profile->local_authentication == CRYPTO_AUTHENTICATION_PUBKEY;
	bool remote_cert = profile && profile->remote_authentication == CRYPTO_AUTHENTICATION_PUBKEY;
	const struct crypto_trustpoint *trustpoint = profile ? trustpoint_of(crypto, profile) : NULL;

	if ((!local_cert || !remote_cert) && !has_key(crypto, profile))
		message_error(draft->messages, line, 0,
			"%s has no key; add a `crypto ikev2 keyring` with a `peer` and its `pre-shared-key`",
			name);
	if ((local_cert || remote_cert) && !trustpoint)
		message_error(draft->messages, line, 0,
			"%s has no certificate; add a `crypto pki trustpoint` and `pki trustpoint NAME`",
			name);
	else if (local_cert && (!trustpoint->certificate || !trustpoint->key))
		message_error(draft->messages, line, 0,
			"trustpoint %s lacks `certificate file PATH` or `key file PATH`", trustpoint->name);
	else if (remote_cert && !trustpoint->ca)
		message_error(
			draft->messages, line, 0, "trustpoint %s lacks `ca file PATH`", trustpoint->name);
}

/// What a protected tunnel needs to come up.
static void check_tunnel(struct draft *draft, size_t index)
{
	const struct tunnel_protection *protection = &draft->config->tunnels[index].protection;
	const struct crypto_config *crypto = &draft->config->crypto;
	unsigned line = draft->tunnels[index].line;

	if (protection->kind != PROTECTION_IPSEC)
		return;
	for (size_t i = 0; i < index; i++) {
		const struct tunnel_protection *other = &draft->config->tunnels[i].protection;
		if (other->kind == PROTECTION_IPSEC && strcmp(other->profile, protection->profile) == 0)
			return; // once is enough
	}
	const struct crypto_ipsec_profile *ipsec = crypto_ipsec_profile(crypto, protection->profile);
	const struct crypto_ikev2_profile *profile =
		ipsec && ipsec->ikev2_profile ? crypto_ikev2_profile(crypto, ipsec->ikev2_profile) : NULL;
	bool missing = !ipsec && strcmp(protection->profile, CRYPTO_DEFAULT_PROFILE) != 0;
	if (missing || (ipsec && ipsec->ikev2_profile && !profile))
		return; // that name was complained of
	if (profile)
		check_credentials(
			draft, profile, profile->name, line_of(draft, COMMAND_IKEV2_PROFILE, profile->name));
	else
		check_credentials(draft, NULL, protection->profile, line);
}

void check_crypto(struct draft *draft)
{
	check_references(draft);
	check_proposals(draft);
	check_keys(draft);
	for (size_t i = 0; i < draft->config->node.iface_count; i++)
		check_tunnel(draft, i);
}
