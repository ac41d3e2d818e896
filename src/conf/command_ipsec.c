// SPDX-License-Identifier: GPL-2.0-or-later
// The blocks of `crypto ipsec` and `crypto pki`, and what of protection stands in a tunnel's block.
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/command_crypto.h"
#include "conf/free.h"
#include "conf/message.h"
#include "conf/schema.h"

COMMAND_SET(command_set_vici_socket)
{
	struct crypto_config *crypto = &draft->config->crypto;

	free(crypto->vici_socket);
	crypto->vici_socket = match->negated ? NULL : alloc_string(match_argument(match, "PATH"));
}

COMMAND_PRINT(command_print_vici_socket)
{
	(void)index;
	(void)hide_secrets;
	if (config->crypto.vici_socket)
		fprintf(out, "crypto vici socket %s\n", config->crypto.vici_socket);
}

// --- transform set

/// "esp-aes 256 esp-sha256-hmac": a number belongs to the word before it. Reads one of each kind.
static bool read_transforms(
	struct draft *draft, const struct match *match, size_t first, struct crypto_transform_set *set)
{
	const struct lex_line *line = match->line;
	struct crypto_transform_set read = { .name = NULL };
	char name[64], quoted[QUOTE_SIZE];

	for (size_t i = first; i < line->count; i++) {
		unsigned column = line->words[i].column;
		bool sized = i + 1 < line->count && line->words[i + 1].text[0] >= '0' &&
			     line->words[i + 1].text[0] <= '9';
		snprintf(name, sizeof(name), "%s%s%s", line->words[i].text, sized ? " " : "",
			sized ? line->words[i + 1].text : "");
		int encryption = algorithm_find(ALGORITHM_ESP_ENCRYPTION, name);
		int integrity = algorithm_find(ALGORITHM_ESP_INTEGRITY, name);
		int found = encryption >= 0 ? encryption : integrity;
		struct crypto_algorithms *list = encryption >= 0 ? &read.encryption : &read.integrity;
		if (found < 0 || list->count > 0) {
			message_error(draft->messages, line->number, column,
				found < 0
					? "\"%s\" is not a known transform; a good one is `esp-gcm 256`"
					: "\"%s\" is one too many: a set has one encryption and one integrity",
				message_quote(name, quoted));
			return false;
		}
		if (algorithm_at((size_t)found)->strength == ALGORITHM_WEAK) {
			message_error(draft->messages, line->number, column,
				"`%s` is too weak to protect anything; a good one is `esp-gcm 256`", name);
			return false;
		}
		if (algorithm_at((size_t)found)->strength == ALGORITHM_OLD)
			message_warning(draft->messages, line->number, column,
				"`%s` is old; it is used, but prefer `esp-sha256-hmac` or `esp-gcm 256`",
				name);
		list->items[list->count++] = (uint8_t)found;
		i += sized;
	}
	if (read.encryption.count == 0) {
		message_error(draft->messages, line->number, 0,
			"the transform set encrypts nothing; a good one is `esp-gcm 256`");
		return false;
	}
	bool aead = algorithm_at(read.encryption.items[0])->aead;
	if (aead == (read.integrity.count > 0)) {
		message_error(draft->messages, line->number, 0,
			aead ? "`%s` has its integrity built in; remove the other transform"
			     : "`%s` needs integrity beside it; add `esp-sha256-hmac`",
			algorithm_at(read.encryption.items[0])->name);
		return false;
	}
	set->encryption = read.encryption;
	set->integrity = read.integrity;
	return true;
}

COMMAND_SET(command_set_transform_set)
{
	struct crypto_config *crypto = &draft->config->crypto;
	size_t before = crypto->transform_set_count;
	size_t index;

	if (match->negated) {
		index = command_crypto_find(crypto->transform_sets, before, sizeof(*crypto->transform_sets),
			command_crypto_name(match));
		if (index < before) {
			free(crypto->transform_sets[index].name);
			draft_remove(crypto->transform_sets, &crypto->transform_set_count,
				sizeof(*crypto->transform_sets), index);
		}
		return;
	}
	index = command_crypto_open(draft, match, &crypto->transform_sets, &crypto->transform_set_count,
		sizeof(*crypto->transform_sets));
	if (index == SIZE_MAX)
		return;
	if (index == before)
		crypto->transform_sets[index].tunnel = true;
	(void)read_transforms(draft, match, match->first + 4, &crypto->transform_sets[index]);
	draft_open_crypto(draft, COMMAND_TRANSFORM_SET, index, match->line);
}

COMMAND_SET(command_set_transform_mode)
{
	draft->config->crypto.transform_sets[draft->crypto_index].tunnel =
		match->negated || match_has(match, "tunnel");
}

