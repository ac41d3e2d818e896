// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/command_crypto.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/message.h"
#include "conf/schema.h"

const char *command_crypto_name(const struct match *match)
{
	return match_argument(match, "NAME");
}

size_t command_crypto_find(const void *list, size_t count, size_t size, const char *name)
{
	size_t index = 0;

	while (index < count && strcmp(*(char *const *)((const char *)list + index * size), name) != 0)
		index++;
	return index;
}

size_t command_crypto_open(
	struct draft *draft, const struct match *match, void *list, size_t *count, size_t size)
{
	const char *name = command_crypto_name(match);
	void *array;

	memcpy(&array, list, sizeof(array));
	size_t index = command_crypto_find(array, *count, size, name);
	if (index < *count)
		return index;
	if (!draft_has_room(draft, match->line, *count))
		return SIZE_MAX;
	array = alloc_resize(array, *count + 1, size);
	memset((char *)array + *count * size, 0, size);
	char *own = alloc_string(name);
	memcpy((char *)array + *count * size, &own, sizeof(own));
	memcpy(list, &array, sizeof(array));
	return (*count)++;
}

static const char *describe(enum algorithm_kind kind)
{
	switch (kind) {
	case ALGORITHM_IKE_ENCRYPTION:
	case ALGORITHM_ESP_ENCRYPTION:
		return "encryption";
	case ALGORITHM_IKE_INTEGRITY:
	case ALGORITHM_ESP_INTEGRITY:
		return "integrity";
	case ALGORITHM_IKE_PRF:
		return "pseudo-random function";
	case ALGORITHM_GROUP:
		return "Diffie-Hellman group";
	}
	return "";
}

/// "aes-cbc-128, aes-cbc-256, …": what is good.
static void list_good(enum algorithm_kind kind, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; algorithm_at(i) && used < size; i++) {
		const struct algorithm *algorithm = algorithm_at(i);
		if (algorithm->kind == kind && algorithm->strength == ALGORITHM_STRONG)
			used += (size_t)snprintf(
				buffer + used, size - used, "%s%s", used > 0 ? ", " : "", algorithm->name);
	}
}

void command_algorithms(struct draft *draft, const struct match *match, size_t first,
	enum algorithm_kind kind, struct crypto_algorithms *list)
{
	struct crypto_algorithms read = { .count = 0 };
	const struct lex_line *line = match->line;
	char quoted[QUOTE_SIZE];
	char good[160];

	if (match->negated) {
		*list = read;
		return;
	}
	for (size_t i = first; i < line->count && read.count < CRYPTO_LIST_MAX; i++) {
		const char *word = line->words[i].text;
		// `group14` and `14` are the same.
		bool is_group = kind == ALGORITHM_GROUP && strncasecmp(word, "group", 5) == 0;
		int found = algorithm_find(kind, is_group ? word + 5 : word);
		list_good(kind, good, sizeof(good));
		if (found < 0) {
			message_error(draft->messages, line->number, line->words[i].column,
				"\"%s\" is not known as %s; there are: %s", message_quote(word, quoted),
				describe(kind), good);
			return;
		}
		if (algorithm_at((size_t)found)->strength == ALGORITHM_WEAK) {
			message_error(draft->messages, line->number, line->words[i].column,
				"%s `%s` is too weak to protect anything; use one of: %s", describe(kind),
				algorithm_at((size_t)found)->name, good);
			return;
		}
		if (algorithm_at((size_t)found)->strength == ALGORITHM_OLD)
			message_warning(draft->messages, line->number, line->words[i].column,
				"%s `%s` is old; it is used, but prefer one of: %s", describe(kind),
				algorithm_at((size_t)found)->name, good);
		read.items[read.count++] = (uint8_t)found;
	}
	*list = read;
}

void command_print_algorithms(FILE *out, const char *keyword, const struct crypto_algorithms *list)
{
	if (list->count == 0)
		return;
	fprintf(out, " %s", keyword);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, " %s", algorithm_at(list->items[i])->name);
	fprintf(out, "\n");
}

