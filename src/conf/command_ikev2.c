// SPDX-License-Identifier: GPL-2.0-or-later
// The blocks of `crypto ikev2`.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/command_crypto.h"
#include "conf/free.h"
#include "conf/message.h"
#include "conf/schema.h"

/// Opens the block that the line names in the list, or with `no` removes it.
#define OPEN(list, counter, context, release)                                                                \
	do {                                                                                                 \
		struct crypto_config *crypto = &draft->config->crypto;                                       \
		size_t index;                                                                                \
		if (match->negated) {                                                                        \
			index = command_crypto_find(crypto->list, crypto->counter, sizeof(*crypto->list),    \
				command_crypto_name(match));                                                 \
			if (index < crypto->counter) {                                                       \
				release;                                                                     \
				draft_remove(crypto->list, &crypto->counter, sizeof(*crypto->list), index);  \
			}                                                                                    \
			return;                                                                              \
		}                                                                                            \
		index = command_crypto_open(                                                                 \
			draft, match, &crypto->list, &crypto->counter, sizeof(*crypto->list));               \
		if (index != SIZE_MAX)                                                                       \
			draft_open_crypto(draft, context, index, match->line);                               \
	} while (0)

static struct crypto_proposal *proposal_of(const struct draft *draft)
{
	return &draft->config->crypto.proposals[draft->crypto_index];
}

static struct crypto_policy *policy_of(const struct draft *draft)
{
	return &draft->config->crypto.policies[draft->crypto_index];
}

static struct crypto_keyring *keyring_of(const struct draft *draft)
{
	return &draft->config->crypto.keyrings[draft->crypto_index];
}

static struct crypto_peer *peer_of(const struct draft *draft)
{
	return &keyring_of(draft)->peers[draft->peer_index];
}

static struct crypto_ikev2_profile *profile_of(const struct draft *draft)
{
	return &draft->config->crypto.ikev2_profiles[draft->crypto_index];
}

// --- proposal

COMMAND_SET(command_set_proposal)
{
	OPEN(proposals, proposal_count, COMMAND_PROPOSAL, free(crypto->proposals[index].name));
}

COMMAND_SET(command_set_encryption)
{
	command_algorithms(
		draft, match, match->first + 1, ALGORITHM_IKE_ENCRYPTION, &proposal_of(draft)->encryption);
}

COMMAND_SET(command_set_integrity)
{
	command_algorithms(
		draft, match, match->first + 1, ALGORITHM_IKE_INTEGRITY, &proposal_of(draft)->integrity);
}

COMMAND_SET(command_set_prf)
{
	command_algorithms(draft, match, match->first + 1, ALGORITHM_IKE_PRF, &proposal_of(draft)->prf);
}

COMMAND_SET(command_set_group)
{
	command_algorithms(draft, match, match->first + 1, ALGORITHM_GROUP, &proposal_of(draft)->group);
}

COMMAND_PRINT(command_print_proposals)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < crypto->proposal_count; i++) {
		const struct crypto_proposal *proposal = &crypto->proposals[i];
		fprintf(out, "crypto ikev2 proposal %s\n", proposal->name);
		command_print_algorithms(out, "encryption", &proposal->encryption);
		command_print_algorithms(out, "integrity", &proposal->integrity);
		command_print_algorithms(out, "prf", &proposal->prf);
		command_print_algorithms(out, "group", &proposal->group);
		fprintf(out, "!\n");
	}
}

// --- policy

COMMAND_SET(command_set_policy)
{
	OPEN(policies, policy_count, COMMAND_POLICY, crypto_policy_free(&crypto->policies[index]));
}

COMMAND_SET(command_set_policy_proposal)
{
	struct crypto_names *names = &policy_of(draft)->proposals;
	const char *name = match_argument(match, "NAME");
	size_t index = 0;

	while (index < names->count && strcmp(names->items[index], name) != 0)
		index++;
	if (match->negated) {
		if (index < names->count) {
			free(names->items[index]);
			draft_remove(names->items, &names->count, sizeof(names->items[0]), index);
		}
	} else if (names->count == CRYPTO_LIST_MAX) {
		message_error(draft->messages, match->line->number, 0, "a policy has at most %d proposals",
			CRYPTO_LIST_MAX);
	} else if (index == names->count) {
		command_reference(draft, match, COMMAND_PROPOSAL, &names->items[names->count]);
		names->count++;
	}
}