COMMAND_PRINT(command_print_transform_sets)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < crypto->transform_set_count; i++) {
		const struct crypto_transform_set *set = &crypto->transform_sets[i];
		fprintf(out, "crypto ipsec transform-set %s %s", set->name,
			algorithm_at(set->encryption.items[0])->name);
		if (set->integrity.count > 0)
			fprintf(out, " %s", algorithm_at(set->integrity.items[0])->name);
		fprintf(out, "\n mode %s\n!\n", set->tunnel ? "tunnel" : "transport");
	}
}

// --- profile

static struct crypto_ipsec_profile *profile_of(const struct draft *draft)
{
	return &draft->config->crypto.ipsec_profiles[draft->crypto_index];
}

COMMAND_SET(command_set_ipsec_profile)
{
	struct crypto_config *crypto = &draft->config->crypto;
	size_t size = sizeof(*crypto->ipsec_profiles);
	size_t index = command_crypto_find(
		crypto->ipsec_profiles, crypto->ipsec_profile_count, size, command_crypto_name(match));

	if (match->negated) {
		if (index < crypto->ipsec_profile_count) {
			crypto_ipsec_profile_free(&crypto->ipsec_profiles[index]);
			draft_remove(crypto->ipsec_profiles, &crypto->ipsec_profile_count, size, index);
		}
		return;
	}
	index = command_crypto_open(
		draft, match, &crypto->ipsec_profiles, &crypto->ipsec_profile_count, size);
	if (index != SIZE_MAX)
		draft_open_crypto(draft, COMMAND_IPSEC_PROFILE, index, match->line);
}

COMMAND_SET(command_set_profile_transforms)
{
	struct crypto_names *names = &profile_of(draft)->transform_sets;
	const struct lex_line *line = match->line;

	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	names->count = 0;
	for (size_t i = match->first + 2; !match->negated && i < line->count; i++) {
		if (names->count == CRYPTO_LIST_MAX) {
			message_error(draft->messages, line->number, line->words[i].column,
				"a profile has at most %d transform sets", CRYPTO_LIST_MAX);
			return;
		}
		names->items[names->count++] = alloc_string(line->words[i].text);
		draft_refer(draft, COMMAND_TRANSFORM_SET, line, i);
	}
}

COMMAND_SET(command_set_pfs)
{
	struct crypto_ipsec_profile *profile = profile_of(draft);

	profile->no_pfs = match->negated;
	profile->pfs = (struct crypto_algorithms) { .count = 0 };
	if (!match->negated && match->line->count > match->first + 2)
		command_algorithms(draft, match, match->first + 2, ALGORITHM_GROUP, &profile->pfs);
}

COMMAND_SET(command_set_profile_ikev2)
{
	command_reference(draft, match, COMMAND_IKEV2_PROFILE, &profile_of(draft)->ikev2_profile);
}

COMMAND_SET(command_set_sa_lifetime)
{
	struct crypto_ipsec_profile *profile = profile_of(draft);

	if (match_has(match, "seconds"))
		profile->lifetime_seconds = match->negated ? 0 : match_number(match, "seconds", 0);
	else
		profile->lifetime_kilobytes = match->negated || match_has(match, "disable")
						      ? 0
						      : match_number(match, "kilobytes", 0);
}

COMMAND_PRINT(command_print_ipsec_profiles)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < crypto->ipsec_profile_count; i++) {
		const struct crypto_ipsec_profile *profile = &crypto->ipsec_profiles[i];
		fprintf(out, "crypto ipsec profile %s\n", profile->name);
		if (profile->lifetime_seconds != 0)
			fprintf(out, " set security-association lifetime seconds %u\n",
				profile->lifetime_seconds);
		if (profile->lifetime_kilobytes != 0)
			fprintf(out, " set security-association lifetime kilobytes %u\n",
				profile->lifetime_kilobytes);
		for (size_t j = 0; j < profile->transform_sets.count; j++)
			fprintf(out, "%s%s%s", j == 0 ? " set transform-set " : " ",
				profile->transform_sets.items[j],
				j + 1 == profile->transform_sets.count ? "\n" : "");
		if (profile->no_pfs)
			fprintf(out, " no set pfs\n");
		else if (profile->pfs.count > 0)
			fprintf(out, " set pfs group%s\n", algorithm_at(profile->pfs.items[0])->name);
		if (profile->ikev2_profile)
			fprintf(out, " set ikev2-profile %s\n", profile->ikev2_profile);
		fprintf(out, "!\n");
	}
}

// --- certificates

static struct crypto_trustpoint *trustpoint_of(const struct draft *draft)
{
	return &draft->config->crypto.trustpoints[draft->crypto_index];
}

