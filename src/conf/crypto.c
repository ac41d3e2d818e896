// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/crypto.h"

#include <stdlib.h>
#include <string.h>

#include "conf/free.h"

#define FIND(list, counter)                                                                                  \
	for (size_t i = 0; i < (counter); i++) {                                                             \
		if (strcmp((list)[i].name, name) == 0)                                                       \
			return &(list)[i];                                                                   \
	}                                                                                                    \
	return NULL

const struct crypto_proposal *crypto_proposal(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->proposals, crypto->proposal_count);
}

const struct crypto_policy *crypto_policy(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->policies, crypto->policy_count);
}

const struct crypto_keyring *crypto_keyring(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->keyrings, crypto->keyring_count);
}

const struct crypto_ikev2_profile *crypto_ikev2_profile(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->ikev2_profiles, crypto->ikev2_profile_count);
}

const struct crypto_transform_set *crypto_transform_set(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->transform_sets, crypto->transform_set_count);
}

const struct crypto_ipsec_profile *crypto_ipsec_profile(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->ipsec_profiles, crypto->ipsec_profile_count);
}

const struct crypto_trustpoint *crypto_trustpoint(const struct crypto_config *crypto, const char *name)
{
	FIND(crypto->trustpoints, crypto->trustpoint_count);
}

/// The first transform set of a profile decides of the mode; NULL where the defaults hold.
static const struct crypto_transform_set *first_set(const struct crypto_config *crypto, const char *name)
{
	const struct crypto_ipsec_profile *profile = crypto_ipsec_profile(crypto, name);

	if (!profile || profile->transform_sets.count == 0)
		return NULL;
	return crypto_transform_set(crypto, profile->transform_sets.items[0]);
}

bool crypto_is_tunnel_mode(const struct crypto_config *crypto, const char *ipsec_profile)
{
	const struct crypto_transform_set *set = first_set(crypto, ipsec_profile);

	return set && set->tunnel;
}

/// A packet of 1400 bytes becomes, with GRE and a key (8), the trailer and the padding of AES-CBC, IV (16),
/// ESP header (8), an ICV of 16, UDP (8) and IP (20), 1492 bytes: 1500 are not exceeded in transport mode.
/// Tunnel mode takes 20 more, and the ICV of SHA-512 16.
uint16_t crypto_mtu(const struct crypto_config *crypto, const struct tunnel_protection *protection)
{
	const struct crypto_transform_set *set =
		protection->kind == PROTECTION_IPSEC ? first_set(crypto, protection->profile) : NULL;
	bool long_icv = set && set->integrity.count > 0 &&
			(strcmp(algorithm_at(set->integrity.items[0])->keyword, "sha384") == 0 ||
				strcmp(algorithm_at(set->integrity.items[0])->keyword, "sha512") == 0);

	return (set && set->tunnel) || long_icv || protection->kind == PROTECTION_VICI ? 1360 : 1400;
}

static void free_names(struct crypto_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
}

void crypto_peer_free(struct crypto_peer *peer)
{
	free(peer->name);
	free(peer->identity.text);
	secret_free(peer->local);
	secret_free(peer->remote);
}

void crypto_policy_free(struct crypto_policy *policy)
{
	free(policy->name);
	free_names(&policy->proposals);
}

void crypto_keyring_free(struct crypto_keyring *keyring)
{
	for (size_t i = 0; i < keyring->peer_count; i++)
		crypto_peer_free(&keyring->peers[i]);
	free(keyring->peers);
	free(keyring->name);
}

void crypto_ikev2_profile_free(struct crypto_ikev2_profile *profile)
{
	for (size_t i = 0; i < profile->match_count; i++)
		free(profile->matches[i].text);
	free(profile->matches);
	free(profile->name);
	free(profile->local.text);
	secret_free(profile->key);
	free(profile->keyring);
	free(profile->trustpoint);
}

void crypto_ipsec_profile_free(struct crypto_ipsec_profile *profile)
{
	free(profile->name);
	free_names(&profile->transform_sets);
	free(profile->ikev2_profile);
}

void crypto_trustpoint_free(struct crypto_trustpoint *trustpoint)
{
	free(trustpoint->name);
	free(trustpoint->ca);
	free(trustpoint->certificate);
	free(trustpoint->key);
}

void crypto_free(struct crypto_config *crypto)
{
	for (size_t i = 0; i < crypto->proposal_count; i++)
		free(crypto->proposals[i].name);
	for (size_t i = 0; i < crypto->policy_count; i++)
		crypto_policy_free(&crypto->policies[i]);
	for (size_t i = 0; i < crypto->keyring_count; i++)
		crypto_keyring_free(&crypto->keyrings[i]);
	for (size_t i = 0; i < crypto->ikev2_profile_count; i++)
		crypto_ikev2_profile_free(&crypto->ikev2_profiles[i]);
	for (size_t i = 0; i < crypto->transform_set_count; i++)
		free(crypto->transform_sets[i].name);
	for (size_t i = 0; i < crypto->ipsec_profile_count; i++)
		crypto_ipsec_profile_free(&crypto->ipsec_profiles[i]);
	for (size_t i = 0; i < crypto->trustpoint_count; i++)
		crypto_trustpoint_free(&crypto->trustpoints[i]);
	free(crypto->vici_socket);
	free(crypto->proposals);
	free(crypto->policies);
	free(crypto->keyrings);
	free(crypto->ikev2_profiles);
	free(crypto->transform_sets);
	free(crypto->ipsec_profiles);
	free(crypto->trustpoints);
	*crypto = (struct crypto_config) { 0 };
}