struct secret *command_secret(struct draft *draft, const struct match *match)
{
	const char *word = match_argument(match, "SECRET");

	if (match_has(match, "6")) {
		message_error(draft->messages, match->line->number, 0,
			"this key is encrypted with the router's master key; write it in clear text");
		return NULL;
	}
	return word ? secret_new(word, strlen(word)) : NULL;
}

void command_print_secret(FILE *out, const struct secret *secret, bool hide_secrets)
{
	if (hide_secrets)
		fprintf(out, "*****");
	else
		fprintf(out, "%.*s", (int)secret->length, (const char *)secret->bytes);
}

/// `NETWORK [MASK]`: without a mask it is a host; 0.0.0.0 is every address.
static struct prefix identity_prefix(const struct match *match)
{
	struct prefix prefix = match_prefix(match);
	bool everything = addr_to_ipv4(prefix.addr) == 0;

	return prefix_make(prefix.addr, everything ? 0 : prefix.length);
}

void command_identity(const struct match *match, struct crypto_identity *identity)
{
	bool domain = match_has(match, "domain");
	const char *name = match_argument(match, "IDENTITY");

	free(identity->text);
	*identity = (struct crypto_identity) { .text = name ? alloc_string(name) : NULL };
	if (match_has(match, "fqdn"))
		identity->kind = domain ? CRYPTO_IDENTITY_FQDN_DOMAIN : CRYPTO_IDENTITY_FQDN;
	else if (match_has(match, "email"))
		identity->kind = domain ? CRYPTO_IDENTITY_EMAIL_DOMAIN : CRYPTO_IDENTITY_EMAIL;
	else if (match_has(match, "key-id"))
		identity->kind = CRYPTO_IDENTITY_KEY_ID;
	else if (match_has(match, "dn"))
		identity->kind = CRYPTO_IDENTITY_DN;
	else if (match_has(match, "any"))
		identity->kind = CRYPTO_IDENTITY_ANY;
	else
		identity->kind = CRYPTO_IDENTITY_ADDRESS;
	if (identity->kind == CRYPTO_IDENTITY_ADDRESS)
		identity->prefix = identity_prefix(match);
}

void command_print_identity(FILE *out, const struct crypto_identity *identity)
{
	char addr[ADDR_TEXT_SIZE];
	char mask[ADDR_TEXT_SIZE];

	switch (identity->kind) {
	case CRYPTO_IDENTITY_NONE:
		break;
	case CRYPTO_IDENTITY_ANY:
		fprintf(out, "any");
		break;
	case CRYPTO_IDENTITY_ADDRESS:
		fprintf(out, "address %s", addr_format(identity->prefix.addr, addr));
		if (identity->prefix.length > 0 && identity->prefix.length < 32)
			fprintf(out, " %s",
				addr_format(
					prefix_make(addr_from_ipv4(UINT32_MAX), identity->prefix.length).addr,
					mask));
		break;
	case CRYPTO_IDENTITY_FQDN:
		fprintf(out, "fqdn %s", identity->text);
		break;
	case CRYPTO_IDENTITY_FQDN_DOMAIN:
		fprintf(out, "fqdn domain %s", identity->text);
		break;
	case CRYPTO_IDENTITY_EMAIL:
		fprintf(out, "email %s", identity->text);
		break;
	case CRYPTO_IDENTITY_EMAIL_DOMAIN:
		fprintf(out, "email domain %s", identity->text);
		break;
	case CRYPTO_IDENTITY_KEY_ID:
		fprintf(out, "key-id %s", identity->text);
		break;
	case CRYPTO_IDENTITY_DN:
		fprintf(out, "dn");
		break;
	}
}

void command_reference(struct draft *draft, const struct match *match, unsigned context, char **name)
{
	int word = match_index(match, "NAME");

	free(*name);
	*name = NULL;
	if (match->negated || word < 0)
		return;
	*name = alloc_string(match->line->words[word].text);
	draft_refer(draft, context, match->line, (size_t)word);
}

COMMAND_SET(command_set_crypto_note)
{
	(void)draft; // a description is for who reads the router's file
	(void)match;
}