COMMAND_PRINT(command_print_policies)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < crypto->policy_count; i++) {
		const struct crypto_policy *policy = &crypto->policies[i];
		fprintf(out, "crypto ikev2 policy %s\n", policy->name);
		for (size_t j = 0; j < policy->proposals.count; j++)
			fprintf(out, " proposal %s\n", policy->proposals.items[j]);
		fprintf(out, "!\n");
	}
}

// --- keyring

COMMAND_SET(command_set_keyring)
{
	OPEN(keyrings, keyring_count, COMMAND_KEYRING, crypto_keyring_free(&crypto->keyrings[index]));
}

COMMAND_SET(command_set_peer)
{
	struct crypto_keyring *keyring = keyring_of(draft);
	size_t size = sizeof(*keyring->peers);
	size_t index;

	draft->crypto = COMMAND_KEYRING;
	if (match->negated) {
		index = command_crypto_find(
			keyring->peers, keyring->peer_count, size, command_crypto_name(match));
		if (index < keyring->peer_count) {
			crypto_peer_free(&keyring->peers[index]);
			draft_remove(keyring->peers, &keyring->peer_count, size, index);
		}
		return;
	}
	index = command_crypto_open(draft, match, &keyring->peers, &keyring->peer_count, size);
	if (index == SIZE_MAX)
		return;
	draft->peer_index = index;
	draft->crypto = COMMAND_PEER;
	draft_refer(draft, COMMAND_PEER, match->line, (size_t)match_index(match, "NAME"));
}

COMMAND_SET(command_set_peer_address)
{
	struct prefix prefix = match_prefix(match);

	peer_of(draft)->address =
		match->negated ? (struct prefix) { 0 } : prefix_make(prefix.addr, prefix.length);
}

COMMAND_SET(command_set_peer_identity)
{
	struct crypto_identity *identity = &peer_of(draft)->identity;

	if (!match->negated) {
		command_identity(match, identity);
		return;
	}
	free(identity->text);
	*identity = (struct crypto_identity) { .kind = CRYPTO_IDENTITY_NONE };
}

static void replace_secret(struct secret **place, const struct secret *secret)
{
	secret_free(*place);
	*place = secret ? secret_new(secret->bytes, secret->length) : NULL;
}

COMMAND_SET(command_set_peer_key)
{
	struct crypto_peer *peer = peer_of(draft);
	struct secret *secret = match->negated ? NULL : command_secret(draft, match);

	if (!match_has(match, "remote"))
		replace_secret(&peer->local, secret);
	if (!match_has(match, "local"))
		replace_secret(&peer->remote, secret);
	secret_free(secret);
}

static void print_peer(FILE *out, const struct crypto_peer *peer, bool hide_secrets)
{
	char addr[ADDR_TEXT_SIZE];
	char mask[ADDR_TEXT_SIZE];

	fprintf(out, " peer %s\n", peer->name);
	if (addr_is_set(peer->address.addr))
		fprintf(out, "  address %s %s\n", addr_format(peer->address.addr, addr),
			addr_format(
				prefix_make(addr_from_ipv4(UINT32_MAX), peer->address.length).addr, mask));
	if (peer->identity.kind != CRYPTO_IDENTITY_NONE) {
		fprintf(out, "  identity ");
		command_print_identity(out, &peer->identity);
		fprintf(out, "\n");
	}
	if (peer->local) {
		fprintf(out, "  pre-shared-key ");
		command_print_secret(out, peer->local, hide_secrets);
		fprintf(out, "\n");
	}
}

COMMAND_PRINT(command_print_keyrings)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	for (size_t i = 0; i < crypto->keyring_count; i++) {
		const struct crypto_keyring *keyring = &crypto->keyrings[i];
		fprintf(out, "crypto ikev2 keyring %s\n", keyring->name);
		for (size_t j = 0; j < keyring->peer_count; j++)
			print_peer(out, &keyring->peers[j], hide_secrets);
		fprintf(out, "!\n");
	}
}

// --- profile

COMMAND_SET(command_set_ikev2_profile)
{
	OPEN(ikev2_profiles, ikev2_profile_count, COMMAND_IKEV2_PROFILE,
		crypto_ikev2_profile_free(&crypto->ikev2_profiles[index]));
}

static bool same_identity(const struct crypto_identity *a, const struct crypto_identity *b)
{
	return a->kind == b->kind && prefix_equal(a->prefix, b->prefix) &&
	       strcmp(a->text ? a->text : "", b->text ? b->text : "") == 0;
}