COMMAND_SET(command_set_trustpoint)
{
	struct crypto_config *crypto = &draft->config->crypto;
	size_t size = sizeof(*crypto->trustpoints);
	size_t index = command_crypto_find(
		crypto->trustpoints, crypto->trustpoint_count, size, command_crypto_name(match));

	if (match->negated) {
		if (index < crypto->trustpoint_count) {
			crypto_trustpoint_free(&crypto->trustpoints[index]);
			draft_remove(crypto->trustpoints, &crypto->trustpoint_count, size, index);
		}
		return;
	}
	index = command_crypto_open(draft, match, &crypto->trustpoints, &crypto->trustpoint_count, size);
	if (index != SIZE_MAX)
		draft_open_crypto(draft, COMMAND_TRUSTPOINT, index, match->line);
}

COMMAND_SET(command_set_trustpoint_file)
{
	struct crypto_trustpoint *trustpoint = trustpoint_of(draft);
	char **path = match_has(match, "ca")            ? &trustpoint->ca
		      : match_has(match, "certificate") ? &trustpoint->certificate
							: &trustpoint->key;

	free(*path);
	*path = match->negated ? NULL : alloc_string(match_argument(match, "PATH"));
}

COMMAND_SET(command_set_revocation)
{
	trustpoint_of(draft)->revocation = !match->negated && !match_has(match, "none");
}

COMMAND_PRINT(command_print_trustpoints)
{
	const struct crypto_config *crypto = &config->crypto;

	(void)index;
	(void)hide_secrets;
	for (size_t i = 0; i < crypto->trustpoint_count; i++) {
		const struct crypto_trustpoint *trustpoint = &crypto->trustpoints[i];
		fprintf(out, "crypto pki trustpoint %s\n", trustpoint->name);
		if (trustpoint->ca)
			fprintf(out, " ca file %s\n", trustpoint->ca);
		if (trustpoint->certificate)
			fprintf(out, " certificate file %s\n", trustpoint->certificate);
		if (trustpoint->key)
			fprintf(out, " key file %s\n", trustpoint->key);
		if (trustpoint->revocation)
			fprintf(out, " revocation-check crl\n");
		fprintf(out, "!\n");
	}
}

// --- in a tunnel's block

COMMAND_SET(command_set_protection)
{
	struct tunnel_protection *protection = &draft_tunnel_config(draft)->protection;
	int word = match_index(match, "NAME");

	free(protection->profile);
	*protection = (struct tunnel_protection) { .kind = PROTECTION_NONE };
	draft_iface(draft)->protected = !match->negated;
	if (match->negated)
		return;
	const char *name = match->line->words[word].text;
	protection->profile = alloc_string(name);
	protection->kind = match_has(match, "vici") ? PROTECTION_VICI : PROTECTION_IPSEC;
	protection->shared = match_has(match, "shared");
	if (protection->kind == PROTECTION_IPSEC && strcmp(name, CRYPTO_DEFAULT_PROFILE) != 0)
		draft_refer(draft, COMMAND_IPSEC_PROFILE, match->line, (size_t)word);
}

COMMAND_PRINT(command_print_protection)
{
	const struct tunnel_protection *protection = &config->tunnels[index].protection;

	(void)hide_secrets;
	if (protection->kind != PROTECTION_NONE)
		fprintf(out, " tunnel protection %s profile %s%s\n",
			protection->kind == PROTECTION_VICI ? "vici" : "ipsec", protection->profile,
			protection->shared ? " shared" : "");
}

COMMAND_SET(command_set_authorize)
{
	struct iface_config *iface = draft_iface(draft);
	const char *pattern = match_argument(match, "IDENTITY");
	struct prefix given = match_prefix(match);
	struct authorize_config authorize = { .prefix = prefix_make(given.addr, given.length) };
	size_t index = 0;

	while (index < iface->authorize_count &&
		(strcmp(iface->authorize[index].pattern, pattern) != 0 ||
			!prefix_equal(iface->authorize[index].prefix, authorize.prefix)))
		index++;
	if (!prefix_equal(given, authorize.prefix)) {
		message_error(draft->messages, match->line->number, 0,
			"the address has bits set outside of its mask; write the network's address");
	} else if (match->negated) {
		if (index < iface->authorize_count) {
			free(iface->authorize[index].pattern);
			draft_remove(iface->authorize, &iface->authorize_count, sizeof(authorize), index);
		}
	} else if (index == iface->authorize_count && draft_has_room(draft, match->line, index)) {
		authorize.pattern = alloc_string(pattern);
		iface->authorize = alloc_resize(iface->authorize, index + 1, sizeof(authorize));
		iface->authorize[iface->authorize_count++] = authorize;
	}
}

COMMAND_PRINT(command_print_authorize)
{
	const struct iface_config *iface = &config->node.ifaces[index];
	char addr[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	for (size_t i = 0; i < iface->authorize_count; i++)
		fprintf(out, " ip nhrp authorize identity %s %s/%u\n", iface->authorize[i].pattern,
			addr_format(iface->authorize[i].prefix.addr, addr),
			iface->authorize[i].prefix.length);
}
