// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/arg.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "wire/nhrp_auth.h"

#define NAME_MAX_LENGTH        63
#define SECRET_MAX_LENGTH      127 ///< as on a router
#define IDENTITY_MAX_LENGTH    255
#define DESCRIPTION_MAX_LENGTH 240 ///< as on a router
#define DNS_LABEL_MAX          63

bool arg_number(const char *word, uint32_t *ret)
{
	size_t digits = strspn(word, "0123456789");

	if (digits == 0 || digits > 10 || word[digits] != '\0')
		return false;
	unsigned long long value = strtoull(word, NULL, 10);
	if (value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool arg_ipv4(const char *word, struct addr *ret)
{
	struct addr addr;

	if (!addr_parse(word, &addr) || addr.family != ADDR_IPV4)
		return false;
	*ret = addr;
	return true;
}

bool arg_mask(const char *word, uint8_t *ret_length)
{
	struct addr mask;
	uint8_t length = 0;

	if (!arg_ipv4(word, &mask))
		return false;
	while (length < 32 && addr_bit(mask, length))
		length++;
	if (!addr_equal(mask, prefix_make(mask, length).addr))
		return false;
	*ret_length = length;
	return true;
}

bool arg_prefix(const char *word, struct prefix *ret)
{
	const char *slash = strchr(word, '/');
	char text[ADDR_TEXT_SIZE];
	struct addr addr;
	uint32_t length;

	if (!slash || (size_t)(slash - word) >= sizeof(text))
		return false;
	memcpy(text, word, (size_t)(slash - word));
	text[slash - word] = '\0';
	if (!arg_ipv4(text, &addr) || !arg_number(slash + 1, &length) || length > 32)
		return false;
	*ret = (struct prefix) { .addr = addr, .length = (uint8_t)length };
	return true;
}

static bool accepts_network(const char *word)
{
	struct addr addr;

	return arg_ipv4(word, &addr);
}

static bool accepts_address(const char *word)
{
	struct addr addr;

	return arg_ipv4(word, &addr) && addr_is_host(addr);
}

static bool accepts_mask(const char *word)
{
	uint8_t length;

	return arg_mask(word, &length);
}

static bool accepts_prefix(const char *word)
{
	struct prefix prefix;

	return arg_prefix(word, &prefix);
}

static bool is_printable(const char *word, size_t longest)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < length; i++) {
		if (word[i] <= ' ' || word[i] > '~')
			return false;
	}
	return length > 0 && length <= longest;
}

/// Not what is only a mistyped address: digits and dots, or anything with a colon.
static bool accepts_name(const char *word)
{
	return is_printable(word, NAME_MAX_LENGTH) && word[strspn(word, "0123456789./")] != '\0' &&
	       !strchr(word, ':');
}

static bool accepts_unit(const char *word)
{
	return is_printable(word, NAME_MAX_LENGTH) && isdigit((unsigned char)word[0]) &&
	       word[strspn(word, "0123456789./")] == '\0';
}

static bool accepts_word(const char *word)
{
	return is_printable(word, NAME_MAX_LENGTH);
}

static bool accepts_password(const char *word)
{
	return is_printable(word, NHRP_AUTH_MAX_CLEARTEXT);
}

static bool accepts_key(const char *word)
{
	return is_printable(word, NHRP_AUTH_MAX_KEY);
}

static bool accepts_secret(const char *word)
{
	return is_printable(word, SECRET_MAX_LENGTH);
}

static bool accepts_long_word(const char *word)
{
	return is_printable(word, IDENTITY_MAX_LENGTH);
}

static bool accepts_path(const char *word)
{
	return word[0] == '/' && is_printable(word, IDENTITY_MAX_LENGTH);
}