COMMAND_SET(command_set_match_identity)
{
	struct crypto_ikev2_profile *profile = profile_of(draft);
	struct crypto_identity identity = { .kind = CRYPTO_IDENTITY_NONE };
	size_t index = 0;

	command_identity(match, &identity);
	while (index < profile->match_count && !same_identity(&profile->matches[index], &identity))
		index++;
	if (!match->negated && index == profile->match_count &&
		draft_has_room(draft, match->line, profile->match_count)) {
		profile->matches = alloc_resize(profile->matches, index + 1, sizeof(identity));
		profile->matches[profile->match_count++] = identity;
		return;
	}
	if (match->negated && index < profile->match_count) {
		free(profile->matches[index].text);
		draft_remove(profile->matches, &profile->match_count, sizeof(identity), index);
	}
	free(identity.text);
}

COMMAND_SET(command_set_identity_local)
{
	struct crypto_identity *local = &profile_of(draft)->local;

	if (!match->negated) {
		command_identity(match, local);
		return;
	}
	free(local->text);
	*local = (struct crypto_identity) { .kind = CRYPTO_IDENTITY_NONE };
}

COMMAND_SET(command_set_ikev2_authentication)
{
	struct crypto_ikev2_profile *profile = profile_of(draft);
	enum crypto_authentication method =
		match_has(match, "pre-share") ? CRYPTO_AUTHENTICATION_PSK : CRYPTO_AUTHENTICATION_PUBKEY;

	if (match->negated)
		method = CRYPTO_AUTHENTICATION_DEFAULT;
	if (match_has(match, "local"))
		profile->local_authentication = method;
	else
		profile->remote_authentication = method;
	if (!match_has(match, "key") || match->negated)
		return;
	struct secret *secret = command_secret(draft, match);
	if (secret && profile->key && !secret_equal(secret, profile->key))
		message_error(draft->messages, match->line->number, 0,
			"the keys of both directions differ; strongSwan has one key for both: make them equal");
	secret_free(profile->key);
	profile->key = secret;
}

COMMAND_SET(command_set_profile_keyring)
{
	command_reference(draft, match, COMMAND_KEYRING, &profile_of(draft)->keyring);
}

COMMAND_SET(command_set_profile_trustpoint)
{
	command_reference(draft, match, COMMAND_TRUSTPOINT, &profile_of(draft)->trustpoint);
}

COMMAND_SET(command_set_ike_lifetime)
{
	profile_of(draft)->lifetime = match->negated ? 0 : match_number(match, "lifetime", 0);
}

COMMAND_SET(command_set_dpd)
{
	profile_of(draft)->dpd_interval = match->negated ? 0 : (uint16_t)match_number(match, "dpd", 0);
}

static void print_authentication(FILE *out, const struct crypto_ikev2_profile *profile, bool local, bool hide)
{
	enum crypto_authentication method =
		local ? profile->local_authentication : profile->remote_authentication;
	const char *side = local ? "local" : "remote";

	if (method == CRYPTO_AUTHENTICATION_PUBKEY) {
		fprintf(out, " authentication %s rsa-sig\n", side);
	} else if (method == CRYPTO_AUTHENTICATION_PSK) {
		fprintf(out, " authentication %s pre-share", side);
		if (profile->key) {
			fprintf(out, " key ");
			command_print_secret(out, profile->key, hide);
		}
		fprintf(out, "\n");
	}
}

COMMAND_PRINT(command_print_ikev2_profiles)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	for (size_t i = 0; i < crypto->ikev2_profile_count; i++) {
		const struct crypto_ikev2_profile *profile = &crypto->ikev2_profiles[i];
		fprintf(out, "crypto ikev2 profile %s\n", profile->name);
		for (size_t j = 0; j < profile->match_count; j++) {
			fprintf(out, " match identity remote ");
			command_print_identity(out, &profile->matches[j]);
			fprintf(out, "\n");
		}
		if (profile->local.kind != CRYPTO_IDENTITY_NONE) {
			fprintf(out, " identity local ");
			command_print_identity(out, &profile->local);
			fprintf(out, "\n");
		}
		print_authentication(out, profile, false, hide_secrets);
		print_authentication(out, profile, true, hide_secrets);
		if (profile->keyring)
			fprintf(out, " keyring local %s\n", profile->keyring);
		if (profile->trustpoint)
			fprintf(out, " pki trustpoint %s\n", profile->trustpoint);
		if (profile->lifetime != 0)
			fprintf(out, " lifetime %u\n", profile->lifetime);
		if (profile->dpd_interval != 0)
			fprintf(out, " dpd %u 2 on-demand\n", profile->dpd_interval);
		fprintf(out, "!\n");
	}
}