/// A name for DNS: labels of letters, digits and hyphens; not what is only a mistyped address.
static bool accepts_fqdn(const char *word)
{
	size_t length = strlen(word);
	size_t label = 0;

	for (size_t i = 0; i < length; i++) {
		bool dot = word[i] == '.';
		if (!dot && !isalnum((unsigned char)word[i]) && word[i] != '-' && word[i] != '_')
			return false;
		label = dot ? 0 : label + 1;
		if (label > DNS_LABEL_MAX || (dot && (i == 0 || word[i - 1] == '.')))
			return false;
	}
	return length > 0 && length < NHS_NAME_SIZE && word[strspn(word, "0123456789.")] != '\0';
}

static bool accepts_line(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\t' && iscntrl((unsigned char)text[i]))
			return false;
	}
	return length > 0 && length <= DESCRIPTION_MAX_LENGTH;
}

static const struct arg_type {
	const char *name;
	const char *description;
	bool (*accepts)(const char *word);
	bool free_text;
	bool secret;
} types[] = {
	{ "ADDRESS", "an IPv4 address", accepts_address },
	{ "NBMA", "an IPv4 address of the underlay", accepts_address },
	{ "FQDN", "a DNS name such as hub.example.net", accepts_fqdn, .free_text = true },
	{ "NEXT-HOP", "the IPv4 address of a next hop", accepts_address },
	{ "NETWORK", "an IPv4 network", accepts_network },
	{ "MASK", "a mask such as 255.255.255.0", accepts_mask },
	{ "ADDRESS/LENGTH", "an address with its length such as 10.0.0.1/24", accepts_prefix },
	{ "NETWORK/LENGTH", "a prefix such as 10.0.0.0/8", accepts_prefix },
	{ "INTERFACE", "an interface", accepts_name, .free_text = true },
	{ "UNIT", "the number of an interface", accepts_unit },
	{ "DEVICE", "a Linux network device such as eth0", accepts_name, .free_text = true },
	{ "NAME", "a word of at most 63 characters", accepts_word, .free_text = true },
	{ "TEXT", "a text of at most 240 characters", accepts_line, .free_text = true },
	{ "PASSWORD", "a password of at most 8 characters", accepts_password, .free_text = true,
		.secret = true },
	{ "IDENTITY", "a word of at most 255 characters", accepts_long_word, .free_text = true },
	{ "PATH", "the path of a file, from / on", accepts_path, .free_text = true },
	{ "SECRET", "a key of at most 127 characters", accepts_secret, .free_text = true, .secret = true },
	{ "KEY", "a key of at most 64 characters", accepts_key, .free_text = true, .secret = true },
};

static const struct arg_type *type_of(const char *element)
{
	size_t length = strcspn(element, " []{}|");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strlen(types[i].name) == length && memcmp(types[i].name, element, length) == 0)
			return &types[i];
	}
	return NULL;
}

/// Reads "<2-30>".
static bool range_of(const char *element, uint32_t *ret_low, uint32_t *ret_high)
{
	return sscanf(element, "<%u-%u>", ret_low, ret_high) == 2;
}

bool arg_is(const char *element)
{
	return *element == '<' || isupper((unsigned char)*element);
}

bool arg_is_free_text(const char *element)
{
	const struct arg_type *type = type_of(element);

	return type && type->free_text;
}

bool arg_is_secret(const char *element)
{
	const struct arg_type *type = type_of(element);

	return type && type->secret;
}

bool arg_is_line(const char *element)
{
	const struct arg_type *type = type_of(element);

	return type && type->accepts == accepts_line;
}

bool arg_accepts(const char *element, const char *word)
{
	uint32_t low, high, value;

	if (range_of(element, &low, &high))
		return arg_number(word, &value) && value >= low && value <= high;
	const struct arg_type *type = type_of(element);
	return type && type->accepts(word);
}

const char *arg_describe(const char *element, char buffer[static ARG_DESCRIPTION_SIZE])
{
	const struct arg_type *type = type_of(element);
	uint32_t low, high;

	if (range_of(element, &low, &high))
		snprintf(buffer, ARG_DESCRIPTION_SIZE, "a number from %u to %u", low, high);
	else
		snprintf(buffer, ARG_DESCRIPTION_SIZE, "%s", type ? type->description : "a word");
	return buffer;
}
